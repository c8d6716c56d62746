import type {FlagSpec} from './types.ts';

/** Flags that every command has. */
export const globalFlags: readonly FlagSpec[] = [
	{
		name: 'workspace',
		short: 'C',
		value: 'DIR',
		description: 'Folder of the cluster (default: the current folder)',
		env: 'CONSTELLATION_WORKSPACE',
	},
	{name: 'json', description: 'Print JSON Lines on stdout; the last line is the result', env: 'CONSTELLATION_JSON'},
	{name: 'plain', description: 'Print plain lines, also on a terminal', env: 'CONSTELLATION_PLAIN'},
	{name: 'yes', short: 'y', description: 'Ask nothing; no check is skipped', env: 'CONSTELLATION_YES'},
];

export const sizeFlags: readonly FlagSpec[] = [
	{
		name: 'control-planes',
		short: 'c',
		value: 'N',
		number: true,
		description: 'Number of control planes (default: 1)',
		env: 'CONSTELLATION_CONTROL_PLANES',
	},
	{
		name: 'workers',
		short: 'w',
		value: 'N',
		number: true,
		description: 'Number of workers (default: 2)',
		env: 'CONSTELLATION_WORKERS',
	},
];

export const newClusterFlags: readonly FlagSpec[] = [
	{name: 'name', value: 'NAME', description: 'Name of the cluster (default: constell)', env: 'CONSTELLATION_NAME'},
	...sizeFlags,
	{
		name: 'kubernetes',
		short: 'k',
		value: 'VERSION',
		description: 'Kubernetes version (default: the newest)',
		env: 'CONSTELLATION_KUBERNETES',
	},
	{name: 'image', value: 'VERSION', description: 'Image of the nodes (default: that of the tool)', env: 'CONSTELLATION_IMAGE'},
];

export const endpointFlag: FlagSpec = {
	name: 'endpoint',
	value: 'HOST[:PORT]',
	description: 'Address of the cluster (default: the one of the workspace)',
	env: 'CONSTELLATION_ENDPOINT',
};

export const signerKeyFlag: FlagSpec = {
	name: 'key',
	value: 'FILE',
	description: 'Public key (PEM) that may sign measurements, in place of the built-in one',
	env: 'CONSTELLATION_SIGNER_KEY',
};

export const measurementsFromFlag: FlagSpec = {
	name: 'measurements-from',
	value: 'URL|FILE|bundle|image',
	description:
		'Signed measurements that must say the same as the image on this machine: of a mirror, a file or what was imported (bundle); image asks nobody else (default: trust.measurements of the config)',
	env: 'CONSTELLATION_MEASUREMENTS_FROM',
};

export const acceptConcernsFlag: FlagSpec = {
	name: 'accept-concerns',
	value: 'CODES',
	description: 'Accept what makes the policy weaker, by the codes that are printed with each concern, separated by commas',
	env: 'CONSTELLATION_ACCEPT_CONCERNS',
};
