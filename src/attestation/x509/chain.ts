import {MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {type Certificate, parseCertificate} from './certificate.ts';
import {judgePath} from './judge-path.ts';
import {type ParsedCertificate, searchPaths} from './paths.ts';
import {judgeRevocation, readLists} from './revocation.ts';
import type {ChainRules} from './rules.ts';
import {publicKeyFrom} from './signature.ts';

export type {ChainRules} from './rules.ts';

export type ChainInput = {
	/** DER certificates. The order of intermediates does not matter. */
	leaf: Uint8Array;
	intermediates: readonly Uint8Array[];
	/** Pinned: certificates that count because the verifier already has them. */
	roots: readonly Uint8Array[];
	/** Milliseconds since the epoch. */
	at: number;
	/** DER. */
	revocationLists: readonly Uint8Array[];
	rules: ChainRules;
};

const maximumCount = 16;

/**
 * Whether a path leads from the leaf to one of the pinned roots, and everything that is wrong with the best of the paths. Nothing but
 * its input decides. An empty result means: the chain holds and nothing about it is in doubt.
 */
export function verifyChain({leaf, intermediates, roots, at, revocationLists, rules}: ChainInput): Finding[] {
	if (Math.max(intermediates.length, roots.length, revocationLists.length) > maximumCount)
		return [refusal('chain-too-large', `More than ${maximumCount} certificates or lists came for ${rules.subject}.`)];
	const findings: Finding[] = [];
	const read = (der: Uint8Array, what: string): ParsedCertificate[] => {
		try {
			return [parsed(parseCertificate(der))];
		} catch (error) {
			if (!(error instanceof MalformedError)) throw error;
			findings.push(refusal('chain-malformed', `The ${what} of ${rules.subject} cannot be read: ${error.message}.`));
			return [];
		}
	};
	const [first] = read(leaf, 'certificate');
	const middle = intermediates.flatMap(der => read(der, 'intermediate certificate'));
	const anchors = roots.flatMap(der => read(der, 'root certificate'));
	const lists = readLists(revocationLists, findings);
	if (!first) return findings;
	const search = searchPaths(first, middle, anchors, rules);
	if ('finding' in search) return [...findings, search.finding];
	const verdicts = search.paths.map(path => [...judgePath(path, at, rules), ...judgeRevocation(path, lists, at, rules)]);
	const [best = []] = verdicts.toSorted((left, right) => weight(left) - weight(right));
	return [...findings, ...best];
}

/** A refusal weighs more than any number of warnings. */
function weight(findings: readonly Finding[]): number {
	return findings.reduce((sum, {severity}) => sum + (severity === 'refuse' ? 1000 : 1), 0);
}

function parsed(certificate: Certificate): ParsedCertificate {
	return {...certificate, key: publicKeyFrom(certificate.publicKey)};
}
