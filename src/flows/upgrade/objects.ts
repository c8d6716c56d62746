import type {KubeObject} from '../../kubernetes/kube.ts';
import {type LabelSelector, matchesSelector} from '../../kubernetes/selectors.ts';
import type {Machine} from '../../providers/node-groups.ts';
import type {InFlight, Observed, ObservedBudget, ObservedNode, ObservedPod} from '../../upgrade/observed.ts';

const prefix = 'constellation.edgeless.systems';
const componentsKey = `${prefix}/kubernetes-components`;
const imageKey = `${prefix}/node-image`;
const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';

const record = (value: unknown): Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value) ? {...value} : {};
const list = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.map(each => record(each)) : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** A Node with what its provider says of its machine; the provider's word on the image counts more than an annotation. */
export function observedNode(node: KubeObject, machine: Machine | undefined): ObservedNode {
	const {labels = {}, annotations = {}, name} = node.metadata;
	const status = record(node['status']);
	const ready = list(status['conditions']).some(({type, status: value}) => type === 'Ready' && value === 'True');
	return {
		name,
		role: controlPlaneLabel in labels ? 'control-plane' : 'worker',
		ready,
		image: text(machine?.image) ?? text(annotations[imageKey]),
		kubernetes: text(record(status['nodeInfo'])['kubeletVersion']) ?? '',
		components: text(annotations[componentsKey]),
		stopped: machine !== undefined && machine.state !== 'running' && machine.state !== 'creating',
	};
}

/** Nodes on their way in: what has a JoiningNode, a PendingNode that is to join, or only a machine. */
export function inFlight(
	joining: readonly KubeObject[],
	pending: readonly KubeObject[],
	machines: readonly Machine[],
	nodes: readonly ObservedNode[],
): InFlight[] {
	const machineOf = (name: string) => machines.find(machine => machine.name === name);
	const joins = joining.flatMap((object): InFlight[] => {
		const {name, iscontrolplane} = record(object['spec']);
		const node = text(name) ?? object.metadata.name;
		const role = machineOf(node)?.role ?? (iscontrolplane === true ? 'control-plane' : 'worker');
		const image = machineOf(node)?.image ?? text(object.metadata.annotations?.[`${prefix}/attested-image`]);
		return [{kind: 'JoiningNode', name: node, role, image}];
	});
	const pends = pending.flatMap((object): InFlight[] => {
		const {goal, nodeName} = record(object['spec']);
		const node = text(nodeName) ?? object.metadata.name;
		if (goal !== 'Join') return [];
		return [{kind: 'PendingNode', name: node, role: machineOf(node)?.role ?? 'worker', image: machineOf(node)?.image}];
	});
	const known = new Set([...joins, ...pends, ...nodes].map(({name}) => name));
	const others = machines
		.filter(({name, state}) => !known.has(name) && state !== 'terminating' && state !== 'terminated')
		.map(({name, role, image}): InFlight => ({kind: 'machine', name, role, image}));
	return [...joins, ...pends, ...others];
}

/** The pods that a drain would evict, each with how many its controller has. */
export function observedPods(pods: readonly KubeObject[]): ObservedPod[] {
	const controllerOf = ({metadata}: KubeObject) => list(metadata['ownerReferences']).find(({controller}) => controller === true);
	const counts = new Map<string, number>();
	for (const pod of pods) {
		const uid = text(controllerOf(pod)?.['uid']);
		if (uid !== undefined) counts.set(uid, (counts.get(uid) ?? 0) + 1);
	}
	return pods.flatMap((pod): ObservedPod[] => {
		const spec = record(pod['spec']);
		const [node, phase, controller] = [text(spec['nodeName']), record(pod['status'])['phase'], controllerOf(pod)];
		const isMirror = pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
		const isOver = phase === 'Succeeded' || phase === 'Failed';
		if (node === undefined || isMirror || isOver || controller?.['kind'] === 'DaemonSet') return [];
		const owner = controller && {kind: String(controller['kind']), name: String(controller['name'])};
		const replicas = counts.get(text(controller?.['uid']) ?? '') ?? 1;
		const localData = list(spec['volumes']).some(volume => 'emptyDir' in volume || 'hostPath' in volume);
		return [{namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, node, owner, replicas, localData}];
	});
}

/** Budgets with the pods they cover. One without a status yet allows nothing: nobody has counted. */
export function observedBudgets(budgets: readonly KubeObject[], pods: readonly KubeObject[]): ObservedBudget[] {
	return budgets.map((budget): ObservedBudget => {
		const {namespace = '', name} = budget.metadata;
		const selector = record(budget['spec'])['selector'] as LabelSelector | undefined;
		const allowed = Number(record(budget['status'])['disruptionsAllowed'] ?? 0);
		const covered = pods.filter(pod => pod.metadata.namespace === namespace && matchesSelector(selector, pod.metadata.labels));
		return {namespace, name, allowed, pods: covered.map(pod => pod.metadata.name)};
	});
}

/** What the NodeVersion asks for, and whether somebody works on it now. */
export function wantedVersion(nodeVersion: KubeObject): Pick<Observed, 'wanted' | 'busy'> {
	const [spec, status] = [record(nodeVersion['spec']), record(nodeVersion['status'])];
	const outdated = list(status['conditions']).some(({type, status: value}) => type === 'Outdated' && value === 'True');
	return {
		wanted: {
			image: text(spec['imageVersion']) ?? '',
			version: text(spec['kubernetesClusterVersion']) ?? '',
			components: text(spec['kubernetesComponentsReference']) ?? '',
		},
		busy: status['activeclusterversionupgrade'] === true || outdated,
	};
}
