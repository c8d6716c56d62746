import {nodeGroupsOf, type ProviderId, providerOf} from '../config/provider.ts';
import type {AwsConfig, AzureConfig, CloudConfig, GcpConfig, OpenstackConfig} from '../config/schema.ts';
import {AppError, exitCodes} from '../errors.ts';
import {awsPlanWords} from './aws/describe.ts';
import {awsCredentials, awsEnvironment} from './aws/environment.ts';
import {awsVariables} from './aws/variables.ts';
import {azurePlanWords} from './azure/describe.ts';
import {azureCredentials, azureEnvironment} from './azure/environment.ts';
import {azureVariables} from './azure/variables.ts';
import {gcpPlanWords} from './gcp/describe.ts';
import {gcpCredentials, gcpEnvironment} from './gcp/environment.ts';
import {gcpVariables} from './gcp/variables.ts';
import type {CloudInput, CloudVariables} from './module-input.ts';
import {openstackPlanWords} from './openstack/describe.ts';
import {openstackCredentials, openstackEnvironment} from './openstack/environment.ts';
import {openstackVariables} from './openstack/variables.ts';
import type {PlanWords, PreviewGroup} from './plan-words.ts';
import {stackitCredentials, stackitEnvironment} from './stackit/environment.ts';
import {stackitVariables} from './stackit/variables.ts';

/** What differs between clouds, for flows that are the same on all of them. */
export type Cloud = {
	id: Exclude<ProviderId, 'local' | 'qemu'>;
	title: string;
	/** As constellation-id.json names it. */
	recorded: 'AWS' | 'Azure' | 'GCP' | 'OpenStack';
	/** Variables of the environment that Terraform's provider may see. */
	environment: readonly string[];
	credentials: (env: NodeJS.ProcessEnv, home: string, isFile: (path: string) => boolean) => string | undefined;
	/** How one signs in. */
	signIn: string;
	words: PlanWords;
	/** Whether everything but the machines can be made before there is an image. */
	worksWithoutImage: boolean;
};

const openstack: Cloud = {
	id: 'openstack',
	title: 'OpenStack',
	recorded: 'OpenStack',
	environment: openstackEnvironment,
	credentials: openstackCredentials,
	signIn: 'Write an entry in ~/.config/openstack/clouds.yaml, or load the openrc file of the project.',
	words: openstackPlanWords,
	worksWithoutImage: true,
};

export const clouds: Readonly<Record<Cloud['id'], Cloud>> = {
	aws: {
		id: 'aws',
		title: 'AWS',
		recorded: 'AWS',
		environment: awsEnvironment,
		credentials: awsCredentials,
		signIn: 'Run `aws configure` or `aws sso login`, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
		words: awsPlanWords,
		worksWithoutImage: true,
	},
	azure: {
		id: 'azure',
		title: 'Azure',
		recorded: 'Azure',
		environment: azureEnvironment,
		credentials: azureCredentials,
		signIn: 'Run `az login`, or set ARM_CLIENT_ID, ARM_TENANT_ID and ARM_CLIENT_SECRET.',
		words: azurePlanWords,
		worksWithoutImage: true,
	},
	gcp: {
		id: 'gcp',
		title: 'Google Cloud',
		recorded: 'GCP',
		environment: gcpEnvironment,
		credentials: gcpCredentials,
		signIn: 'Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS.',
		words: gcpPlanWords,
		worksWithoutImage: true,
	},
	openstack,
	// Its load balancer is not made without a machine behind it.
	stackit: {
		...openstack,
		id: 'stackit',
		title: 'STACKIT',
		environment: stackitEnvironment,
		credentials: stackitCredentials,
		signIn:
			'STACKIT needs two things: an entry `stackit` in ~/.config/openstack/clouds.yaml for the machines, and a service account (role editor) for the load balancer, its key named in STACKIT_SERVICE_ACCOUNT_KEY_PATH.',
		worksWithoutImage: false,
	},
};

/** The cloud of a config. Throws AppError `other-provider` for QEMU, which has no module. */
export function cloudOf(config: CloudConfig): Cloud {
	const id = providerOf(config);
	if (id !== 'local' && id !== 'qemu') return clouds[id];
	throw new AppError(`This tool creates no clusters on ${id}.`, {
		code: 'other-provider',
		exitCode: exitCodes.preflight,
		next: ['Use the local provider for trying things out: constellation config generate local'],
		details: {provider: id},
	});
}

/** Variables of the Terraform module of a config's cloud. */
export function moduleVariables(config: CloudConfig, input: CloudInput): CloudVariables {
	const {provider} = config;
	if ('aws' in provider) return awsVariables(config as AwsConfig, input);
	if ('azure' in provider) return azureVariables(config as AzureConfig, input);
	if ('gcp' in provider) return gcpVariables(config as GcpConfig, input);
	const stack = config as OpenstackConfig;
	return cloudOf(config).id === 'stackit' ? stackitVariables(stack, input) : openstackVariables(stack, input);
}

/** The node groups of a config as a preview of the plan tells them. */
export const previewGroups = (config: CloudConfig): PreviewGroup[] =>
	Object.entries(nodeGroupsOf(config)).map(([name, {role, count, instanceType, zone = '', stateDiskSizeGB, stateDiskType}]) => ({
		name,
		role,
		count,
		instanceType,
		place: zone,
		disk: `${stateDiskSizeGB} GB ${stateDiskType}`,
	}));
