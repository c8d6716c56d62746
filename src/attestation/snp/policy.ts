import type {PolicyFields} from '../policy-fields.ts';
import {certificateField, certificatePem, integerField, nested} from '../policy-values.ts';
import type {SnpPolicy} from './judge-report.ts';
import {formatSnpRules, parseSnpRules, type SnpRules} from './rules.ts';
import type {Tcb, TcbPart} from './tcb.ts';

/** Keys of a policy that are about SEV-SNP: those of v2.9, and of ours `fmcVersion` and `snp`. */
export const snpPolicyKeys = [
	'bootloaderVersion',
	'teeVersion',
	'snpVersion',
	'microcodeVersion',
	'fmcVersion',
	'amdRootKey',
	'snp',
] as const;

const versionKeys: Readonly<Record<TcbPart, (typeof snpPolicyKeys)[number]>> = {
	fmc: 'fmcVersion',
	bootloader: 'bootloaderVersion',
	tee: 'teeVersion',
	snp: 'snpVersion',
	microcode: 'microcodeVersion',
};

/**
 * Reads the part of a policy that is about SEV-SNP. The four versions are needed, as numbers: `latest` belongs into the user's file
 * and is a number by the time a policy is made of it. Without a root key the pinned ones count.
 */
export function parseSnpPolicy(fields: PolicyFields, defaults: Pick<SnpRules, 'signer'>): SnpPolicy {
	const minimumTcb: Partial<Tcb> = {};
	for (const [part, key] of Object.entries(versionKeys) as [TcbPart, string][]) {
		const value = fields.json[key];
		if (typeof value === 'string' && value.toLowerCase() === 'latest') {
			fields.problems.push({path: key, message: 'is “latest”, which has to be replaced by a number first'});
		} else if (value === undefined && part !== 'fmc') {
			fields.problems.push({path: key, message: 'is missing'});
		} else {
			const level = integerField(fields, key, {min: 0, max: 255});
			if (level !== undefined) minimumTcb[part] = level;
		}
	}
	const root = certificateField(fields, 'amdRootKey');
	const rules = nested(fields, 'snp', inner => parseSnpRules(inner, defaults)) ?? defaultRules(defaults);
	return {minimumTcb, ...(root ? {root} : {}), rules};
}

/** What parseSnpPolicy reads. The object `snp` is left out where it says nothing but the defaults, as v2.9 does not know it. */
export function formatSnpPolicy(
	{minimumTcb, root, rules}: SnpPolicy,
	defaults: Pick<SnpRules, 'signer'>,
): Record<string, unknown> {
	const versions = (Object.entries(versionKeys) as [TcbPart, string][]).flatMap(([part, key]) =>
		minimumTcb[part] === undefined ? [] : [[key, minimumTcb[part]] as const],
	);
	const isDefault = JSON.stringify(formatSnpRules(rules)) === JSON.stringify(formatSnpRules(defaultRules(defaults)));
	return {
		...Object.fromEntries(versions),
		...(root ? {amdRootKey: certificatePem(root)} : {}),
		...(isDefault ? {} : {snp: formatSnpRules(rules)}),
	};
}

function defaultRules(defaults: Pick<SnpRules, 'signer'>): SnpRules {
	return parseSnpRules({json: {}, problems: []}, defaults);
}
