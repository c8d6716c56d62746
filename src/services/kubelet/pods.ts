import type {KubeObject} from '../../kubernetes/kube.ts';
import type {Instance} from '../host.ts';
import type {ServiceStatus} from '../supervisor/supervisor.ts';

export const podNamespace = 'kube-system';

/** The name of the Pod that shows a service of a node. */
export const podName = (service: string, node: string): string => `${service}-${node}`;

/** The mirror Pod of a running service, without status: what `kubectl get pods` lists and `kubectl logs` finds. */
export const mirrorPod = (service: string, instance: Instance, image: string, node: {uid: string}): KubeObject => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: {
		name: podName(service, instance.name),
		namespace: podNamespace,
		labels: {'k8s-app': service, component: service, ...(instance.role === 'control-plane' ? {tier: 'control-plane'} : {})},
		annotations: {'kubernetes.io/config.mirror': `${service}-${node.uid}`, 'kubernetes.io/config.source': 'file'},
		ownerReferences: [{apiVersion: 'v1', kind: 'Node', name: instance.name, uid: node.uid, controller: true}],
	},
	spec: {
		nodeName: instance.name,
		hostNetwork: true,
		restartPolicy: 'Always',
		priorityClassName: 'system-node-critical',
		tolerations: [{operator: 'Exists'}],
		containers: [{name: service, image, imagePullPolicy: 'Never'}],
	},
});

/** The status of that Pod. */
export const podStatus = (status: ServiceStatus, instance: Instance, image: string) => {
	const running = status.state === 'running';
	const startedAt = timeOf(status.startedAt);
	const since = startedAt ?? timeOf(Date.now());
	const condition = (type: string, holds: boolean) => ({type, status: holds ? 'True' : 'False', lastTransitionTime: since});
	return {
		phase: status.state === 'starting' && status.restarts === 0 ? 'Pending' : 'Running',
		hostIP: instance.address,
		podIP: instance.address,
		podIPs: [{ip: instance.address}],
		hostIPs: [{ip: instance.address}],
		qosClass: 'BestEffort',
		...(startedAt === undefined ? {} : {startTime: startedAt}),
		conditions: [
			condition('Initialized', true),
			condition('Ready', running),
			condition('ContainersReady', running),
			condition('PodScheduled', true),
		],
		containerStatuses: [
			{
				name: status.name,
				image,
				imageID: image,
				containerID: `constellation://${status.name}`,
				ready: running,
				started: running,
				restartCount: status.restarts,
				state: running ? {running: {startedAt: since}} : {waiting: {reason: waitingReason(status)}},
				...lastState(status),
			},
		],
	};
};

const waitingReason = (status: ServiceStatus) => (status.state === 'waiting' ? 'CrashLoopBackOff' : 'ContainerCreating');

const lastState = ({lastExit, startedAt}: ServiceStatus) =>
	lastExit === undefined
		? {}
		: {
				lastState: {
					terminated: {
						exitCode: lastExit.code ?? 137,
						reason: lastExit.code === 0 ? 'Completed' : 'Error',
						startedAt: timeOf(startedAt),
						finishedAt: timeOf(lastExit.at),
					},
				},
			};

const timeOf = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z'));
