import {type Issuer, variantOids} from '../../../attested.ts';
import {MalformedError} from '../../../bytes.ts';
import type {DocumentSource} from '../../tpm-document/issue.ts';
import {issueTpmDocument} from '../../tpm-document/issue.ts';
import {parseHclReport} from '../hcl-report.ts';

/** What a node on an Azure confidential machine reaches. */
export type AzureSnpMachine = Pick<DocumentSource, 'tpm' | 'firmwareLog'> & {
	/** Content of NV index 0x01400001. */
	hclReport: () => Promise<Uint8Array>;
	/** PEM texts of the instance metadata service, `/metadata/THIM/amd/certification`: VCEK, then ASK and ARK. */
	certificates: () => Promise<{vcek: string; chain: string}>;
	/** A token of Microsoft Azure Attestation for this challenge; undefined where the machine's tags name no provider. */
	token: (extraData: Uint8Array) => Promise<string | undefined>;
};

/** Makes v2.9 azure-sev-snp evidence. */
export function azureSnpIssuer({tpm, firmwareLog, hclReport, certificates, token}: AzureSnpMachine): Issuer {
	const instanceInfo = async (extraData: Uint8Array): Promise<Uint8Array> => {
		const {kind, report, runtimeData} = parseHclReport(await hclReport());
		if (kind !== 'snp') throw new MalformedError('HCL report: not of SEV-SNP');
		const {vcek, chain} = await certificates();
		const info = {
			Vcek: base64(Buffer.from(vcek)),
			CertChain: base64(Buffer.from(chain)),
			AttestationReport: base64(report),
			RuntimeData: base64(runtimeData),
			MAAToken: (await token(extraData)) ?? '',
		};
		return Buffer.from(JSON.stringify(info));
	};
	return {
		oid: variantOids['azure-sev-snp'],
		issue: issueTpmDocument({tpm, ...(firmwareLog ? {firmwareLog} : {}), instanceInfo}),
	};
}

function base64(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('base64');
}
