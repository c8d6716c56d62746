import type {Flow} from '../../events.ts';
import {type Kube, KubeError, type KubeObject} from '../../kubernetes/kube.ts';
import {baseManifests, createMissing} from '../../kubernetes/manifests.ts';

/**
 * Roles, accounts and definitions as this tool makes them, before the first node of the new image asks for them: a cluster keeps what it
 * was made with. Rules that are there stay, nodes of the old image go by them; what people added stays too.
 */
export async function* renewBaseObjects(kube: Kube, now: () => number): Flow<void> {
	const changed: string[] = [];
	for (const manifest of baseManifests()) {
		const {resource, object} = manifest;
		const {name} = object.metadata;
		const known = await kube.get(resource, name).catch(missing);
		const change = known === undefined ? object : changeOf(known, object);
		if (change === undefined) continue;
		if (known === undefined) await createMissing(kube, [manifest]);
		else await kube.patch(resource, name, change, 'merge');
		changed.push(`${object.kind} ${name}`);
	}
	const detail = changed.length === 0 ? 'as they should be' : `made or completed: ${changed.join(', ')}`;
	yield {type: 'check', id: 'base-objects', title: 'roles and definitions', state: 'ok', detail, at: now()};
}

/** What a definition or role lacks, as a merge patch; undefined where that is nothing. */
function changeOf(known: KubeObject, wanted: KubeObject): object | undefined {
	const lists = ['rules', 'subjects'].flatMap(name => {
		const lacks = listIn(wanted, name).filter(each => !listIn(known, name).some(other => holds(other, each)));
		return lacks.length === 0 ? [] : [[name, [...listIn(known, name), ...lacks]] as const];
	});
	if (lists.length > 0) return Object.fromEntries(lists);
	return 'spec' in wanted && !holds(known['spec'], wanted['spec']) ? {spec: wanted['spec']} : undefined;
}

const listIn = (object: KubeObject, name: string): unknown[] => {
	const value = object[name];
	return Array.isArray(value) ? value : [];
};

/** Whether a value has everything that another one has; a server adds defaults to what it was given. */
function holds(known: unknown, wanted: unknown): boolean {
	if (Array.isArray(wanted))
		return Array.isArray(known) && known.length === wanted.length && wanted.every((each, index) => holds(known[index], each));
	if (typeof wanted !== 'object' || wanted === null) return known === wanted;
	if (typeof known !== 'object' || known === null) return false;
	return Object.entries(wanted).every(([key, value]) => holds((known as Record<string, unknown>)[key], value));
}

const missing = (error: unknown): undefined => {
	if (error instanceof KubeError && error.code === 404) return undefined;
	throw error;
};
