import {openAtls} from '../atls/client.ts';
import {type FindingCode, findingCodes} from '../attestation/advice/table.ts';
import {explain} from '../attestation/explain.ts';
import type {Policy} from '../attestation/policy.ts';
import {refusalIn, validatorOf} from '../attestation/variant.ts';
import type {Event, LaneState, NodeRole} from '../events.ts';
import {clientOn} from '../rpc/client.ts';
import {API as JoinApi, type NodeJoin} from '../rpc/gen/join_pb.ts';
import {RpcError, rpcFailure, status} from '../rpc/status.ts';
import type {Secret} from '../secret.ts';
import {oneLine} from '../text.ts';
import {refusedNode} from './node-channel.ts';

export type JoinStreamOptions = {
	/** host:port of the JoinService. */
	endpoint: string;
	/** What a node of the cluster has to show. */
	policy: Policy;
	/** The administrator's certificate, PEM. */
	admin: {certificate: string; key: Secret};
	/** Image that nodes are expected to be, for the words of a refusal. */
	imageVersion: string;
	now: () => number;
	pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
};

const retryMs = 250;
const keepaliveMs = 10_000;

/**
 * The nodes that join, as the JoinService tells them: first where each stands, then every change, until the signal aborts. A stream
 * that breaks is resumed at its cursor, so that nothing is missed or told twice. Throws AppError when the service itself is
 * refused or denies access.
 */
export async function* joinEvents(options: JoinStreamOptions, signal: AbortSignal): AsyncGenerator<Event, void> {
	const {now} = options;
	let cursor = '';
	let state: 'new' | 'connected' | 'lost' = 'new';
	while (!signal.aborted) {
		try {
			const {channel, close} = await openAtls(options.endpoint, {
				validator: validatorOf(options.policy),
				clientCertificate: options.admin,
				keepalive: keepaliveMs,
				signal,
			});
			try {
				const responses = clientOn(channel, JoinApi).watchJoins({cursor}, {signal});
				for await (const response of responses) {
					if (state !== 'connected') yield {type: 'stream', state: state === 'new' ? 'connected' : 'resumed', at: now()};
					state = 'connected';
					const {kind} = response;
					if (kind.case === 'snapshot') for (const node of kind.value.nodes) yield* nodeEvents(node, options);
					if (kind.case === 'event' && kind.value.node !== undefined) yield* nodeEvents(kind.value.node, options);
					cursor = response.cursor;
				}
			} finally {
				close();
			}
		} catch (error) {
			if (isOver(signal)) return;
			refuse(error, options);
			if (state === 'connected')
				yield {type: 'stream', state: 'lost', detail: oneLine(error instanceof Error ? error.message : String(error)), at: now()};
			if (state === 'connected') state = 'lost';
		}
		await options.pause(retryMs, signal).catch(() => undefined /* The signal: the loop ends. */);
	}
}

/** Read through a function: the signal changes while the loop awaits, which the type checker does not know. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

/** A service that is not there may come back; one that is not what it should be, or does not let us in, will not. */
function refuse(error: unknown, {endpoint, imageVersion}: JoinStreamOptions): void {
	const refused = refusalIn(error);
	if (refused !== undefined) throw refusedNode(endpoint, refused, {imageVersion, member: true});
	if (error instanceof RpcError && [status.PERMISSION_DENIED, status.UNAUTHENTICATED, status.UNIMPLEMENTED].includes(error.code))
		throw rpcFailure(error, 'watch the nodes that join');
	if (error instanceof TypeError || error instanceof RangeError) throw error;
}

const laneStates: Readonly<Record<string, LaneState>> = {
	attested: 'attested',
	ticket: 'ticket',
	kubelet: 'kubelet',
	ready: 'ready',
};

function* nodeEvents(node: NodeJoin, {imageVersion, now}: JoinStreamOptions): Generator<Event, void> {
	const name = oneLine(node.name, 80);
	const role: NodeRole = node.role === 'control-plane' ? 'control-plane' : 'worker';
	const at = Number(node.timeMs) || now();
	const state = laneStates[node.state];
	if (state !== undefined) {
		const source = state === 'attested' || state === 'ticket' ? 'join-service' : 'kubernetes';
		yield {type: 'lane', node: name, role, state, source, at};
		return;
	}
	if (node.state === 'not-ready' || node.state === 'removed') yield {type: 'lane-lost', node: name, reason: node.state, at};
	if (node.state !== 'refused') return;
	yield {
		type: 'lane-refused',
		node: name,
		role,
		refusal: explain([findingOf(node)], {node: name, imageVersion}),
		count: Math.max(1, node.count),
		at,
	};
}

const isCode = (code: string): code is FindingCode => findingCodes.some(known => known === code);

function findingOf({message, refusal}: NodeJoin): Parameters<typeof explain>[0][number] {
	const {code = '', register = 0, expected = '', actual = ''} = refusal ?? {};
	return {
		code: isCode(code) ? code : 'document-malformed',
		severity: 'refuse',
		message: oneLine(message),
		...(code === 'register-mismatch' ? {register} : {}),
		...(expected === '' ? {} : {expected: oneLine(expected, 200)}),
		...(actual === '' ? {} : {actual: oneLine(actual, 200)}),
	};
}
