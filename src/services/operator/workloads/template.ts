import {createHash} from 'node:crypto';
import type {KubeObject} from '../../../kubernetes/kube.ts';
import {ownedBy} from './pods.ts';
import type {Template} from './types.ts';

const letters = 'bcdfghjklmnpqrstvwxz2456789';
const hashLength = 10;

/** A short name of a template: the same for equal templates, whatever the order of their fields. */
export const hashOf = (template: Template): string => {
	const digest = createHash('sha256').update(canonical(template)).digest();
	return [...digest.subarray(0, hashLength)].map(byte => letters[byte % letters.length]).join('');
};

/** JSON with sorted keys, without what is null. */
export const canonical = (value: unknown): string => {
	if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
	if (typeof value !== 'object' || value === null) return JSON.stringify(value);
	const entries = Object.entries(value)
		.filter(([, entry]) => entry !== undefined && entry !== null)
		.sort(([one], [other]) => (one < other ? -1 : 1));
	return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(',')}}`;
};

/** A pod of a controller, made from its template. */
export const podOf = (owner: KubeObject, {metadata = {}, spec}: Template): KubeObject => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {
		name: '',
		generateName: `${owner.metadata.name}-`,
		namespace: owner.metadata.namespace ?? 'default',
		labels: {...metadata.labels},
		...(metadata.annotations && {annotations: metadata.annotations}),
		ownerReferences: [ownedBy(owner)],
	},
	spec,
});
