import type {ArgumentSpec, CommandSpec, FlagSpec} from './types.ts';

const iamArgument: ArgumentSpec = {
	name: 'PROVIDER',
	description: 'Cloud of the identities',
	required: true,
	choices: ['aws', 'azure', 'gcp'],
};

const updateConfigFlag: FlagSpec = {
	name: 'update-config',
	description: 'Write the values to the config although it has others',
	env: 'CONSTELLATION_UPDATE_CONFIG',
};

/** Commands for the identities that nodes have in a cloud. */
export const identityCommands: readonly CommandSpec[] = [
	{
		name: 'iam create',
		summary: 'Make the identities that the nodes of a cluster have in a cloud',
		details:
			'Shows the plan, asks, makes them with Terraform in constellation-iam-terraform and writes what the config needs into it, or prints it. After an interruption the same command goes on. Identities that exist already can be named in the config instead.',
		argument: iamArgument,
		flags: [
			{name: 'prefix', value: 'NAME', description: 'Start of the name of every identity', env: 'CONSTELLATION_IAM_PREFIX'},
			{
				name: 'region',
				value: 'REGION',
				description: 'Region, on Azure the location (default: the one of the config)',
				env: 'CONSTELLATION_REGION',
			},
			{
				name: 'project',
				value: 'ID',
				description: 'Google Cloud: project (default: the one of the config)',
				env: 'CONSTELLATION_PROJECT',
			},
			{
				name: 'subscription',
				value: 'ID',
				description: 'Azure: subscription (default: the one of the config)',
				env: 'CONSTELLATION_SUBSCRIPTION',
			},
			updateConfigFlag,
		],
		examples: [
			'constellation iam create aws --prefix demo --region eu-west-1',
			'constellation iam create gcp --prefix demo --project my-project --region europe-west3 --yes',
		],
	},
	{
		name: 'iam upgrade',
		summary: 'Bring identities that this folder has to what this release makes',
		argument: iamArgument,
		flags: [updateConfigFlag],
		examples: ['constellation iam upgrade aws'],
	},
	{
		name: 'iam destroy',
		summary: 'Remove the identities that this folder has; asks for their prefix',
		details: 'Refused while there is a cluster in the folder. On Azure a resource group that holds anything else is not removed.',
		argument: iamArgument,
		flags: [],
		examples: ['constellation iam destroy aws'],
	},
];
