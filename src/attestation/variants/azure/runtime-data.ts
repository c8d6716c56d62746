import {createHash} from 'node:crypto';
import {fromBase64Url, join, MalformedError, sameBytes, toHex} from '../../bytes.ts';
import {type Finding, refusal} from '../../findings.ts';
import {isList, isObject} from '../../measurements.ts';
import {parseStrictJson} from '../../strict-json.ts';
import {parsePublicArea} from '../../tpm/public-area.ts';

const limits = {bytes: 8192, depth: 6};
const attestationKeyId = 'HCLAkPub';

/**
 * Judges what ties the TPM of an Azure confidential machine to its processor: the report data is the SHA-256 of the runtime data and
 * zeros, and the runtime data names the attestation key (RSA, RFC 7517). `akPublic`: TPMT_PUBLIC.
 */
export function judgeRuntimeData(runtimeData: Uint8Array, reportData: Uint8Array, akPublic: Uint8Array): Finding[] {
	const findings: Finding[] = [];
	const expected = join(createHash('sha256').update(runtimeData).digest(), Buffer.alloc(32));
	if (!sameBytes(expected, reportData)) {
		const values = {expected: toHex(expected), actual: toHex(reportData)};
		findings.push(refusal('runtime-data-mismatch', 'The runtime data is not the one that the processor reported.', values));
	}
	try {
		const key = readAttestationKey(runtimeData);
		if (!isSameKey(key, akPublic)) {
			findings.push(refusal('runtime-data-key', 'The runtime data names another attestation key than the evidence.'));
		}
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		findings.push(refusal('runtime-data-malformed', `The runtime data cannot be read: ${error.message}.`));
	}
	return findings;
}

type RsaKey = {modulus: Uint8Array; exponent: number};

function readAttestationKey(runtimeData: Uint8Array): RsaKey {
	const json = parseStrictJson(runtimeData, limits);
	const keys = isObject(json) ? json['keys'] : undefined;
	if (!isList(keys)) throw new MalformedError('keys: not a list');
	const [key, ...more] = keys.filter(candidate => isObject(candidate) && candidate['kid'] === attestationKeyId);
	if (!isObject(key) || more.length > 0) throw new MalformedError(`keys: not exactly one ${attestationKeyId}`);
	const {kty, n, e} = key;
	if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') throw new MalformedError('key: not RSA');
	const exponent = Buffer.from(fromBase64Url(e, 'e'));
	if (exponent.length === 0 || exponent.length > 4) throw new MalformedError('e: not 1 to 4 bytes');
	return {modulus: withoutZeros(fromBase64Url(n, 'n')), exponent: exponent.readUIntBE(0, exponent.length)};
}

function isSameKey({modulus, exponent}: RsaKey, akPublic: Uint8Array): boolean {
	try {
		const {key} = parsePublicArea(akPublic);
		return key.type === 'rsa' && key.exponent === exponent && sameBytes(withoutZeros(key.modulus), modulus);
	} catch (error) {
		// A key that cannot be read was reported with the quote; it is not the named one in any case.
		if (!(error instanceof MalformedError)) throw error;
		return false;
	}
}

/** Big-endian numbers are equal without their leading zeros. */
function withoutZeros(bytes: Uint8Array): Uint8Array {
	const start = bytes.findIndex(byte => byte !== 0);
	return start === -1 ? new Uint8Array() : bytes.subarray(start);
}
