import type {MessageInitShape} from '@bufbuild/protobuf';
import * as z from 'zod/mini';
import type {KubeObject} from '../../kubernetes/kube.ts';
import type {NodeJoinSchema} from '../../rpc/gen/join_pb.ts';
import {oneLine} from '../../text.ts';
import {annotations, refusalReason} from './annotations.ts';

/** What one object says of a node's way in. */
export type Lane = MessageInitShape<typeof NodeJoinSchema> & {name: string; state: string; timeMs: bigint};

const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';
const longest = 300;

const conditionShape = z.object({
	type: z.string(),
	status: z.string(),
	message: z.optional(z.string()),
	lastTransitionTime: z.optional(z.string()),
});
const nodeShape = z.object({status: z.optional(z.object({conditions: z.optional(z.array(conditionShape))}))});

const milliseconds = (text: string | undefined): bigint => BigInt(Date.parse(text ?? '') || 0);

/** How a Node stands: `kubelet` until it was Ready for the first time, then `ready` or `not-ready`. */
export const laneOfNode = (object: KubeObject): Lane => {
	const conditions = nodeShape.safeParse(object).data?.status?.conditions ?? [];
	const ready = conditions.find(({type}) => type === 'Ready');
	const created = milliseconds(object.metadata.creationTimestamp);
	const changed = ready ? milliseconds(ready.lastTransitionTime) : created;
	const state = stateOfNode(ready?.status, created, changed);
	return {
		name: oneLine(object.metadata.name, 63),
		role: object.metadata.labels?.[controlPlaneLabel] === undefined ? 'worker' : 'control-plane',
		state,
		timeMs: changed,
		message: state === 'ready' ? '' : oneLine(ready?.message ?? 'waiting for the kubelet to report', longest),
	};
};

/** Times of Kubernetes have whole seconds; a node that is NotReady since it is there has not been Ready yet. */
const stateOfNode = (ready: string | undefined, created: bigint, changed: bigint): string => {
	if (ready === 'True') return 'ready';
	if (ready === 'Unknown' || (ready === 'False' && changed > created + 1000n)) return 'not-ready';
	return 'kubelet';
};

/** `removed`, at the time it was noticed. */
export const removedLane = (lane: Lane, at: number): Lane => ({
	name: lane.name,
	role: lane.role ?? '',
	state: 'removed',
	timeMs: BigInt(at),
	message: '',
});

const joiningShape = z.object({
	metadata: z.object({annotations: z.optional(z.record(z.string(), z.string()))}),
	spec: z.object({name: z.string(), iscontrolplane: z._default(z.boolean(), false), deadline: z._default(z.string(), '')}),
});

/** How far a JoiningNode is: `attested` or `ticket`; undefined for one that no JoinService of ours wrote. */
export const laneOfJoining = (object: KubeObject): Lane | undefined => {
	const read = joiningShape.safeParse(object);
	if (!read.success) return undefined;
	const {spec, metadata} = read.data;
	const state = metadata.annotations?.[annotations.joinState];
	if (state !== 'attested' && state !== 'ticket') return undefined;
	return {
		name: oneLine(spec.name, 63),
		role: spec.iscontrolplane ? 'control-plane' : 'worker',
		state,
		timeMs: BigInt(Number(metadata.annotations?.[annotations.joinStateTime]) || 0),
		message: state === 'ticket' ? 'waiting for the kubelet to register' : 'waiting for the ticket',
		attestationKey: oneLine(metadata.annotations?.[annotations.attestationKey] ?? '', 64),
	};
};

/** Whether the time of a JoiningNode was over. */
export const isExpired = (object: KubeObject, now: number): boolean => {
	const read = joiningShape.safeParse(object);
	return read.success && Date.parse(read.data.spec.deadline) < now;
};

const refusalShape = z.object({
	node: z.string(),
	role: z.string(),
	code: z.string(),
	message: z.string(),
	register: z.optional(z.int()),
	expected: z.optional(z.string()),
	actual: z.optional(z.string()),
	count: z.int(),
	last: z.int(),
});

/** The refusal that an Event records; undefined for any other Event. Texts are made harmless again: others may write Events. */
export const laneOfEvent = (object: KubeObject): Lane | undefined => {
	if (object['reason'] !== refusalReason) return undefined;
	const text = object.metadata.annotations?.[annotations.refusal];
	const read = text === undefined || text.length > 4096 ? undefined : refusalShape.safeParse(parse(text));
	if (!read?.success) return undefined;
	const {node, role, code, message, register, expected = '', actual = '', count, last} = read.data;
	return {
		name: oneLine(node, 63),
		role: role === 'control-plane' || role === 'worker' ? role : '',
		state: 'refused',
		timeMs: BigInt(last),
		message: oneLine(message, longest),
		refusal: {code: oneLine(code, 64), register: register ?? -1, expected: oneLine(expected, 128), actual: oneLine(actual, 128)},
		count,
	};
};

const parse = (text: string): unknown => {
	try {
		return JSON.parse(text);
	} catch {
		// Whoever wrote this was not a JoinService.
		return undefined;
	}
};
