import {toHex} from '../bytes.ts';
import type {PolicyFields} from '../policy-fields.ts';
import {choiceField, hexField, hexListField, integerField, refuseUnknownKeys, switchesField} from '../policy-values.ts';
import {type GuestPolicyBit, guestPolicyBits, type PlatformBit, platformBits} from './bits.ts';

/** What a SEV-SNP report must say beside its TCB: the optional part of a policy, every key with a default. */
export type SnpRules = {
	/** Whose signature counts. */
	signer: 'vcek' | 'vlek' | 'any';
	vmpl: number;
	minimumGuestSvn: number;
	/** Bits that must have a value. Debugging and migration agents are off unless the policy says otherwise. */
	guestPolicy: Partial<Record<GuestPolicyBit, boolean>>;
	platform: Partial<Record<PlatformBit, boolean>>;
	/** One of these; without it the measurement is not compared, and that is said. */
	launchMeasurements?: readonly Uint8Array[];
	hostData?: Uint8Array;
	/** Digests of the key that signed the identity of the guest; a variant may have its own rule instead. */
	idKeyDigests?: readonly Uint8Array[];
	/** CSP_ID of a VLEK; without it a VLEK of any cloud provider counts, and that is said. */
	provider?: string;
	/** What happens to bits and versions that are not known here. */
	unknown: 'warn' | 'refuse';
	/** What happens when no current revocation list is there. */
	revocation: 'warn' | 'require';
};

const names = <T extends string>(bits: Readonly<Record<T, number>>): T[] => Object.keys(bits) as T[];
const keys = [
	'signer',
	'vmpl',
	'minimumGuestSvn',
	'guestPolicy',
	'platform',
	'launchMeasurements',
	'hostData',
	'idKeyDigests',
	'provider',
	'unknown',
	'revocation',
] as const;

/** Reads the object `snp` of a policy; `defaults` is what the variant takes where the policy is silent. */
export function parseSnpRules(fields: PolicyFields, defaults: Pick<SnpRules, 'signer'>): SnpRules {
	refuseUnknownKeys(fields, keys);
	const launchMeasurements = hexListField(fields, 'launchMeasurements', 48);
	const hostData = hexField(fields, 'hostData', 32);
	const idKeyDigests = hexListField(fields, 'idKeyDigests', 48);
	const provider = providerField(fields);
	return {
		signer: choiceField(fields, 'signer', ['vcek', 'vlek', 'any']) ?? defaults.signer,
		vmpl: integerField(fields, 'vmpl', {min: 0, max: 3}) ?? 0,
		minimumGuestSvn: integerField(fields, 'minimumGuestSvn', {min: 0, max: 0xffff_ffff}) ?? 0,
		guestPolicy: {debug: false, migrationAgent: false, ...switchesField(fields, 'guestPolicy', names(guestPolicyBits))},
		platform: switchesField(fields, 'platform', names(platformBits)) ?? {},
		...(launchMeasurements ? {launchMeasurements} : {}),
		...(hostData ? {hostData} : {}),
		...(idKeyDigests ? {idKeyDigests} : {}),
		...(provider === undefined ? {} : {provider}),
		unknown: choiceField(fields, 'unknown', ['warn', 'refuse']) ?? 'warn',
		revocation: choiceField(fields, 'revocation', ['warn', 'require']) ?? 'warn',
	};
}

function providerField({json, problems}: PolicyFields): string | undefined {
	const value = json['provider'];
	if (value === undefined) return undefined;
	if (typeof value === 'string' && /^[\u0020-\u007e]{1,256}$/.test(value)) return value;
	problems.push({path: 'provider', message: 'must be plain text of at most 256 characters'});
	return undefined;
}

/** What parseSnpRules reads; every value is written, so that a reader need not know the defaults. */
export function formatSnpRules(rules: SnpRules): Record<string, unknown> {
	return {
		signer: rules.signer,
		vmpl: rules.vmpl,
		minimumGuestSvn: rules.minimumGuestSvn,
		guestPolicy: rules.guestPolicy,
		platform: rules.platform,
		...(rules.launchMeasurements ? {launchMeasurements: rules.launchMeasurements.map(toHex)} : {}),
		...(rules.hostData ? {hostData: toHex(rules.hostData)} : {}),
		...(rules.idKeyDigests ? {idKeyDigests: rules.idKeyDigests.map(toHex)} : {}),
		...(rules.provider === undefined ? {} : {provider: rules.provider}),
		unknown: rules.unknown,
		revocation: rules.revocation,
	};
}
