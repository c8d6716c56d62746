import * as z from 'zod/mini';
import type {KubeObject} from '../../../kubernetes/kube.ts';
import {upgradeAnnotations as names, parseFailure} from '../../../kubernetes/upgrade-annotations.ts';
import {annotations} from '../../join/annotations.ts';
import {countsAsReady} from '../../kubelet/node.ts';
import type {CspState, SeenMaintenance, SeenNode, SeenPending, SeenRefusal, SeenScalingGroup, Wanted} from './types.ts';

const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';
const defaultSeconds = 1800;
const mostSurge = 16;

const time = (text: string | undefined): number => Date.parse(text ?? '') || 0;
const annotation = ({metadata}: KubeObject, name: string): string | undefined => metadata.annotations?.[name];

/** A whole number from 1 to `most` in an annotation, else `otherwise`: what somebody mistyped must not stop or widen a roll. */
const count = (text: string | undefined, otherwise: number, most: number): number => {
	const value = /^\d{1,6}$/.test(text ?? '') ? Number(text) : 0;
	return value >= 1 && value <= most ? value : otherwise;
};

const versionShape = z.object({
	image: z._default(z.string(), ''),
	imageVersion: z._default(z.string(), ''),
	kubernetesComponentsReference: z._default(z.string(), ''),
	kubernetesClusterVersion: z._default(z.string(), ''),
});

/** What the NodeVersion asks for. Throws ZodError. */
export const parseWanted = (version: KubeObject): Wanted => {
	const spec = versionShape.parse(version['spec']);
	const direction = annotation(version, names.direction);
	const retire = annotation(version, names.retire);
	return {
		image: spec.image,
		imageVersion: spec.imageVersion,
		components: spec.kubernetesComponentsReference,
		kubernetes: spec.kubernetesClusterVersion,
		paused: annotation(version, names.paused) === 'true',
		direction: direction === 'back' || direction === 'stay' ? direction : 'forward',
		surge: count(annotation(version, names.surge), 1, mostSurge),
		joinSeconds: count(annotation(version, names.joinSeconds), defaultSeconds, 999_999),
		drainSeconds: count(annotation(version, names.drainSeconds), defaultSeconds, 999_999),
		retire: /^\d{1,15}$/.test(retire ?? '') ? Number(retire) : undefined,
		failure: parseFailure(annotation(version, names.failure)),
	};
};

const nodeShape = z.object({
	spec: z.optional(
		z.object({
			unschedulable: z.optional(z.boolean()),
			taints: z.optional(z.array(z.object({key: z.string(), effect: z.string(), value: z.optional(z.string())}))),
		}),
	),
	status: z.optional(z.object({nodeInfo: z.optional(z.object({kubeletVersion: z.optional(z.string())}))})),
});

export const parseNode = (node: KubeObject): SeenNode => {
	const {spec, status} = nodeShape.parse(node);
	const labels = node.metadata.labels ?? {};
	return {
		name: node.metadata.name,
		uid: node.metadata.uid ?? '',
		role: labels[controlPlaneLabel] === undefined ? 'worker' : 'control-plane',
		ready: countsAsReady(node),
		image: annotation(node, names.nodeImage),
		components: annotation(node, names.components),
		group: annotation(node, names.scalingGroup),
		kubernetes: status?.nodeInfo?.kubeletVersion ?? '',
		heir: annotation(node, names.heir),
		donor: annotation(node, names.donor),
		obsolete: annotation(node, names.obsolete) === 'true',
		attestedImage: annotation(node, names.attestedImage),
		attestationKey: annotation(node, names.attestationKey),
		labels,
		taints: (spec?.taints ?? []).map(({key, effect, value}) => ({key, effect, ...(value !== undefined && {value})})),
		unschedulable: spec?.unschedulable === true,
	};
};

const pendingShape = z.object({
	spec: z.object({
		groupID: z._default(z.string(), ''),
		goal: z._default(z.enum(['Join', 'Leave']), 'Join'),
		deadline: z.optional(z.string()),
	}),
	status: z.optional(z.object({cspState: z.optional(z.string()), reachedGoal: z.optional(z.boolean())})),
});

export const parsePending = (pending: KubeObject): SeenPending => {
	const {spec, status} = pendingShape.parse(pending);
	return {
		name: pending.metadata.name,
		group: spec.groupID,
		goal: spec.goal,
		deadline: spec.deadline === undefined ? undefined : time(spec.deadline),
		createdAt: time(pending.metadata.creationTimestamp),
		donor: annotation(pending, names.donor),
		state: status?.cspState as CspState | undefined,
		reachedGoal: status?.reachedGoal === true,
	};
};

export const parseMaintenance = ({metadata, status}: KubeObject): SeenMaintenance => {
	const [owner] = (metadata['ownerReferences'] ?? []) as {uid?: string}[];
	const {phase, lastError = ''} = (status ?? {}) as {phase?: SeenMaintenance['phase']; lastError?: string};
	return {node: metadata.name, uid: owner?.uid ?? '', phase, lastError};
};

export const parseScalingGroup = ({metadata, spec, status}: KubeObject): SeenScalingGroup => {
	const {groupId = ''} = (spec ?? {}) as {groupId?: string};
	const {imageReference, conditions} = (status ?? {}) as {imageReference?: string; conditions?: {status?: string}[]};
	return {name: metadata.name, groupId, imageReference, outdated: conditions?.[0] && conditions[0].status === 'True'};
};

const refusalShape = z.object({
	node: z.string(),
	message: z.string(),
	expected: z.optional(z.string()),
	actual: z.optional(z.string()),
	last: z.number(),
});

/** The refusal that an Event tells of, if any. Every node may write Events: what is not of the shape is nobody's refusal. */
export const parseRefusal = (event: KubeObject): SeenRefusal[] => {
	const text = annotation(event, annotations.refusal);
	if (text === undefined) return [];
	try {
		const {node, message, expected, actual, last} = refusalShape.parse(JSON.parse(text));
		return [{node, message, last, ...(expected !== undefined && {expected}), ...(actual !== undefined && {actual})}];
	} catch {
		return [];
	}
};
