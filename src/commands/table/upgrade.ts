import {acceptConcernsFlag, measurementsFromFlag, signerKeyFlag} from './flags.ts';
import type {CommandSpec} from './types.ts';

/** Commands that move a running cluster to another image. */
export const upgradeCommands: readonly CommandSpec[] = [
	{
		name: 'upgrade check',
		summary: 'Show what the cluster can be upgraded to, and what that would do',
		details:
			'Names every possible version, and for each impossible one the rule. Shows the measurements, the plan and who would be interrupted, and checks that no node would be left without a way back. Writes nothing.',
		flags: [
			{
				name: 'image',
				value: 'VERSION',
				description: 'Image to look at (default: the newest possible)',
				env: 'CONSTELLATION_IMAGE',
			},
			{
				name: 'kubernetes',
				short: 'k',
				value: 'VERSION',
				description: 'Kubernetes version to look at (default: the one that runs)',
				env: 'CONSTELLATION_KUBERNETES',
			},
			measurementsFromFlag,
			signerKeyFlag,
		],
		examples: [
			'constellation upgrade check',
			'constellation upgrade check --image v0.2.0 --json',
			'constellation upgrade check --measurements-from https://mirror.example.org --key cosign.pub',
		],
	},
	{
		name: 'upgrade apply',
		summary: 'Move the running cluster to another image, node by node; goes on with an upgrade that is under way',
		details:
			'Every node is replaced by one that proved the new image before the old one goes. The work lies in the cluster: Ctrl-C leaves the view, running the command again attaches.',
		flags: [
			{
				name: 'image',
				value: 'VERSION',
				description: 'Image to move to (default: the newest possible)',
				env: 'CONSTELLATION_IMAGE',
			},
			{
				name: 'kubernetes',
				short: 'k',
				value: 'VERSION',
				description: 'Kubernetes version to move to (default: the one that runs)',
				env: 'CONSTELLATION_KUBERNETES',
			},
			measurementsFromFlag,
			signerKeyFlag,
			{
				name: 'accept-measurements',
				value: 'DIGEST',
				description: 'Trust exactly these measurements, as upgrade check --json prints them; --yes does not cover them',
				env: 'CONSTELLATION_ACCEPT_MEASUREMENTS',
			},
			acceptConcernsFlag,
		],
		examples: [
			'constellation upgrade apply',
			'constellation upgrade apply --image v0.2.0 --accept-measurements sha256:DIGEST --yes --json',
		],
	},
	{
		name: 'upgrade pause',
		summary: 'Finish the replacement that was begun, and begin no other',
		flags: [],
		examples: ['constellation upgrade pause'],
	},
	{
		name: 'upgrade continue',
		summary: 'Go on with an upgrade that is paused, mixed or stopped by a failure',
		flags: [],
		examples: ['constellation upgrade continue'],
	},
	{
		name: 'upgrade abort',
		summary: 'End an upgrade: back to the old image, or mixed',
		details:
			'Before the first new node it returns to the old image without a trace. Later it leaves the cluster mixed, or rolls back by replacing the new nodes; a newer minor version of Kubernetes does not go back.',
		flags: [
			{name: 'stay-mixed', description: 'Leave nodes of both images; both are accepted', env: 'CONSTELLATION_STAY_MIXED'},
			{name: 'roll-back', description: 'Replace the new nodes with old ones', env: 'CONSTELLATION_ROLL_BACK'},
		],
		examples: ['constellation upgrade abort', 'constellation upgrade abort --roll-back --yes'],
	},
];
