import {fromBase64, MalformedError} from '../../../bytes.ts';
import {reportSize} from '../../../snp/report.ts';
import {certificatesInPem} from '../../../x509/pem.ts';
import {readInstanceInfo, type TpmDocument} from '../../tpm-document/document.ts';

/** InstanceInfo of a v2.9 azure-sev-snp document. */
export type AzureSnpInstance = {
	/** DER; undefined when the node brought none. */
	vcek?: Uint8Array;
	/** DER: ASK, ARK. */
	chain: readonly Uint8Array[];
	report: Uint8Array;
	/** JSON, exact bytes. */
	runtimeData: Uint8Array;
	/** Compact JWS, or empty. */
	maaToken: string;
};

const keys = ['Vcek', 'CertChain', 'AttestationReport', 'RuntimeData', 'MAAToken'] as const;
/** The header of the runtime data, which lies behind the report and which some nodes send along. */
const dataHeaderSize = 20;

/** Reads what a node says of its processor. Throws MalformedError. */
export function readAzureSnpInstance(document: TpmDocument): AzureSnpInstance {
	const info = readInstanceInfo(document, keys);
	const bytes = (key: (typeof keys)[number], limit: number): Uint8Array => {
		const value = info[key] ?? '';
		if (typeof value !== 'string' || value.length > limit * 2) throw new MalformedError(`InstanceInfo.${key}: not base64 text`);
		const decoded = fromBase64(value, `InstanceInfo.${key}`);
		if (decoded.length > limit) throw new MalformedError(`InstanceInfo.${key}: more than ${limit} bytes`);
		return decoded;
	};
	const report = bytes('AttestationReport', reportSize + dataHeaderSize);
	if (report.length !== reportSize && report.length !== reportSize + dataHeaderSize)
		throw new MalformedError(`InstanceInfo.AttestationReport: ${report.length} bytes`);
	const maaToken = info['MAAToken'] ?? '';
	if (typeof maaToken !== 'string') throw new MalformedError('InstanceInfo.MAAToken: not a text');
	const [vcek] = certificatesInPem(bytes('Vcek', 8192), {bytes: 8192, count: 1});
	return {
		...(vcek ? {vcek} : {}),
		chain: certificatesInPem(bytes('CertChain', 16_384), {bytes: 16_384, count: 4}),
		report: report.subarray(0, reportSize),
		runtimeData: bytes('RuntimeData', 8192),
		maaToken,
	};
}
