import type {CollateralNeed} from '../../../attested.ts';
import {isListed} from '../../../snp/judge-guest.ts';
import {chipNeeds} from '../../../snp/needs.ts';
import {parseReport} from '../../../snp/report.ts';
import {parseTpmDocument} from '../../tpm-document/document.ts';
import {readAzureSnpInstance} from './document.ts';
import type {AzureSnpPolicy} from './policy.ts';

/** Where a provider of Microsoft Azure Attestation publishes its keys; they are collateral under this address. */
export function maaKeysUrl(maaUrl: string): string {
	return `${maaUrl.replace(/\/+$/, '')}/certs`;
}

/** What an azure-sev-snp document leaves out. Throws MalformedError for one that cannot be read. */
export function azureSnpNeeds({firmwareSigner}: AzureSnpPolicy, document: Uint8Array): CollateralNeed[] {
	const instance = readAzureSnpInstance(parseTpmDocument(document));
	const report = parseReport(instance.report);
	const {acceptedKeyDigests, enforcementPolicy, maaUrl} = firmwareSigner;
	const asksProvider = enforcementPolicy === 'MAAFallback' && !isListed(report.idKeyDigest, acceptedKeyDigests);
	return [
		...chipNeeds(report, [...(instance.vcek ? [instance.vcek] : []), ...instance.chain]),
		...(asksProvider && maaUrl !== undefined ? [{kind: 'maa-keys', url: maaKeysUrl(maaUrl)} as const] : []),
	];
}
