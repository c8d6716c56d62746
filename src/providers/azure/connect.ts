import type {TokenCredential} from '@azure/identity';
import type {Check} from '../check.ts';
import type {NodeGroups} from '../node-groups.ts';
import {restClient} from '../rest.ts';
import {type CloudWorld, cloudPatience} from '../world.ts';
import {armApi} from './arm.ts';
import {type AzureWanted, azureChecks} from './checks.ts';
import {azureNodeGroups} from './node-groups.ts';
import {azureOutside} from './outside.ts';
import {azureCredential, azureHeaders, azureWords} from './sign-in.ts';

export type AzureConnection = {
	nodeGroups: (cluster: {uid: string; subscription: string; resourceGroup: string}) => NodeGroups;
	checks: (wanted: AzureWanted) => Check[];
	outside: (place: {subscription: string; resourceGroup: string; cluster: string}) => Promise<string[]>;
};

/** Azure Resource Manager, with the identity that Terraform uses from the same environment. */
export const connectAzure = async (
	tenant: string | undefined,
	world: CloudWorld,
	options: {base?: string; credential?: Pick<TokenCredential, 'getToken'>} = {},
): Promise<AzureConnection> => {
	const {base = 'https://management.azure.com', credential = await azureCredential(world.env, tenant)} = options;
	const patience = cloudPatience(world);
	const rest = restClient({
		...azureWords,
		base,
		headers: azureHeaders(credential, world.now),
		fetch: world.fetch,
		wait: world.wait,
	});
	const arm = armApi(rest, patience);
	return {
		nodeGroups: cluster => azureNodeGroups(arm, cluster, patience),
		checks: wanted => azureChecks(arm, wanted),
		outside: place => azureOutside(arm, place),
	};
};
