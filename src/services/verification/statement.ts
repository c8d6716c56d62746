import {createQueue} from '../../atls/limits.ts';
import type {Issuer} from '../../attestation/variant.ts';
import {RpcError, status} from '../../rpc/status.ts';

/** Makes a statement about this node for a nonce. */
export type Statement = (nonce: Uint8Array) => Promise<Uint8Array>;

const nonceSize = 32;
/** A busy computer falls behind for some seconds; callers have their own patience. */
const waitingQuotes = 256;

/** User data of every statement (v2.9 wire format), so that it can never serve as evidence for anything else. */
export const statementUserData: Uint8Array = Buffer.from('VerifyService', 'ascii');

/**
 * Statements of an issuer, one at a time. Throws RpcError INVALID_ARGUMENT for a nonce that has not 32 bytes, RESOURCE_EXHAUSTED when
 * too many wait.
 */
export const statementsOf = (issuer: Issuer): Statement => {
	const queue = createQueue(waitingQuotes);
	let waiting = 0;
	return async nonce => {
		if (nonce.length !== nonceSize) throw new RpcError(status.INVALID_ARGUMENT, `a nonce has ${nonceSize} bytes`);
		if (waiting >= waitingQuotes) throw new RpcError(status.RESOURCE_EXHAUSTED, 'too many callers are waiting');
		waiting += 1;
		return queue(() => issuer.issue(statementUserData, nonce)).finally(() => {
			waiting -= 1;
		});
	};
};
