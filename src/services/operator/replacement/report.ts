import {isDeepStrictEqual} from 'node:util';
import type {Kube} from '../../../kubernetes/kube.ts';
import {resources} from '../../../kubernetes/resources.ts';
import {upgradeAnnotations} from '../../../kubernetes/upgrade-annotations.ts';
import {missing} from '../../missing.ts';
import type {Observed} from './observe.ts';
import {nodeVersionStatus, scalingGroupStatus} from './status.ts';

const longest = 16;

/**
 * Writes how far the nodes are, and what is waited for; nothing where nothing changed, because every write would lead to another look.
 */
export const report = async (kube: Kube, {seen, version}: Observed, waiting: readonly string[]): Promise<void> => {
	const {name} = version.metadata;
	const status = nodeVersionStatus(seen, version.status);
	if (!isDeepStrictEqual(sorted(status), sorted(version.status))) {
		await kube.patch(resources.nodeVersions, name, {status}, 'merge', 'status');
	}
	const told = waiting.length === 0 ? undefined : JSON.stringify([...new Set(waiting)].slice(0, longest));
	if (version.metadata.annotations?.[upgradeAnnotations.waiting] !== told) {
		const metadata = {annotations: {[upgradeAnnotations.waiting]: told ?? null}};
		await kube.patch(resources.nodeVersions, name, {metadata}, 'merge');
	}
	for (const {name: object, groupId, imageReference, outdated} of seen.scalingGroups) {
		const group = seen.groups.find(each => each.name === groupId);
		if (group === undefined) continue;
		if (imageReference === group.image && outdated === (group.image !== seen.wanted.image)) continue;
		const found = await kube.get(resources.scalingGroups, object).catch(missing);
		if (found === undefined) continue;
		const next = scalingGroupStatus(group.image, seen.wanted.image, found.status, seen.now);
		await kube.patch(resources.scalingGroups, object, {status: next}, 'merge', 'status');
	}
};

/** The same whatever order the members came in. */
const sorted = (value: unknown): unknown => {
	if (Array.isArray(value)) return value.map(sorted);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.sort(([one], [other]) => (one < other ? -1 : 1))
			.map(([key, each]) => [key, sorted(each)]),
	);
};
