import {type AccountField, accountFields, identityFields, variableOf} from '../../config/account-keys.ts';
import {acceptConcernsFlag, newClusterFlags, signerKeyFlag} from './flags.ts';
import type {ArgumentSpec, CommandSpec, FlagSpec} from './types.ts';

const cloudFlags: readonly FlagSpec[] = [
	{
		name: 'attestation',
		value: 'VARIANT',
		description: 'Clouds: attestation variant, like aws-sev-snp (default: the one that protects most)',
		env: 'CONSTELLATION_ATTESTATION',
	},
	{name: 'region', value: 'REGION', description: 'Clouds: region or location', env: 'CONSTELLATION_REGION'},
	{name: 'zone', value: 'ZONE', description: 'Clouds: zone', env: 'CONSTELLATION_ZONE'},
	{
		name: 'instance-type',
		value: 'TYPE',
		description: 'Clouds: machine type, size or flavor (default: one with 4 processors)',
		env: 'CONSTELLATION_INSTANCE_TYPE',
	},
	{
		name: 'source-ranges',
		value: 'RANGE,…',
		description: 'Clouds: who may reach the cluster, IPv4 ranges (default: nobody until you say so)',
		env: 'CONSTELLATION_SOURCE_RANGES',
	},
];

const clouds = ['aws', 'azure', 'gcp', 'openstack', 'stackit'] as const;
const titles = {aws: 'AWS', azure: 'Azure', gcp: 'Google Cloud', openstack: 'OpenStack', stackit: 'STACKIT'} as const;

/** Keys of the account and of identities, each a flag; clouds that share a key share the flag. */
const accountFlags: readonly FlagSpec[] = [
	...new Set(clouds.flatMap(cloud => [...accountFields[cloud], ...identityFields[cloud]])),
].map(
	(field: AccountField): FlagSpec => ({
		name: field.flag,
		value: field.key === 'authURL' ? 'URL' : 'TEXT',
		description: `${ownersOf(field)}: ${field.label.toLowerCase()} (${field.hint})`,
		env: variableOf(field.flag),
	}),
);

function ownersOf(field: AccountField): string {
	const owners = clouds.filter(cloud => [...accountFields[cloud], ...identityFields[cloud]].includes(field));
	return owners.map(cloud => titles[cloud]).join(', ');
}

const offersArgument: ArgumentSpec = {
	name: 'PROVIDER',
	description: 'Cloud to list (default: all)',
	required: false,
	choices: ['aws', 'azure', 'gcp', 'openstack', 'stackit'],
};

/** Commands that write, check and list what a config can hold. */
export const configCommands: readonly CommandSpec[] = [
	{
		name: 'config generate',
		summary: 'Write a config file with a comment for every key',
		details:
			'For a cloud, what only you know is left empty and named; `config validate` names it again. STACKIT is written as openstack with `cloud: stackit`.',
		argument: {
			name: 'PROVIDER',
			description: 'Where the nodes run',
			required: true,
			choices: ['local', 'aws', 'azure', 'gcp', 'openstack', 'stackit'],
		},
		flags: [...newClusterFlags, ...cloudFlags, ...accountFlags],
		examples: [
			'constellation config generate local --name demo --workers 2',
			'constellation config generate aws --name demo --region eu-west-1 --zone eu-west-1a --source-ranges 198.51.100.7/32',
		],
	},
	{
		name: 'config validate',
		summary: 'Check the config file; names every problem at once',
		flags: [],
		examples: ['constellation config validate -C demo'],
	},
	{
		name: 'config migrate',
		summary: 'Rewrite a v2 config as v3; keeps comments and the old file',
		details:
			'What moved, what v3 does not know and what is still to be done is named. The old text stays beside it as .backup.v2.',
		flags: [],
		examples: ['constellation config migrate -C old'],
	},
	{
		name: 'config schema',
		summary: 'Print the JSON Schema of the config, for editors',
		flags: [],
		examples: ['constellation config schema > constellation.schema.json'],
	},
	{
		name: 'config instance-types',
		summary: 'List machine types by cloud and attestation variant, with source and date',
		argument: offersArgument,
		flags: [],
		examples: ['constellation config instance-types aws'],
	},
	{
		name: 'config regions',
		summary: 'List regions and zones by cloud, and what they offer, with source and date',
		argument: offersArgument,
		flags: [],
		examples: ['constellation config regions gcp --json'],
	},
	{
		name: 'config kubernetes-versions',
		summary: 'List the Kubernetes versions that this tool installs',
		flags: [],
		examples: ['constellation config kubernetes-versions'],
	},
	{
		name: 'config fetch-measurements',
		summary: 'Pin the signed measurements of the image in the config',
		details:
			'Takes them from a mirror, a file, an imported bundle or the image on this machine, checks signature, version, provider and variant and the transparency log, and shows every register that changes. A change of what the config pins takes a consent of its own. Works for configs of Constellation v2.9 too.',
		flags: [
			{
				name: 'from',
				value: 'URL|FILE|bundle',
				description:
					'Where to look (default: trust.measurements of the config, else the image on this machine or the original server)',
				env: 'CONSTELLATION_MEASUREMENTS_FROM',
			},
			{
				name: 'version',
				value: 'VERSION',
				description: 'Image to fetch for; the config gets it too (default: the one of the config)',
				env: 'CONSTELLATION_MEASUREMENTS_VERSION',
			},
			{
				name: 'transparency',
				value: 'require|warn',
				description: 'Whether the public log has to have them (default: require for the built-in key, warn for your own)',
				env: 'CONSTELLATION_TRANSPARENCY',
			},
			signerKeyFlag,
			{
				name: 'accept-measurements',
				value: 'DIGEST',
				description: 'Agree in advance to exactly the file with this digest (sha256:…); --yes does not',
				env: 'CONSTELLATION_ACCEPT_MEASUREMENTS',
			},
			acceptConcernsFlag,
		],
		examples: [
			'constellation config fetch-measurements',
			'constellation config fetch-measurements --from https://mirror.example.org --key cosign.pub',
			'constellation config fetch-measurements --from measurements.json --transparency warn',
		],
	},
];
