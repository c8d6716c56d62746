import {clusterCommands} from './table/cluster.ts';
import {configCommands} from './table/config.ts';
import {identityCommands} from './table/identities.ts';
import {toolCommands} from './table/tool.ts';
import {trustCommands} from './table/trust.ts';
import type {CommandSpec} from './table/types.ts';
import {upgradeCommands} from './table/upgrade.ts';

export {globalFlags} from './table/flags.ts';
export type {CommandSpec, FlagSpec} from './table/types.ts';

/** Every command, in the order of the help. Commander, the completions and docs/commands.md are made from it. */
export const commandTable: readonly CommandSpec[] = [
	...configCommands,
	...identityCommands,
	...clusterCommands,
	...upgradeCommands,
	...trustCommands,
	...toolCommands,
];

/** What the command line of a group is about. */
export const groupSummaries: Readonly<Record<string, string>> = {
	config: 'Write and check the config file',
	iam: 'Make and remove the identities that nodes have in a cloud',
	kubeconfig: 'Use the cluster with kubectl',
	image: 'Make, list and check node images',
	releases: 'Publish measurements for others, and check what others publish',
	trust: 'Carry what verification needs to machines without a network',
	upgrade: 'Move the cluster to a new image and Kubernetes version',
	receipt: 'Check, show and list receipts of what was checked',
};
