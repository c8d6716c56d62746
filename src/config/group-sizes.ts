import {AppError, exitCodes} from '../errors.ts';
import type {NodeRole} from '../events.ts';
import {configHas, editConfig, parseConfig} from './load.ts';
import {nodeGroupsOf} from './provider.ts';
import {type Config, isLocal} from './schema.ts';

/** What a person says of sizes: by role, or for a group of the config by its name. */
export type SizeWishes = {controlPlanes?: number; workers?: number; group?: {name: string; nodes: number}};

/** How many nodes groups are to have, by their names. */
export type Sizes = Readonly<Record<string, number>>;

/** Node groups of a config, each with its role and its count. */
export const groupsIn = (config: Config): Readonly<Record<string, {role: NodeRole; count: number}>> =>
	isLocal(config) ? config.nodeGroups : nodeGroupsOf(config);

/** The question before sizes are changed: which groups, from how many to how many, and what is lost where one becomes smaller. */
export function sizeQuestion(before: Config, after: Config): string {
	const old = groupsIn(before);
	const changes = Object.entries(groupsIn(after)).flatMap(([name, {count: to}]) => {
		const from = old[name]?.count ?? 0;
		return from === to ? [] : [{words: `${name} from ${from} to ${to}`, shrinks: to < from}];
	});
	if (changes.length === 0) return 'The config asks for these sizes already, the cluster has others. Change the machines?';
	const loss = changes.some(({shrinks}) => shrinks) ? ' Workloads of removed nodes end.' : '';
	return `Scale ${changes.map(({words}) => words).join(' and ')}?${loss}`;
}

/**
 * Which groups the wishes mean. A role means its default group, or the only group of that role. Throws AppError `usage` where there is no
 * such group, several could be meant, or a group is named twice.
 */
export function sizesFor(config: Config, {controlPlanes, workers, group}: SizeWishes): Sizes {
	const groups = groupsIn(config);
	const wanted = [
		...(controlPlanes === undefined ? [] : [[groupOf('control-plane', groups), controlPlanes] as const]),
		...(workers === undefined ? [] : [[groupOf('worker', groups), workers] as const]),
		...(group === undefined ? [] : [[named(group.name, groups), group.nodes] as const]),
	];
	const names = wanted.map(([name]) => name);
	const twice = names.find((name, index) => names.indexOf(name) !== index);
	if (twice !== undefined) throw usage(`The node group ${twice} is given two sizes.`, 'Name it once.');
	return Object.fromEntries(wanted);
}

type Groups = ReturnType<typeof groupsIn>;

const defaults: Readonly<Record<NodeRole, string>> = {'control-plane': 'control_plane_default', worker: 'worker_default'};

function groupOf(role: NodeRole, groups: Groups): string {
	if (groups[defaults[role]]?.role === role) return defaults[role];
	const [only, another] = Object.keys(groups).filter(name => groups[name]?.role === role);
	if (only !== undefined && another === undefined) return only;
	const why = only === undefined ? 'has no group of' : 'has several groups of';
	throw usage(`The config ${why} ${role === 'worker' ? 'workers' : 'control planes'}.`, namesOf(groups));
}

function named(name: string, groups: Groups): string {
	if (Object.hasOwn(groups, name)) return name;
	throw usage(`The config has no node group ${name}.`, namesOf(groups));
}

const namesOf = (groups: Groups): string =>
	`Name one with --group: ${Object.entries(groups)
		.map(([name, {role, count}]) => `${name} (${role}, ${count})`)
		.join(', ')}.`;

const usage = (message: string, next: string): AppError =>
	new AppError(message, {code: 'usage', exitCode: exitCodes.usage, next: [next]});

/** The text of a config with these sizes, checked; what has them already stays as it is. Throws AppError `invalid-config`. */
export function withSizes(text: string, sizes: Sizes): string {
	const config = parseConfig(text);
	const groups = groupsIn(config);
	const others = Object.entries(sizes).filter(([name, count]) => groups[name]?.count !== count);
	if (others.length === 0) return text;
	// A config that leaves the groups out has the default ones; from now on it has to say them.
	if (!configHas(text, ['nodeGroups'])) {
		const all = Object.entries(groups).map(([name, {role, count}]) => [name, {role, count: sizes[name] ?? count}]);
		return editConfig(text, [{path: ['nodeGroups'], value: Object.fromEntries(all)}]);
	}
	return editConfig(
		text,
		others.flatMap(([name, value]) => countKeys(text, name).map(key => ({path: ['nodeGroups', name, key], value}))),
	);
}

/** Keys that say the count of a group: later releases of the original call it `initialCount`, and a config may say it twice. */
function countKeys(text: string, group: string): string[] {
	const said = ['count', 'initialCount'].filter(key => configHas(text, ['nodeGroups', group, key]));
	return said.length === 0 ? ['count'] : said;
}
