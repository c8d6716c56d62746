import type {KubeObject} from '../../../kubernetes/kube.ts';

/** How simulated pods behave, for those who rehearse slow or broken ones: seconds, or `never` for readiness. */
export const readyAfterAnnotation = 'constellation.edgeless.systems/simulate-ready-after';
export const stopAfterAnnotation = 'constellation.edgeless.systems/simulate-stop-after';

export type PodCondition = {type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string};
type Container = {name: string; image: string; readinessProbe?: {initialDelaySeconds?: number}};
export type ContainerStatus = {
	name: string;
	restartCount: number;
	state?: {running?: {startedAt?: string}};
	[field: string]: unknown;
};

/** The parts of a Pod that a simulation looks at. */
export type SimulatedPod = KubeObject & {
	metadata: KubeObject['metadata'] & {deletionGracePeriodSeconds?: number};
	spec: {nodeName?: string; containers: Container[]; initContainers?: Container[]; hostNetwork?: boolean};
	status?: {
		phase?: string;
		startTime?: string;
		podIP?: string;
		conditions?: PodCondition[];
		containerStatuses?: ContainerStatus[];
	};
};

export const isMirrorPod = ({metadata}: KubeObject): boolean =>
	metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;

/** What is said of every container that is simulated. */
export const simulatedText = (image: string): string =>
	`no process runs for image ${image}: the local provider simulates this pod`;

/** Milliseconds after its start at which a pod is ready: what its annotation says, else the longest first delay of its readiness probes. */
export const readyDelay = ({metadata, spec}: SimulatedPod): number => {
	const asked = metadata.annotations?.[readyAfterAnnotation];
	if (asked === 'never') return Number.POSITIVE_INFINITY;
	const delays = spec.containers.map(({readinessProbe}) => readinessProbe?.initialDelaySeconds ?? 0);
	return (secondsOf(asked) ?? Math.max(0, ...delays)) * 1000;
};

/** What `kubectl logs` shows of a container that is simulated, with its time in front. */
export const simulatedLog = ({spec, status, metadata}: SimulatedPod, name: string): string[] | undefined => {
	const container = [...spec.containers, ...(spec.initContainers ?? [])].find(found => found.name === name);
	if (container === undefined) return undefined;
	const time = status?.startTime ?? metadata.creationTimestamp ?? '';
	return [`${time} simulated: ${simulatedText(container.image)}`];
};

const usualStopSeconds = 1;

/** Milliseconds that a pod takes to end once it is asked to; never longer than its grace period. */
export const stopDelay = ({metadata}: SimulatedPod): number => {
	const asked = secondsOf(metadata.annotations?.[stopAfterAnnotation]) ?? usualStopSeconds;
	return Math.min(asked, metadata.deletionGracePeriodSeconds ?? 0) * 1000;
};

const secondsOf = (text: string | undefined): number | undefined =>
	text !== undefined && /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : undefined;
