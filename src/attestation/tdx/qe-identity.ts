import {fromHex, MalformedError, sameBytes} from '../bytes.ts';
import type {EnclaveReport} from './enclave-report.ts';
import {hexIn, integerIn, objectIn, wordIn} from './json-fields.ts';
import {readValidity, readVersionLevels, type Validity, type VersionLevel} from './tcb-info.ts';

/** What makes an enclave the quoting enclave; masks tell which bits count. */
export type EnclaveOrigin = {
	miscSelect: Uint8Array;
	miscSelectMask: Uint8Array;
	attributes: Uint8Array;
	attributesMask: Uint8Array;
	mrSigner: Uint8Array;
	productId: number;
};
/** Intel's description of its TDX quoting enclave. */
export type QeIdentity = Validity & EnclaveOrigin & {levels: readonly VersionLevel[]};

/** What Intel has published in every description so far: its signing key, product 2, 64-bit and provisioned, no debugging. */
export const intelQuotingEnclave: EnclaveOrigin = {
	miscSelect: new Uint8Array(4),
	miscSelectMask: new Uint8Array(4).fill(0xff),
	attributes: fromHex('11000000000000000000000000000000', 'ATTRIBUTES'),
	attributesMask: fromHex('fbffffffffffffff0000000000000000', 'ATTRIBUTES'),
	mrSigner: fromHex('dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5', 'MRSIGNER'),
	productId: 2,
};

/** Reads an enclave identity of version 2 for the TDX quoting enclave (Intel PCS API v4, appendix B). Throws MalformedError. */
export function parseQeIdentity(json: unknown): QeIdentity {
	const fields = objectIn(json, 'enclaveIdentity');
	if (wordIn(fields, 'id') !== 'TD_QE' || integerIn(fields, 'version', 0xffff) !== 2)
		throw new MalformedError('enclaveIdentity: not version 2 for the TDX quoting enclave');
	return {
		...readValidity(fields),
		miscSelect: hexIn(fields, 'miscselect', 4),
		miscSelectMask: hexIn(fields, 'miscselectMask', 4),
		attributes: hexIn(fields, 'attributes', 16),
		attributesMask: hexIn(fields, 'attributesMask', 16),
		mrSigner: hexIn(fields, 'mrsigner', 32),
		productId: integerIn(fields, 'isvprodid', 0xffff),
		levels: readVersionLevels(fields),
	};
}

/** Names of the fields in which a report differs from Intel's description. */
export function differencesFrom(identity: EnclaveOrigin, report: EnclaveReport): string[] {
	const checks = {
		MRSIGNER: sameBytes(report.mrSigner, identity.mrSigner),
		ISVPRODID: report.productId === identity.productId,
		MISCSELECT: equalMasked(report.miscSelect, identity.miscSelect, identity.miscSelectMask),
		ATTRIBUTES: equalMasked(report.attributes, identity.attributes, identity.attributesMask),
	};
	return Object.entries(checks)
		.filter(([, same]) => !same)
		.map(([name]) => name);
}

/** Whether two values are the same in the bits that the mask selects. */
export function equalMasked(actual: Uint8Array, expected: Uint8Array, mask: Uint8Array): boolean {
	const masked = (bytes: Uint8Array): Uint8Array => bytes.map((byte, index) => byte & (mask[index] ?? 0xff));
	return sameBytes(masked(actual), masked(expected));
}
