import {type Issuer, variantOids} from '../../attested.ts';
import {parseCertificateTable} from '../../snp/certificate-table.ts';
import {type DocumentSource, issueTpmDocument} from './issue.ts';
import {formatSnpPart, snpReportData} from './snp-part.ts';

/** What a guest with SEV-SNP and a TPM of its host reaches. */
export type SnpMachine = Pick<DocumentSource, 'tpm' | 'firmwareLog' | 'withCertificate'> & {
	/** Extended guest request (on Linux configfs-tsm): the report over 64 bytes, and the host's certificate table, maybe empty. */
	report: (reportData: Uint8Array) => Promise<{report: Uint8Array; certificateTable: Uint8Array}>;
	/** InstanceInfo in the v2.9 form of the cloud: which machine this is. */
	instance: () => Promise<Uint8Array>;
};

/** Makes evidence of aws-sev-snp (with a report) and gcp-sev-snp. Not tested on hardware. */
export function snpIssuer(variant: 'aws-sev-snp' | 'gcp-sev-snp', {report, instance, ...source}: SnpMachine): Issuer {
	const instanceInfo = async (extraData: Uint8Array): Promise<Uint8Array> => {
		const key = await source.tpm.attestationKey();
		const answer = await report(snpReportData(key.public, extraData));
		const certificates = answer.certificateTable.length > 0 ? parseCertificateTable(answer.certificateTable) : [];
		return formatSnpPart({report: answer.report, certificates}, await instance());
	};
	return {oid: variantOids[variant], issue: issueTpmDocument({...source, instanceInfo})};
}
