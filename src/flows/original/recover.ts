import type {Attested} from '../../attestation/variant.ts';
import {AppError, exitCodes} from '../../errors.ts';
import type {Event, Flow} from '../../events.ts';
import type {MasterSecret} from '../../keys/derive.ts';
import type {Dependencies} from '../dependencies.ts';
import {type NodeAddress, orRefusalLane} from '../node-channel.ts';
import {phase} from '../phase.ts';
import {sendSecret} from '../recover.ts';
import {connectOriginal, type JudgeOriginal, keyBoundWords} from './node.ts';

export type OriginalRecovery = JudgeOriginal & {
	/** The recovery servers of the control planes. */
	node: NodeAddress;
	secret: MasterSecret;
	/** Give up after this long without any node that waits; milliseconds. */
	patience: number;
};

/** As v2.9 does, long enough for the next node to come up behind the load balancer. */
const retryMs = 5000;
/** No further node for so long: all that waited have the secret. */
const quietMs = 15_000;
/** A node that comes back so often for the secret does not get on with it. */
const maxRepeats = 3;

/**
 * Sends the master secret to control planes of v2.9 that wait for it, each verified before, until none waits any more. Gives the nodes
 * that took it, one for each attestation key. Throws AppError `attestation-refused` (exit 5), `nothing-to-recover` (exit 7),
 * `recovery-repeated` (exit 6).
 */
export function recoverOriginal(
	deps: Pick<Dependencies, 'pause'>,
	target: OriginalRecovery,
	signal: AbortSignal,
): Flow<Attested[]> {
	return phase('recover', target.now, push(deps, target, signal), nodes => `${nodes.length} took the master secret`);
}

async function* push({pause}: Pick<Dependencies, 'pause'>, target: OriginalRecovery, signal: AbortSignal): Flow<Attested[]> {
	const {node, now} = target;
	const taken = new Map<string, {attested: Attested; times: number}>();
	let since = now();
	yield {type: 'warning', code: 'key-bound-only', message: keyBoundWords, at: since};
	yield {type: 'waiting', message: `a node that waits for the master secret at ${node.endpoint}`, at: since};
	for (;;) {
		signal.throwIfAborted();
		const attested = yield* orRefusalLane(pushOnce(target, signal), now);
		if (attested !== undefined) {
			since = now();
			const {attestationKey} = attested;
			const times = (taken.get(attestationKey)?.times ?? 0) + 1;
			taken.set(attestationKey, {attested, times});
			if (times > maxRepeats) throw repeated(attestationKey);
			if (times === 1) yield* told(attested, since);
		} else if (now() - since > (taken.size > 0 ? quietMs : target.patience)) {
			if (taken.size === 0) throw nothing(node.endpoint);
			return [...taken.values()].map(each => each.attested);
		}
		await pause(retryMs, signal);
	}
}

async function pushOnce(target: OriginalRecovery, signal: AbortSignal): Promise<Attested | undefined> {
	const channel = await connectOriginal(target.node, target, signal);
	if (channel === undefined) return undefined;
	return (await sendSecret(channel, target.secret, signal)) ? channel.attested : undefined;
}

/** The name under which a v2.9 node can be told from others: it has none of its own. */
export const originalNode = ({attestationKey}: Pick<Attested, 'attestationKey'>): string => `node ${attestationKey.slice(0, 16)}`;

function* told(attested: Attested, at: number): Generator<Event, void> {
	const node = originalNode(attested);
	yield {type: 'lane', node, role: 'control-plane', state: 'attested', source: 'cli', at};
	for (const {code, message} of attested.findings) yield {type: 'warning', code, message: `${node}: ${message}`, at};
}

function nothing(endpoint: string): AppError {
	return new AppError(`No node waits for the master secret at ${endpoint}.`, {
		code: 'nothing-to-recover',
		exitCode: exitCodes.unreachable,
		next: [
			'constellation status   asks the cluster itself: it may not need to be recovered',
			'Look at the machines in the console of the provider: one that waits says so while it boots.',
		],
	});
}

function repeated(attestationKey: string): AppError {
	return new AppError('A node took the master secret again and again: it does not get on with it.', {
		code: 'recovery-repeated',
		exitCode: exitCodes.cluster,
		next: [
			'Check that the master secret is the one of this cluster: v2.9 nodes do not say whether it is.',
			'Read the serial log of the node in the console of the provider.',
		],
		details: {attestationKey},
	});
}
