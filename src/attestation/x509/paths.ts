import type {KeyObject} from 'node:crypto';
import {sameBytes} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import type {Certificate} from './certificate.ts';
import {isSignedWith} from './signature.ts';

/** `key` is undefined where the library does not know the kind of key. */
export type ParsedCertificate = Certificate & {key: KeyObject | undefined};

/** Certificates from the leaf to a pinned root; each is signed by the next. */
export type Path = readonly ParsedCertificate[];

/** Enough for every real chain; certificates that issue each other in all directions must not take time. */
const maximumPaths = 16;
const maximumSteps = 500;

/** All paths whose names and signatures lead to a root, or why there is none. Nothing else about them is checked. */
export function searchPaths(
	leaf: ParsedCertificate,
	intermediates: readonly ParsedCertificate[],
	roots: readonly ParsedCertificate[],
	{subject, maximumLength}: {subject: string; maximumLength: number},
): {paths: readonly Path[]} | {finding: Finding} {
	const isSigned = rememberedSignatures();
	const paths: Path[] = [];
	const seen = {steps: 0, tooLong: false};
	/** The path that got furthest: where it ends tells what is missing. */
	let furthest: Path = [leaf];

	function follow(path: Path): void {
		const current = path.at(-1);
		if (!current || paths.length >= maximumPaths || seen.steps++ > maximumSteps) return;
		if (path.length > furthest.length) furthest = path;
		const next = (candidates: readonly ParsedCertificate[]): ParsedCertificate[] =>
			candidates.filter(candidate => !isOneOf(candidate, path) && isSigned(current, candidate));
		const ends = next(roots);
		const further = next(intermediates.filter(candidate => !isOneOf(candidate, roots)));
		if (path.length >= maximumLength && ends.length + further.length > 0) {
			seen.tooLong = true;
			return;
		}
		paths.push(...ends.map(root => [...path, root]));
		for (const step of further) follow([...path, step]);
	}

	follow([leaf]);
	if (paths.length > 0) return {paths};
	if (seen.tooLong)
		return {finding: refusal('chain-too-large', `The chain of ${subject} is longer than ${maximumLength} certificates.`)};
	return {finding: diagnose(furthest, [...intermediates, ...roots], subject)};
}

function diagnose(path: Path, others: readonly ParsedCertificate[], subject: string): Finding {
	const end = path.at(-1);
	if (!end) return refusal('chain-incomplete', `Nothing certifies ${subject}.`);
	if (sameBytes(end.issuer, end.subject)) {
		return path.length === 1
			? refusal('chain-self-issued', `The certificate of ${subject} certifies itself.`)
			: refusal('chain-untrusted', `The chain of ${subject} ends at a root that is not one of the pinned ones.`);
	}
	if (others.some(other => sameBytes(other.subject, end.issuer)))
		return refusal('chain-signature', `A certificate in the chain of ${subject} is not signed by its issuer.`);
	return refusal(
		'chain-incomplete',
		`The chain of ${subject} does not reach a pinned root: a certificate in between is missing.`,
	);
}

function isOneOf(certificate: ParsedCertificate, others: readonly ParsedCertificate[]): boolean {
	return others.some(other => sameBytes(other.raw, certificate.raw));
}

/** Whether the second certificate issued the first, by name and signature; each pair is computed once. */
function rememberedSignatures(): (certificate: ParsedCertificate, issuer: ParsedCertificate) => boolean {
	const known = new Map<ParsedCertificate, Map<ParsedCertificate, boolean>>();
	return (certificate, issuer) => {
		const answers = known.get(certificate) ?? new Map<ParsedCertificate, boolean>();
		known.set(certificate, answers);
		const answer = answers.get(issuer) ?? isIssuedBy(certificate, issuer);
		answers.set(issuer, answer);
		return answer;
	};
}

function isIssuedBy({issuer, signedPart, signatureAlgorithm, signature}: ParsedCertificate, by: ParsedCertificate): boolean {
	if (!signatureAlgorithm || !by.key || !sameBytes(issuer, by.subject)) return false;
	return isSignedWith({content: signedPart, algorithm: signatureAlgorithm, signature}, by.key);
}
