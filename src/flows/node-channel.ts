import {confirmAttestation} from '../atls/attest.ts';
import {openAtls} from '../atls/client.ts';
import type {RefusalContext} from '../attestation/advice/advice.ts';
import {explain} from '../attestation/explain.ts';
import type {AttestationRefused, Finding} from '../attestation/findings.ts';
import type {Policy} from '../attestation/policy.ts';
import {type Attested, refusalIn, validatorOf} from '../attestation/variant.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Event, Flow, NodeRole, RefusalView} from '../events.ts';
import type {Channel} from '../rpc/client.ts';
import {RpcError, status} from '../rpc/status.ts';
import type {Dependencies} from './dependencies.ts';

/** Where a node is, and what to call it when it is refused: its own word for its name counts for nothing. */
export type NodeAddress = {endpoint: string; name: string};

/** A connection to a node that proved itself twice: in the handshake, and on the open connection. */
export type NodeChannel = {channel: Channel; attested: Attested; close(): void};

/**
 * Connects to a node and verifies it. Nothing secret may be sent before this resolves. Undefined when nothing answers (yet);
 * throws AppError `attestation-refused` (exit 5), or what else is final.
 */
export async function connectNode(
	{endpoint, name}: NodeAddress,
	policy: Policy,
	role: NodeRole,
	signal: AbortSignal,
): Promise<NodeChannel | undefined> {
	const validator = validatorOf(policy);
	try {
		const {channel, connection, close} = await openAtls(endpoint, {validator, signal, handshakeTimeout: 15_000});
		try {
			const attested = await confirmAttestation(channel, connection, {validator, role}, {signal, timeout: 15_000});
			return {channel, attested, close};
		} catch (error) {
			close();
			throw error;
		}
	} catch (error) {
		signal.throwIfAborted();
		const refused = refusalIn(error);
		if (refused !== undefined) throw refusedNode(name, refused);
		if (mayPass(error)) return undefined;
		throw error;
	}
}

/**
 * Whether asking again may help: a service that is not there yet, or that goes away while it is asked. A load balancer without a
 * machine behind it closes the connection in the middle of the handshake, which has no code of its own.
 */
export function mayPass(error: unknown): boolean {
	if (error instanceof RpcError) return [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED].includes(error.code);
	return (
		error instanceof Error && !(error instanceof AppError) && !(error instanceof TypeError) && !(error instanceof RangeError)
	);
}

/** What to call the control plane behind the load balancer: its name where there is only one. */
export async function controlPlaneAt(
	{provider}: Pick<Dependencies, 'provider'>,
	uid: string,
	endpoint: string,
): Promise<NodeAddress> {
	const names = ((await provider.machines(uid)) ?? []).filter(({role}) => role === 'control-plane').map(({name}) => name);
	return {endpoint, name: names.length === 1 && names[0] !== undefined ? names[0] : `the control plane at ${endpoint}`};
}

/** Asks a control plane; one that is refused is shown in its lane before the error goes on. */
export async function* orRefusalLane<R>(asked: Promise<R>, now: () => number): Flow<R> {
	try {
		return await asked;
	} catch (error) {
		yield* refusalLane(error, now());
		throw error;
	}
}

function* refusalLane(error: unknown, at: number): Generator<Event, void> {
	if (!(error instanceof AppError) || error.code !== 'attestation-refused') return;
	const {node, refusal} = error.details as {node: string; refusal: RefusalView};
	yield {type: 'lane-refused', node, role: 'control-plane', refusal, count: 1, at};
}

/** The refusal of a node as an error that says why and what to do. */
export function refusedNode(
	node: string,
	{findings}: AttestationRefused,
	{expectedFrom, ...context}: Omit<RefusalContext, 'node'> & {expectedFrom?: string} = {},
): AppError {
	const explained = explain(findings, {node, ...context});
	const view: RefusalView =
		explained.expected === undefined || expectedFrom === undefined ? explained : {...explained, expectedFrom};
	return new AppError(view.sentence, {
		code: 'attestation-refused',
		exitCode: exitCodes.refused,
		problems: findings.filter(({severity}) => severity === 'refuse').map(problemOf),
		next: [`Likely: ${view.likely}`, view.step],
		details: {node, refusal: view},
	});
}

function problemOf({code, register, message, expected, actual}: Finding): {path: string; message: string} {
	const values = expected === undefined ? '' : ` (expected ${expected}, got ${actual ?? 'nothing'})`;
	return {path: register === undefined ? code : `register ${register}`, message: `${message}${values}`};
}
