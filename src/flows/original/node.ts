import {openAtls} from '../../atls/client.ts';
import type {Collateral} from '../../attestation/attested.ts';
import {collateralNeeds} from '../../attestation/collateral-needs.ts';
import type {Policy} from '../../attestation/policy.ts';
import {refusalIn, type Validator, validatorOf} from '../../attestation/variant.ts';
import {mayPass, type NodeAddress, type NodeChannel, refusedNode} from '../node-channel.ts';
import type {Gathered} from '../verify-collateral.ts';

export type JudgeOriginal = {
	policy: Policy;
	now: () => number;
	/** What the evidence does not carry and its check needs. */
	collateral: (policy: Policy, document: Uint8Array) => Promise<Gathered>;
};

/** Says in every place where a secret goes to a node of v2.9 what its proof is worth. */
export const keyBoundWords =
	'Key-bound only: the evidence of a v2.9 node names the key of its certificate, not this connection, its role or its cluster. The node cannot be asked to repeat it.';

/**
 * Connects to a node of v2.9 and verifies it by the evidence in its certificate, the only proof that its protocol has. Undefined when
 * nothing answers (yet); throws AppError `attestation-refused` (exit 5). Not one byte is sent to a node that was refused.
 */
export async function connectOriginal(
	{endpoint, name}: NodeAddress,
	judge: JudgeOriginal,
	signal: AbortSignal,
): Promise<NodeChannel | undefined> {
	let collateral: Collateral = {};
	for (let isFirst = true; ; isFirst = false) {
		const {validator, seen} = remembering(validatorOf(judge.policy, {now: judge.now, collateral}));
		try {
			const {channel, connection, close} = await openAtls(endpoint, {validator, signal, handshakeTimeout: 15_000});
			return {channel, attested: connection.attested, close};
		} catch (error) {
			signal.throwIfAborted();
			const refused = refusalIn(error);
			if (refused === undefined) {
				if (mayPass(error)) return undefined;
				throw error;
			}
			const document = seen();
			// The handshake does not wait for vendors: what they have to say is fetched between two connections.
			if (!isFirst || document === undefined || collateralNeeds(judge.policy, document).length === 0)
				throw refusedNode(name, refused);
			({collateral} = await judge.collateral(judge.policy, document));
		}
	}
}

/** The validator, and the last document that it was given. */
function remembering(inner: Validator): {validator: Validator; seen: () => Uint8Array | undefined} {
	let last: Uint8Array | undefined;
	return {
		validator: {
			oid: inner.oid,
			validate(document, nonce, userData) {
				last = document;
				return inner.validate(document, nonce, userData);
			},
		},
		seen: () => last,
	};
}
