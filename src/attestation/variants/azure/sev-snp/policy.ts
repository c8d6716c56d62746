import {toHex} from '../../../bytes.ts';
import {formatMeasurements, type Measurements} from '../../../measurements.ts';
import type {PolicyFields} from '../../../policy-fields.ts';
import {hexListField, nested, refuseUnknownKeys} from '../../../policy-values.ts';
import type {SnpPolicy} from '../../../snp/judge-report.ts';
import {formatSnpPolicy, parseSnpPolicy, snpPolicyKeys} from '../../../snp/policy.ts';

export const enforcementPolicies = ['Equal', 'MAAFallback', 'WarnOnly'] as const;

/** Which keys may have signed the identity of the firmware, and what happens when another one did. */
export type FirmwareSigner = {
	acceptedKeyDigests: readonly Uint8Array[];
	enforcementPolicy: (typeof enforcementPolicies)[number];
	/** Base address of the provider of Microsoft Azure Attestation. */
	maaUrl?: string;
};

export type AzureSnpPolicy = {
	variant: 'azure-sev-snp';
	measurements: Measurements;
	firmwareSigner: FirmwareSigner;
	snp: SnpPolicy;
};

/** Azure's chips sign with their own keys. */
const defaults = {signer: 'vcek'} as const;

/** Reads the v2.9 form with our optional keys. */
export function parseAzureSnpPolicy(fields: PolicyFields, measurements: Measurements): AzureSnpPolicy | undefined {
	refuseUnknownKeys(fields, ['measurements', ...snpPolicyKeys, 'firmwareSignerConfig']);
	const snp = parseSnpPolicy(fields, defaults);
	if (snp.rules.idKeyDigests) {
		fields.problems.push({path: 'snp.idKeyDigests', message: 'belongs into firmwareSignerConfig.acceptedKeyDigests'});
	}
	const firmwareSigner = nested(fields, 'firmwareSignerConfig', parseFirmwareSigner);
	if (fields.json['firmwareSignerConfig'] === undefined)
		fields.problems.push({path: 'firmwareSignerConfig', message: 'is missing'});
	return firmwareSigner && {variant: 'azure-sev-snp', measurements, firmwareSigner, snp};
}

function parseFirmwareSigner(fields: PolicyFields): FirmwareSigner {
	refuseUnknownKeys(fields, ['acceptedKeyDigests', 'enforcementPolicy', 'maaURL']);
	const {acceptedKeyDigests, maaURL} = fields.json;
	// An older form has one digest instead of a list; a list may be empty where something else decides.
	const isOne = typeof acceptedKeyDigests === 'string';
	const isEmpty = Array.isArray(acceptedKeyDigests) && acceptedKeyDigests.length === 0;
	const list = {problems: fields.problems, json: {acceptedKeyDigests: isOne ? [acceptedKeyDigests] : acceptedKeyDigests}};
	const digests = isEmpty ? [] : hexListField(list, 'acceptedKeyDigests', 48);
	if (acceptedKeyDigests === undefined) fields.problems.push({path: 'acceptedKeyDigests', message: 'is missing'});
	const maaUrl = readUrl(fields, maaURL);
	return {
		acceptedKeyDigests: digests ?? [],
		enforcementPolicy: readEnforcement(fields),
		...(maaUrl === undefined ? {} : {maaUrl}),
	};
}

/** Any case; older forms have true for Equal and false for WarnOnly. */
function readEnforcement({json, problems}: PolicyFields): FirmwareSigner['enforcementPolicy'] {
	const value = json['enforcementPolicy'];
	if (typeof value === 'boolean') return value ? 'Equal' : 'WarnOnly';
	const found = enforcementPolicies.find(name => typeof value === 'string' && name.toLowerCase() === value.toLowerCase());
	if (!found) problems.push({path: 'enforcementPolicy', message: `must be one of ${enforcementPolicies.join(', ')}`});
	return found ?? 'Equal';
}

function readUrl({problems}: PolicyFields, value: unknown): string | undefined {
	if (value === undefined || value === '') return undefined;
	if (typeof value === 'string' && value.length <= 512 && URL.canParse(value) && new URL(value).protocol === 'https:')
		return value;
	problems.push({path: 'maaURL', message: 'must be an address that starts with https://'});
	return undefined;
}

/** Keys in v2.9's order, ours behind them. */
export function formatAzureSnpPolicy({measurements, firmwareSigner, snp}: AzureSnpPolicy): Record<string, unknown> {
	const {bootloaderVersion, teeVersion, snpVersion, microcodeVersion, ...rest} = formatSnpPolicy(snp, defaults);
	const {acceptedKeyDigests, enforcementPolicy, maaUrl} = firmwareSigner;
	return {
		measurements: formatMeasurements(measurements),
		bootloaderVersion,
		teeVersion,
		snpVersion,
		microcodeVersion,
		firmwareSignerConfig: {
			acceptedKeyDigests: acceptedKeyDigests.map(digest => toHex(digest)),
			enforcementPolicy,
			...(maaUrl === undefined ? {} : {maaURL: maaUrl}),
		},
		...rest,
	};
}
