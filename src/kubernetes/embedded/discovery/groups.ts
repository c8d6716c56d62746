import type {ApiResource} from '../types.ts';

/** The groups of some resources in order of appearance; '' is core. */
export const groupsOf = (resources: readonly ApiResource[]): string[] => [...new Set(resources.map(({group}) => group))];

/** The versions of a group, the preferred one first: stable before beta before alpha, then higher numbers first. */
export function versionsOf(resources: readonly ApiResource[], group: string): string[] {
	const versions = new Set(resources.filter(resource => resource.group === group).map(({version}) => version));
	return [...versions].sort((one, other) => compare(rank(other), rank(one)) || (one < other ? -1 : 1));
}

const stages = ['alpha', 'beta', undefined];

/** Stage, major and minor number of `v1`, `v1beta2` or `v2alpha1`; anything else ranks last. */
function rank(version: string): number[] {
	const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
	return major === undefined ? [-1] : [stages.indexOf(stage), Number(major), Number(minor ?? 0)];
}

function compare(one: number[], other: number[]): number {
	const index = one.findIndex((value, at) => value !== other[at]);
	return index === -1 ? 0 : (one[index] ?? 0) - (other[index] ?? 0);
}
