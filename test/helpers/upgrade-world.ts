import type {Observed, ObservedNode} from '../../src/upgrade/observed.ts';
import {type AcceptedPolicy, policyVersion} from '../../src/upgrade/policy-set.ts';

/** A policy whose signed file names only a version. */
export const somePolicy = (version: string): AcceptedPolicy => ({
	measurements: Buffer.from(JSON.stringify({version})).toString('base64'),
	signature: 'c2ln',
	attestationConfig: {},
});

export const componentsOf = (kubernetes: string): string => `k8s-components-${kubernetes}`;

export const nodeOf = (name: string, image = 'v0.1.0', kubernetes = 'v1.31.13'): ObservedNode => ({
	name,
	role: name.startsWith('control-plane') ? 'control-plane' : 'worker',
	ready: true,
	image,
	kubernetes,
	components: componentsOf(kubernetes),
	stopped: false,
});

/** A healthy cluster of one image and one Kubernetes version. */
export function observedCluster(controlPlanes: number, workers: number, change: Partial<Observed> = {}): Observed {
	const names = (role: string, count: number) => Array.from({length: count}, (_, index) => `${role}-${index}`);
	const nodes = [...names('control-plane', controlPlanes), ...names('worker', workers)].map(name => nodeOf(name));
	return {
		nodes,
		groups: [
			{name: 'control_plane_default', role: 'control-plane', image: 'v0.1.0', size: controlPlanes},
			{name: 'worker_default', role: 'worker', image: 'v0.1.0', size: workers},
		],
		inFlight: [],
		wanted: {image: 'v0.1.0', version: 'v1.31.13', components: componentsOf('v1.31.13')},
		busy: false,
		policies: {generation: 1, policies: [somePolicy('v0.1.0')]},
		recoverable: change.policies?.policies.map(policy => policyVersion(policy)) ?? ['v0.1.0'],
		componentSets: [componentsOf('v1.31.13')],
		apiServers: names('control-plane', controlPlanes).map(node => ({node, version: 'v1.31.13'})),
		autoscaling: false,
		pods: [],
		budgets: [],
		durations: [],
		...change,
	};
}

/** A generator of numbers from 0 (inclusive) to 1 (exclusive) that repeats for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}
