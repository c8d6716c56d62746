import type {CollateralNeed} from '../../attestation/attested.ts';
import {MalformedError, toHex} from '../../attestation/bytes.ts';
import {maxStatementSize} from '../../attestation/tdx/signed-statement.ts';
import {maximumListSize} from '../../attestation/x509/revocation-list.ts';
import type {Part} from '../bundle/part.ts';
import {type Answer, bodyOf, type Get} from '../net/get.ts';
import {type Addresses, addressOf} from './addresses.ts';

/** The name of a family's collateral. */
export const tdxPartName = (fmspc: Uint8Array, ca: 'processor' | 'platform'): string => `${toHex(fmspc)}/${ca}`;

/** Statements and revocation lists about a family of platforms, with the chains that come in the answers' headers. */
export async function fetchTdx(
	{fmspc, ca}: Extract<CollateralNeed, {kind: 'tdx'}>,
	{get, addresses, now}: {get: Get; addresses: Addresses; now: number},
): Promise<Part> {
	const ask = (address: string, limit: number): Promise<Answer> => get(address, {limit});
	const info = await ask(addressOf(addresses.intelTcbInfo, {fmspc: toHex(fmspc)}), maxStatementSize);
	const identity = await ask(addresses.intelQeIdentity, maxStatementSize);
	const list = await ask(addressOf(addresses.intelList, {ca}), maximumListSize);
	const rootList = await ask(addresses.intelRootList, maximumListSize);
	const blobs = [
		bodyOf(info),
		chainIn(info, 'tcb-info-issuer-chain'),
		bodyOf(identity),
		chainIn(identity, 'sgx-enclave-identity-issuer-chain'),
		bodyOf(list),
		chainIn(list, 'sgx-pck-crl-issuer-chain'),
		bodyOf(rootList),
	];
	return {kind: 'tdx', name: tdxPartName(fmspc, ca), at: Math.floor(now / 1000), blobs};
}

/** PEM, percent-encoded in a header. Throws MalformedError. */
function chainIn({headers}: Answer, name: string): Uint8Array {
	const value = headers[name];
	try {
		if (typeof value === 'string') return Buffer.from(decodeURIComponent(value));
	} catch {
		// Told below with the header's name.
	}
	throw new MalformedError(`the answer has no usable ${name}`);
}
