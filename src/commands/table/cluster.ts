import {endpointFlag, measurementsFromFlag, newClusterFlags, signerKeyFlag, sizeFlags} from './flags.ts';
import type {CommandSpec, FlagSpec} from './types.ts';

const configFlag: FlagSpec = {
	name: 'config',
	value: 'FILE',
	description: 'Config to start from; it is copied into a workspace that has none',
	env: 'CONSTELLATION_CONFIG',
};

const masterSecretFlag: FlagSpec = {
	name: 'master-secret',
	value: 'FILE',
	description: 'File of the master secret (default: constellation-mastersecret.json)',
	env: 'CONSTELLATION_MASTER_SECRET',
};

/** A role means its default node group, or the only one there is. */
const scaleFlags: readonly FlagSpec[] = [
	...sizeFlags.map(flag => ({...flag, description: flag.description.replace(/ \(default: \d+\)$/, ' that there shall be')})),
	{
		name: 'group',
		value: 'NAME',
		description: 'Node group of the config to scale, with --nodes',
		env: 'CONSTELLATION_GROUP',
	},
	{name: 'nodes', value: 'N', number: true, description: 'Number of nodes of --group', env: 'CONSTELLATION_NODES'},
];

/** Commands for a cluster, from its creation to its end. */
export const clusterCommands: readonly CommandSpec[] = [
	{
		name: 'apply',
		summary: 'Create the cluster, or bring it to what the config says',
		details:
			'Does what is missing, in order: machines, initialisation, nodes, verification. After an interruption it continues. Without a config it writes one first.',
		flags: [configFlag, ...newClusterFlags, measurementsFromFlag, signerKeyFlag],
		examples: [
			'constellation apply -C demo --yes',
			'constellation apply -C demo --config demo.yaml --yes',
			'constellation apply --name demo --workers 1 --yes --json',
		],
	},
	{
		name: 'create',
		summary: 'Create the machines only (first phase of apply)',
		flags: [configFlag, ...newClusterFlags, measurementsFromFlag, signerKeyFlag],
		examples: ['constellation create --yes'],
	},
	{
		name: 'init',
		summary: 'Initialise the first node only (second phase of apply)',
		flags: [],
		examples: ['constellation init'],
	},
	{
		name: 'watch',
		summary: 'Show nodes live as they boot, attest and join',
		flags: [{name: 'until-ready', description: 'End when every wanted node is ready', env: 'CONSTELLATION_UNTIL_READY'}],
		examples: ['constellation watch', 'constellation watch --until-ready --json'],
	},
	{
		name: 'status',
		summary: 'Show what exists and how it is',
		flags: [],
		examples: ['constellation status --json'],
	},
	{
		name: 'kubeconfig merge',
		summary: 'Add the cluster to your own kubeconfig',
		details:
			'Unites the entries and makes the cluster’s context the current one. On equal names the cluster’s fields win; what would weaken its identity is dropped. Works for clusters of Constellation v2.9 too.',
		flags: [
			{
				name: 'to',
				value: 'FILE',
				description: 'Kubeconfig to add to (default: ~/.kube/config)',
				env: 'CONSTELLATION_KUBECONFIG_TO',
			},
		],
		examples: ['constellation kubeconfig merge', 'constellation kubeconfig merge -C demo --to demo.kubeconfig --yes'],
	},
	{
		name: 'start',
		summary: 'Start a stopped cluster: machines, verification, master secret',
		flags: [masterSecretFlag],
		examples: ['constellation start'],
	},
	{
		name: 'recover',
		summary: 'Send the master secret to nodes that wait for it, after verifying them',
		details:
			'In a workspace of Constellation v2.9 the nodes are verified by what its protocol has, which is less: key-bound only. Keys that nothing vouches for take a consent of their own.',
		flags: [
			masterSecretFlag,
			endpointFlag,
			{
				name: 'accept-unknown-keys',
				description:
					'v2.9 workspaces: send the master secret to nodes whose attestation key nothing vouches for (QEMU, AWS); --yes does not agree to it',
				env: 'CONSTELLATION_RECOVER_UNKNOWN_KEYS',
			},
		],
		examples: ['constellation recover', 'constellation recover -C old --accept-unknown-keys'],
	},
	{
		name: 'stop',
		summary: 'Stop all machines; disks and state are kept',
		flags: [],
		examples: ['constellation stop --yes'],
	},
	{
		name: 'scale',
		summary: 'Change the number of nodes',
		details:
			'Writes the numbers to the config. On this machine it returns when new nodes are ready and the objects of removed ones are gone; on a cloud when the sizes are set.',
		flags: scaleFlags,
		examples: ['constellation scale --workers 3 --yes', 'constellation scale --group batch --nodes 5'],
	},
	{
		name: 'terminate',
		summary: 'Remove the cluster; keeps the config and the master secret',
		flags: [],
		examples: ['constellation terminate -C demo', 'constellation terminate -C demo --yes'],
	},
];
