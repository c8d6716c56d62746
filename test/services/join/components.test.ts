import test from 'ava';
import type {Kube, KubeObject} from '../../../src/kubernetes/kube.ts';
import {wantedVersion} from '../../../src/services/join/components.ts';
import {unused, unusedKube} from '../../helpers/unused.ts';

const set = (version: string) => `k8s-components-${version}`;

/** A cluster that should run v1.32.9, with control planes of these versions; an undefined set is not annotated yet. */
const cluster = (...controlPlanes: [version: string, components?: string][]): Kube => ({
	...unusedKube,
	get: async (resource, name): Promise<KubeObject> =>
		resource.plural === 'nodeversions'
			? {
					apiVersion: 'x',
					kind: 'NodeVersion',
					metadata: {name},
					spec: {kubernetesComponentsReference: set('v1.32.9'), kubernetesClusterVersion: 'v1.32.9'},
				}
			: {
					apiVersion: 'v1',
					kind: 'ConfigMap',
					metadata: {name},
					data: {components: JSON.stringify([{URL: `https://x/${name}`, Hash: 'h', InstallPath: 'p'}])},
				},
	list: async (_resource, options) => {
		if (options?.labelSelector !== 'node-role.kubernetes.io/control-plane') return unused();
		const items = controlPlanes.map(([version, components], index): KubeObject => {
			const annotations = components === undefined ? {} : {'constellation.edgeless.systems/kubernetes-components': components};
			return {
				apiVersion: 'v1',
				kind: 'Node',
				metadata: {name: `control-plane-${index}`, annotations},
				status: {nodeInfo: {kubeletVersion: version}},
			};
		});
		return {items, resourceVersion: '1'};
	},
});

test('a worker gets no newer kubelet than the oldest control plane; a control plane gets what is wanted', async t => {
	const [old, next] = [
		['v1.31.13', set('v1.31.13')],
		['v1.32.9', set('v1.32.9')],
	] as [[string, string], [string, string]];
	const mixed = cluster(next, old, ['v1.32.9']);
	t.like(await wantedVersion(mixed, 'control-plane'), {kubernetesVersion: 'v1.32.9', reference: set('v1.32.9')});
	t.deepEqual(await wantedVersion(mixed, 'worker'), {
		kubernetesVersion: 'v1.31.13',
		reference: set('v1.31.13'),
		components: [{url: `https://x/${set('v1.31.13')}`, hash: 'h', installPath: 'p', extract: false}],
	});
	t.is((await wantedVersion(cluster(next, next), 'worker')).kubernetesVersion, 'v1.32.9');
});
