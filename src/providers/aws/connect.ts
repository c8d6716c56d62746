import {Agent} from 'node:https';
import {AutoScalingClient, type AutoScalingClientConfig} from '@aws-sdk/client-auto-scaling';
import {EC2Client} from '@aws-sdk/client-ec2';
import {STSClient} from '@aws-sdk/client-sts';
import {defaultProvider} from '@aws-sdk/credential-provider-node';
import {proxyOf} from '../../proxy.ts';
import type {Check} from '../check.ts';
import type {NodeGroups} from '../node-groups.ts';
import {type CloudWorld, cloudPatience} from '../world.ts';
import {type AwsWanted, awsChecks} from './checks.ts';
import {machineImage} from './machine-image.ts';
import {awsNodeGroups} from './node-groups.ts';
import {awsOutside} from './outside.ts';

export type AwsConnection = {
	nodeGroups: (uid: string) => NodeGroups;
	checks: (wanted: AwsWanted) => Check[];
	outside: (cluster: {uid: string; name: string}) => Promise<string[]>;
	/** Which TPM a machine image was registered with; empty: none. */
	machineImage: (image: string, signal: AbortSignal) => Promise<{tpmSupport: string}>;
};

/**
 * AWS in one region, with the credentials that its own tools find (variables, profiles, single sign-on, roles). Import this file only
 * where AWS is asked: the SDK is large. Calls that are throttled or get no answer are made up to five times, or as
 * often as AWS_MAX_ATTEMPTS says, the variable of AWS's own tools.
 */
export const connectAws = (
	region: string,
	world: CloudWorld,
	options: {endpoint?: string} & Pick<AutoScalingClientConfig, 'credentials'> = {},
): AwsConnection => {
	// The SDK knows no proxy of the environment, for the calls by which it signs in neither.
	const requestHandler = {httpsAgent: new Agent({keepAlive: true, maxSockets: 50, proxyEnv: proxyOf(world.env)})};
	const credentialDefaultProvider = (init: object) => defaultProvider({...init, clientConfig: {requestHandler}});
	const maxAttempts = Number(world.env['AWS_MAX_ATTEMPTS'] ?? 5) || 5;
	const settings = {region, maxAttempts, requestHandler, credentialDefaultProvider, ...options};
	const [autoScaling, ec2, sts] = [new AutoScalingClient(settings), new EC2Client(settings), new STSClient(settings)];
	// As the SDK itself reads it, for clouds that speak the API of AWS.
	const quotas = options.endpoint ?? world.env['AWS_ENDPOINT_URL'];
	return {
		nodeGroups: uid => awsNodeGroups({autoScaling, ec2}, uid, cloudPatience(world)),
		checks: wanted => awsChecks({ec2, sts, quotas, fetch: world.fetch}, wanted),
		outside: cluster => awsOutside(ec2, cluster),
		machineImage: (image, signal) => machineImage(ec2, image, signal),
	};
};
