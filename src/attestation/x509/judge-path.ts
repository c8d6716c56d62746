import {MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {basicConstraints, extensionIds, mayBeUsedFor} from './extensions.ts';
import type {ParsedCertificate, Path} from './paths.ts';
import type {ChainRules} from './rules.ts';

/** Everything about a path but names, signatures and revocation: dates, authority, path lengths, keys, algorithms. */
export function judgePath(path: Path, at: number, rules: ChainRules): Finding[] {
	return path.flatMap((certificate, index) => {
		const what = nameOf(path, index, rules.subject);
		try {
			return [
				...judgeDates(certificate, at, what, index > 0 && index === path.length - 1),
				...judgeRole(certificate, index, what),
				...judgeAlgorithms(certificate, rules, what, index === path.length - 1),
				...judgeExtensions(certificate, rules, what),
			];
		} catch (error) {
			if (!(error instanceof MalformedError)) throw error;
			return [refusal('chain-malformed', `${what} has an extension that cannot be read: ${error.message}.`)];
		}
	});
}

/** How a sentence speaks of one certificate; its own names are the peer's words. */
export function nameOf(path: Path, index: number, subject: string): string {
	if (index === 0) return `The certificate of ${subject}`;
	if (index === path.length - 1) return `The pinned root that certifies ${subject}`;
	return `Intermediate certificate ${index} of ${subject}`;
}

function judgeDates({notBefore, notAfter}: ParsedCertificate, at: number, what: string, isRoot: boolean): Finding[] {
	const now = new Date(at).toISOString();
	if (at < notBefore.getTime()) {
		const values = {expected: `from ${notBefore.toISOString()}`, actual: now};
		return [refusal('chain-not-yet-valid', `${what} is not valid yet.`, values)];
	}
	if (at <= notAfter.getTime()) return [];
	const values = {expected: `until ${notAfter.toISOString()}`, actual: now};
	return [refusal(isRoot ? 'chain-root-expired' : 'chain-expired', `${what} has expired.`, values)];
}

/** The leaf is no authority; everything above it is one, with room for what lies below. */
function judgeRole(certificate: ParsedCertificate, index: number, what: string): Finding[] {
	const {authority, pathLength = Number.POSITIVE_INFINITY} = basicConstraints(certificate);
	if (index === 0) return authority ? [refusal('chain-authority', `${what} is the certificate of an authority.`)] : [];
	const findings: Finding[] = [];
	if (!authority || mayBeUsedFor(certificate, 'keyCertSign') !== true)
		findings.push(refusal('chain-authority', `${what} may not issue certificates.`));
	if (index - 1 > pathLength) findings.push(refusal('chain-path-length', `${what} allows fewer certificates below it.`));
	return findings;
}

function judgeAlgorithms(certificate: ParsedCertificate, rules: ChainRules, what: string, isRoot: boolean): Finding[] {
	const findings: Finding[] = [];
	const {signatureAlgorithm, key} = certificate;
	// What a root signs itself with proves nothing; it counts because it is pinned.
	if (!isRoot && !(signatureAlgorithm && rules.signatures.includes(signatureAlgorithm)))
		findings.push(refusal('chain-algorithm', `${what} is signed with an algorithm that this chain does not use.`));
	const details = key?.asymmetricKeyDetails;
	const isRsa = key?.asymmetricKeyType === 'rsa' && details?.publicExponent === 65_537n;
	const isStrongRsa = isRsa && (details.modulusLength ?? 0) >= (rules.minimumRsaBits ?? Number.POSITIVE_INFINITY);
	const isKnownCurve = key?.asymmetricKeyType === 'ec' && rules.curves.includes(details?.namedCurve ?? '');
	if (!isStrongRsa && !isKnownCurve) findings.push(refusal('chain-algorithm', `${what} has a key that this chain does not use.`));
	return findings;
}

function judgeExtensions({extensions}: ParsedCertificate, rules: ChainRules, what: string): Finding[] {
	const understood: readonly string[] = [extensionIds.keyUsage, extensionIds.basicConstraints, ...(rules.understood ?? [])];
	return extensions.some(({oid, critical}) => critical && !understood.includes(oid))
		? [refusal('chain-extension', `${what} has a critical extension that is not known.`)]
		: [];
}
