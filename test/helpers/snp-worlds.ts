import {createHash} from 'node:crypto';
import {type Collateral, makeExtraData} from '../../src/attestation/attested.ts';
import {toHex} from '../../src/attestation/bytes.ts';
import {formatGcpInstance} from '../../src/attestation/variants/gcp/instance.ts';
import {snpReportData} from '../../src/attestation/variants/tpm-document/snp-part.ts';
import {forgeQuote, nonce, registers, userData} from './forge.ts';
import {maaUrl, pem, providerKeys} from './forge-azure.ts';
import {forgeRevocationList} from './forge-chain.ts';
import {gceEvents, registersAfter} from './forge-document.ts';
import {ark, type EndorsementKnobs, le, loaded, type Patch} from './forge-snp.ts';
import {awsDocument, gcpInstance, text} from './tpm-worlds.ts';

export type CloudVariant = 'aws-sev-snp' | 'gcp-sev-snp';
export type SnpVariant = CloudVariant | 'azure-sev-snp';

export const {akPublic} = forgeQuote();
export const events = gceEvents({technology: 4});
export const extraData = makeExtraData(userData, nonce);
export const versions = {bootloaderVersion: 3, teeVersion: 0, snpVersion: 20, microcodeVersion: 209};

/** Which machine it is, in the v2.9 form of the cloud. */
export const machines: Readonly<Record<CloudVariant, Uint8Array>> = {
	'aws-sev-snp': text(awsDocument),
	'gcp-sev-snp': formatGcpInstance(gcpInstance),
};

/** A key of the provider on AWS, of the chip on Google Cloud. */
export const keys: Readonly<
	Record<CloudVariant, {certificate: EndorsementKnobs; fields: Patch; rules: Record<string, unknown>}>
> = {
	'aws-sev-snp': {certificate: loaded, fields: {keyInfo: le.u32(1 << 2)}, rules: {provider: 'Example Cloud'}},
	'gcp-sev-snp': {certificate: {}, fields: {}, rules: {}},
};

/** What an honest report on the forger's attestation key says. */
export const honestFields = (variant: CloudVariant): Patch => ({
	reportData: snpReportData(akPublic, extraData),
	...keys[variant].fields,
});

export function measurementsOf(variant: SnpVariant): Record<string, unknown> {
	const values = variant === 'gcp-sev-snp' ? registersAfter(events) : registers;
	return Object.fromEntries(
		[0, 4, 15].map(index => [index, {expected: toHex(values[index] ?? new Uint8Array()), warnOnly: false}]),
	);
}

/** A policy that accepts an honest machine, as the cluster holds it. */
export function policyOf(variant: SnpVariant): Record<string, unknown> {
	const rules = {launchMeasurements: ['4d'.repeat(48)], ...(variant === 'azure-sev-snp' ? {} : keys[variant].rules)};
	const firmwareSignerConfig = {acceptedKeyDigests: ['1d'.repeat(48)], enforcementPolicy: 'MAAFallback', maaURL: maaUrl};
	return {
		measurements: measurementsOf(variant),
		...versions,
		amdRootKey: pem(ark().der),
		snp: rules,
		...(variant === 'azure-sev-snp'
			? {firmwareSignerConfig}
			: {attestationKeys: [createHash('sha256').update(akPublic).digest('hex')]}),
	};
}

export const collateral = (): Collateral => ({
	revocationLists: [forgeRevocationList({issuer: ark(), algorithm: 'rsa-pss-sha384'})],
	machineImages: new Map([[`${awsDocument.region}/${awsDocument.imageId}`, {tpmSupport: 'v2.0'}]]),
	maaKeys: new Map([[`${maaUrl}/certs`, providerKeys()]]),
});
