import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {missing} from '../missing.ts';
import type {ServiceStatus} from '../supervisor/supervisor.ts';
import {type NodeFacts, nodeObject, nodeStatus} from './node.ts';
import {mirrorPod, podName, podNamespace, podStatus} from './pods.ts';

const pods = inNamespace(resources.pods, podNamespace);
const leases = inNamespace(resources.leases, 'kube-node-lease');

/** Seconds after which a node whose lease was not renewed counts as gone. */
export const leaseSeconds = 40;

/** The Node as it is in the cluster; registers it when it is not there, and puts back what the kubelet owns of it. */
export const ensureNode = async (kube: Kube, facts: NodeFacts): Promise<KubeObject> => {
	const wanted = nodeObject(facts);
	const found = await kube.get(resources.nodes, facts.instance.name).catch(missing);
	if (found === undefined) return kube.create(resources.nodes, wanted);
	const {labels = {}, annotations = {}} = found.metadata;
	const patch = {
		metadata: {
			labels: difference(labels, wanted.metadata.labels),
			annotations: difference(annotations, wanted.metadata.annotations),
		},
	};
	if (Object.keys(patch.metadata.labels).length + Object.keys(patch.metadata.annotations).length === 0) return found;
	return kube.patch(resources.nodes, facts.instance.name, patch, 'strategic');
};

const difference = (found: Record<string, string>, wanted: Record<string, string> = {}) =>
	Object.fromEntries(Object.entries(wanted).filter(([key, value]) => found[key] !== value));

/** Writes the status of the Node: addresses, versions, conditions. */
export const reportNode = async (kube: Kube, facts: NodeFacts, node: KubeObject) => {
	const status = nodeStatus(facts, node.status, new Date());
	await kube.patch(resources.nodes, facts.instance.name, {status}, 'strategic', 'status');
};

/** Renews the Lease of the node, the sign that it lives. */
export const renewLease = async (kube: Kube, name: string, owner: {uid: string}) => {
	const renewTime = new Date().toISOString().replace('Z', '000Z');
	const renewed = await kube.patch(leases, name, {spec: {renewTime}}, 'merge').catch(missing);
	if (renewed !== undefined) return;
	await kube.create(leases, {
		apiVersion: 'coordination.k8s.io/v1',
		kind: 'Lease',
		metadata: {name, ownerReferences: [{apiVersion: 'v1', kind: 'Node', name, uid: owner.uid}]},
		spec: {holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime},
	});
};

/** Makes the mirror Pods of a node equal to its services: creates, updates their status, deletes the rest. */
export const reportPods = async (kube: Kube, facts: NodeFacts, node: {uid: string}, services: readonly ServiceStatus[]) => {
	const {name} = facts.instance;
	const image = `constellation/node:${facts.imageVersion}`;
	const {items} = await kube.list(pods, {fieldSelector: `spec.nodeName=${name}`});
	const found = new Map(items.map(pod => [pod.metadata.name, pod]));
	for (const service of services) {
		const podOf = podName(service.name, name);
		const status = podStatus(service, facts.instance, image);
		let pod = found.get(podOf);
		found.delete(podOf);
		pod ??= await kube.create(pods, mirrorPod(service.name, facts.instance, image, node));
		await kube.patch(pods, pod.metadata.name, {status}, 'merge', 'status');
	}
	for (const stale of found.values()) {
		if (stale.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined) continue;
		await kube.delete(pods, stale.metadata.name).catch(missing);
	}
};
