import type {Collateral, CollateralNeed} from '../../../attested.ts';
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
export function azureSnpNeeds({firmwareSigner, snp}: AzureSnpPolicy, document: Uint8Array, have: Collateral): CollateralNeed[] {
	const instance = readAzureSnpInstance(parseTpmDocument(document));
	const report = parseReport(instance.report);
	const {acceptedKeyDigests, enforcementPolicy, maaUrl} = firmwareSigner;
	const own = [...(instance.vcek ? [instance.vcek] : []), ...instance.chain];
	const isAsked = enforcementPolicy === 'MAAFallback' && !isListed(report.idKeyDigest, acceptedKeyDigests);
	const url = isAsked && maaUrl !== undefined ? maaKeysUrl(maaUrl) : undefined;
	return [
		...chipNeeds(report, own, snp, have),
		...(url === undefined || have.maaKeys?.has(url) ? [] : [{kind: 'maa-keys', url} as const]),
	];
}
