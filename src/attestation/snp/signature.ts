import {type KeyObject, verify} from 'node:crypto';
import {join, MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import type {SnpReport} from './report.ts';

/** The only algorithm that the ABI specification defines: ECDSA P-384 with SHA-384. */
const ecdsaP384Sha384 = 1;
const scalarSize = 48;

/** Checks the signature of a report over its raw bytes; what a later version puts into reserved bytes is covered too. */
export function judgeReportSignature(report: SnpReport, key: KeyObject): Finding[] {
	if (report.signatureAlgorithm !== ecdsaP384Sha384) {
		const actual = String(report.signatureAlgorithm);
		return [refusal('snp-algorithm-unknown', `The report is signed with the unknown algorithm ${actual}.`, {actual})];
	}
	let signature: Uint8Array;
	try {
		signature = join(bigEndian(report.signature.r), bigEndian(report.signature.s));
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return [refusal('snp-signature-invalid', `The signature of the report cannot be read: ${error.message}.`)];
	}
	if (key.asymmetricKeyDetails?.namedCurve === 'secp384r1') {
		if (verify('sha384', report.signed, {key, dsaEncoding: 'ieee-p1363'}, signature)) return [];
	}
	return [refusal('snp-signature-invalid', 'The signature of the report does not belong to the report and its certificate.')];
}

/** 72 bytes, little-endian, of which a P-384 number fills the low 48. */
function bigEndian(bytes: Uint8Array): Uint8Array {
	if (bytes.subarray(scalarSize).some(byte => byte !== 0)) throw new MalformedError('number: too big for the curve P-384');
	return Uint8Array.from(bytes.subarray(0, scalarSize)).reverse();
}
