import {sameBytes, toHex} from '../bytes.ts';
import {type Finding, refusal, warning} from '../findings.ts';
import {guestPolicyBits, guestPolicyReservedOne, hasBit, platformBits, unknownBits} from './bits.ts';
import type {SnpReport} from './report.ts';
import type {SnpRules} from './rules.ts';

/** Versions of the report whose fields are all known here. */
const knownVersions = {first: 2, last: 5};

/** Judges what a report says of the guest and its platform. Signature, certificate and TCB are judged elsewhere. */
export function judgeGuest(report: SnpReport, rules: SnpRules): Finding[] {
	return [
		...judgeVersion(report, rules),
		...judgeGuestPolicy(report, rules),
		...judgePlatform(report, rules),
		...judgeIdentity(report, rules),
	];
}

function unknown(rules: SnpRules, code: Finding['code'], message: string, actual: string): Finding {
	return {code, severity: rules.unknown, message, actual};
}

function judgeVersion({version}: SnpReport, rules: SnpRules): Finding[] {
	if (version < knownVersions.first) {
		const sentence = `The report has version ${version}, from before the first released firmware.`;
		return [refusal('snp-version-unknown', sentence, {actual: String(version)})];
	}
	if (version <= knownVersions.last) return [];
	const sentence = `The report has version ${version}; only what version ${knownVersions.last} says is checked.`;
	return [unknown(rules, 'snp-version-unknown', sentence, String(version))];
}

function judgeGuestPolicy({policy}: SnpReport, rules: SnpRules): Finding[] {
	const findings: Finding[] = [];
	for (const [name, bit] of Object.entries(guestPolicyBits)) {
		const wanted = rules.guestPolicy[name as keyof typeof guestPolicyBits];
		if (wanted === undefined || hasBit(policy, bit) === wanted) continue;
		const values = {expected: String(wanted), actual: String(!wanted)};
		findings.push(
			name === 'debug'
				? refusal('snp-debug', 'The host may debug this guest: it can read and change its memory.', values)
				: refusal('snp-guest-policy', `The guest was started with the policy bit ${name} ${wanted ? 'off' : 'on'}.`, values),
		);
	}
	const bits = unknownBits(policy, [...Object.values(guestPolicyBits), guestPolicyReservedOne], 16);
	if (bits.length > 0) {
		const sentence = `The guest policy has bits that are not known here: ${bits.join(', ')}.`;
		findings.push(unknown(rules, 'snp-bits-unknown', sentence, bits.join(',')));
	}
	return findings;
}

function judgePlatform({platformInfo}: SnpReport, rules: SnpRules): Finding[] {
	const findings: Finding[] = [];
	for (const [name, bit] of Object.entries(platformBits)) {
		const wanted = rules.platform[name as keyof typeof platformBits];
		if (wanted === undefined || hasBit(platformInfo, bit) === wanted) continue;
		const values = {expected: String(wanted), actual: String(!wanted)};
		findings.push(refusal('snp-platform', `The platform reports ${name} ${wanted ? 'off' : 'on'}.`, values));
	}
	const bits = unknownBits(platformInfo, Object.values(platformBits));
	if (bits.length > 0) {
		const sentence = `The platform reports bits that are not known here: ${bits.join(', ')}.`;
		findings.push(unknown(rules, 'snp-bits-unknown', sentence, bits.join(',')));
	}
	return findings;
}

function judgeIdentity(report: SnpReport, rules: SnpRules): Finding[] {
	const findings: Finding[] = [];
	if (report.vmpl !== rules.vmpl) {
		const values = {expected: String(rules.vmpl), actual: String(report.vmpl)};
		findings.push(refusal('snp-vmpl', `The report was asked for at privilege level ${report.vmpl}.`, values));
	}
	if (report.guestSvn < rules.minimumGuestSvn) {
		const values = {expected: String(rules.minimumGuestSvn), actual: String(report.guestSvn)};
		findings.push(refusal('snp-guest-svn', `The guest has security version ${report.guestSvn}.`, values));
	}
	if (rules.launchMeasurements === undefined) {
		const actual = toHex(report.measurement);
		const sentence = 'The launch measurement was not compared: the policy names none.';
		findings.push(warning('snp-measurement-unchecked', sentence, {actual}));
	} else if (!isListed(report.measurement, rules.launchMeasurements)) {
		findings.push(
			refusal(
				'snp-measurement',
				'The guest was launched with another firmware.',
				values(report.measurement, rules.launchMeasurements),
			),
		);
	}
	if (rules.hostData && !sameBytes(report.hostData, rules.hostData)) {
		findings.push(
			refusal('snp-host-data', 'The host started the guest with other data.', values(report.hostData, [rules.hostData])),
		);
	}
	if (rules.idKeyDigests && !isListed(report.idKeyDigest, rules.idKeyDigests)) {
		const sentence = 'The identity of the guest was signed by a key that the policy does not name.';
		findings.push(refusal('snp-id-key', sentence, values(report.idKeyDigest, rules.idKeyDigests)));
	}
	return findings;
}

export function isListed(value: Uint8Array, list: readonly Uint8Array[]): boolean {
	return list.some(entry => sameBytes(entry, value));
}

function values(actual: Uint8Array, accepted: readonly Uint8Array[]): {expected: string; actual: string} {
	return {expected: accepted.map(toHex).join(' or '), actual: toHex(actual)};
}
