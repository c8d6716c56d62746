import {createHash} from 'node:crypto';
import type {ValidatorDeps} from '../../attested.ts';
import {fromBase64, MalformedError, sameBytes, toHex} from '../../bytes.ts';
import {type Finding, refusal, warning} from '../../findings.ts';
import {isList} from '../../measurements.ts';
import {chipCertificates} from '../../snp/chip-certificates.ts';
import {checkChipKey} from '../../snp/chip-key.ts';
import {judgeReport, readReport, type SnpPolicy} from '../../snp/judge-report.ts';
import {reportSize} from '../../snp/report.ts';
import {readInstanceInfo, type TpmDocument} from './document.ts';
import type {TpmEvidence} from './validate.ts';

/**
 * What our nodes put into InstanceInfo where the TPM belongs to the host and the processor's report is asked for by the guest (AWS,
 * Google): the report, and the certificates that the host handed out with it (AMD 56421, GHCB, extended guest request).
 */
export type SnpPart = {report: Uint8Array; certificates: readonly Uint8Array[]};

const limits = {certificates: 8, certificate: 8192, machine: 4096} as const;
const label = Buffer.from('constellation/snp/v1\0', 'latin1');

/**
 * Report data that binds a report to one attestation key and one challenge: SHA-512(label ‖ SHA-256(TPMT_PUBLIC) ‖ extra data). It is
 * the guest's own word, so it proves something together with the quote only: registers show that honest software runs, and honest
 * software asks for reports on its own TPM's key.
 */
export function snpReportData(akPublic: Uint8Array, extraData: Uint8Array): Uint8Array {
	const key = createHash('sha256').update(akPublic).digest();
	return createHash('sha512').update(label).update(key).update(extraData).digest();
}

/**
 * Takes InstanceInfo `{machine, report, certificates}` apart: the report, and the document as it would be without one, whose
 * InstanceInfo says which machine it is in the variant's v2.9 form. Throws MalformedError.
 */
export function splitSnpPart(document: TpmDocument): {snp: SnpPart; document: TpmDocument} {
	const {machine, report, certificates = []} = readInstanceInfo(document, ['machine', 'report', 'certificates']);
	if (!isList(certificates) || certificates.length > limits.certificates)
		throw new MalformedError(`InstanceInfo.certificates: not a list of at most ${limits.certificates}`);
	const snp = {
		report: bytes(report, 'report', reportSize),
		certificates: certificates.map(certificate => bytes(certificate, 'certificates', limits.certificate)),
	};
	return {snp, document: {...document, instanceInfo: bytes(machine, 'machine', limits.machine)}};
}

function bytes(value: unknown, key: string, limit: number): Uint8Array {
	if (typeof value !== 'string' || value.length > limit * 2) throw new MalformedError(`InstanceInfo.${key}: not base64 text`);
	return fromBase64(value, `InstanceInfo.${key}`);
}

/** Writes what splitSnpPart reads. `machine`: InstanceInfo of the variant's v2.9 form. */
export function formatSnpPart({report, certificates}: SnpPart, machine: Uint8Array): Uint8Array {
	const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');
	const info = {machine: base64(machine), report: base64(report), certificates: certificates.map(base64)};
	return Buffer.from(JSON.stringify(info));
}

/** Judges the report, its key, and that it was made for this attestation key and this challenge. */
export function judgeSnpPart(
	{report: raw, certificates}: SnpPart,
	{document, extraData}: TpmEvidence,
	policy: SnpPolicy,
	{now, collateral = {}}: ValidatorDeps,
): Finding[] {
	const root = policy.root ? {root: policy.root} : {};
	const chipKey = checkChipKey(chipCertificates(certificates, collateral), policy.rules, {at: now(), ...root});
	const findings = [...chipKey.findings];
	const report = readReport(raw, findings);
	if (report) {
		findings.push(...judgeReport(report, chipKey, policy));
		const expected = snpReportData(document.akPublic, extraData);
		if (!sameBytes(expected, report.reportData)) {
			const values = {expected: toHex(expected), actual: toHex(report.reportData)};
			findings.push(
				refusal('snp-binding', 'The report of the processor was made for another attestation key or challenge.', values),
			);
		}
	}
	const sentence = 'The registers are the word of the host’s TPM; the processor vouches for the guest and its firmware.';
	return [...findings, warning('snp-host-tpm', sentence)];
}
