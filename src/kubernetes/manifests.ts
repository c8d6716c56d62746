import type {Secret} from '../secret.ts';
import {updateDefinitions} from './crds.ts';
import type {Kube, KubeObject, Resource} from './kube.ts';
import {KubeError} from './kube.ts';
import {apiVersionOf, inNamespace, resources, updateGroup, updateVersion} from './resources.ts';
import {clusterRoles, serviceAccountNames} from './roles.ts';

/** An object and where it belongs. */
export type Manifest = {resource: Resource; object: KubeObject};

/** One policy that joining nodes may satisfy: signed measurements (both base64) and the attestation config that goes with them. */
export type AcceptedPolicy = {measurements: string; signature: string; attestationConfig: unknown};
export type AcceptedPolicies = {generation: number; policies: readonly AcceptedPolicy[]};

/** What the objects of a new cluster are made from. */
export type ClusterFacts = {
	/** Reference of the node image at the provider, and its version such as `v2.9.1`. */
	image: string;
	imageVersion: string;
	/** Such as `v1.32.9`. */
	kubernetesVersion: string;
	/** Name of the ConfigMap and its components as the init request lists them. */
	components: {reference: string; list: readonly unknown[]};
	attestationConfig: unknown;
	acceptedPolicies: AcceptedPolicies;
	measurementSalt: Uint8Array;
	masterSecret: {key: Secret; salt: Secret};
};

const system = 'kube-system';
const systemNamespaces = ['default', system, 'kube-public', 'kube-node-lease'];
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

function inSystem(resource: Resource, kind: string, name: string, rest: object = {}, namespace = system): Manifest {
	const object = {apiVersion: apiVersionOf(resource), kind, metadata: {name, namespace}, ...rest};
	return {resource: inNamespace(resource, namespace), object};
}

/** Namespaces, roles, ServiceAccounts and CustomResourceDefinitions: the same in every cluster. */
export function baseManifests(): Manifest[] {
	return [
		...systemNamespaces.map(name => ({
			resource: resources.namespaces,
			object: {apiVersion: 'v1', kind: 'Namespace', metadata: {name}},
		})),
		...clusterRoles.map(object => ({
			resource: object.kind === 'ClusterRole' ? resources.clusterRoles : resources.clusterRoleBindings,
			object,
		})),
		...serviceAccountNames.map(name => inSystem(resources.serviceAccounts, 'ServiceAccount', name)),
		inSystem(resources.serviceAccounts, 'ServiceAccount', 'default', {}, 'default'),
		...updateDefinitions.map(object => ({resource: resources.customResourceDefinitions, object})),
	];
}

/** What new nodes are judged by. `attestationConfig` and `measurementSalt` have the v2.9 shape; `acceptedPolicies` is signed policy history. */
export function joinConfig(facts: Pick<ClusterFacts, 'attestationConfig' | 'acceptedPolicies' | 'measurementSalt'>): Manifest {
	return inSystem(resources.configMaps, 'ConfigMap', 'join-config', {
		data: {
			attestationConfig: JSON.stringify(facts.attestationConfig),
			acceptedPolicies: JSON.stringify(facts.acceptedPolicies),
		},
		binaryData: {measurementSalt: base64(facts.measurementSalt)},
	});
}

/** The immutable list of Kubernetes components, named after its hash: `k8s-components-sha256-…`. */
export function componentsConfig({
	components,
	kubernetesVersion,
}: Pick<ClusterFacts, 'components' | 'kubernetesVersion'>): Manifest {
	return inSystem(resources.configMaps, 'ConfigMap', components.reference, {
		immutable: true,
		data: {components: JSON.stringify(components.list), 'cluster-version': kubernetesVersion},
	});
}

/** The master secret as the KeyService finds it after a restart. The object holds it in the clear: hand it to the API server, keep it nowhere. */
export function masterSecretManifest({key, salt}: ClusterFacts['masterSecret']): Manifest {
	return inSystem(resources.secrets, 'Secret', 'constellation-mastersecret', {
		type: 'Opaque',
		data: {mastersecret: base64(key.reveal()), salt: base64(salt.reveal())},
	});
}

/** The versions that every node should have. */
export function nodeVersionManifest(
	facts: Pick<ClusterFacts, 'image' | 'imageVersion' | 'kubernetesVersion' | 'components'>,
): Manifest {
	return {
		resource: resources.nodeVersions,
		object: {
			apiVersion: `${updateGroup}/${updateVersion}`,
			kind: 'NodeVersion',
			metadata: {name: 'constellation-version'},
			spec: {
				image: facts.image,
				imageVersion: facts.imageVersion,
				kubernetesComponentsReference: facts.components.reference,
				kubernetesClusterVersion: facts.kubernetesVersion,
			},
		},
	};
}

/** Everything that Init creates, in order. */
export function clusterManifests(facts: ClusterFacts): Manifest[] {
	return [
		...baseManifests(),
		joinConfig(facts),
		componentsConfig(facts),
		masterSecretManifest(facts.masterSecret),
		nodeVersionManifest(facts),
	];
}

/** Creates what is not there yet and leaves alone what is, so that an interrupted Init can go on. */
export async function createMissing(kube: Kube, manifests: readonly Manifest[]): Promise<void> {
	for (const {resource, object} of manifests) {
		try {
			await kube.create(resource, object);
		} catch (error) {
			if (!(error instanceof KubeError && error.code === 409 && error.reason === 'AlreadyExists')) throw error;
		}
	}
}
