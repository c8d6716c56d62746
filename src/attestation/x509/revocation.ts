import {MalformedError, sameBytes, toHex} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {mayBeUsedFor} from './extensions.ts';
import {nameOf} from './judge-path.ts';
import type {ParsedCertificate, Path} from './paths.ts';
import {parseRevocationList, type RevocationList} from './revocation-list.ts';
import type {ChainRules} from './rules.ts';
import {isSignedWith} from './signature.ts';

/** Reads what can be read; the rest becomes a finding. */
export function readLists(lists: readonly Uint8Array[], findings: Finding[]): RevocationList[] {
	return lists.flatMap(der => {
		try {
			return [parseRevocationList(der)];
		} catch (error) {
			if (!(error instanceof MalformedError)) throw error;
			findings.push(refusal('revocation-list-malformed', `A revocation list cannot be read: ${error.message}.`));
			return [];
		}
	});
}

/** Looks every certificate below the root up in the lists of its issuer. That nobody could look is said too. */
export function judgeRevocation(path: Path, lists: readonly RevocationList[], at: number, rules: ChainRules): Finding[] {
	return path.slice(0, -1).flatMap((certificate, index) => {
		const issuer = path[index + 1];
		const hasList = lists.some(list => issuer && sameBytes(list.issuer, issuer.subject));
		if (index === 0 && rules.listsOf === 'authorities' && !hasList) return [];
		return issuer ? judgeOne(certificate, issuer, lists, at, rules.revocation, nameOf(path, index, rules.subject)) : [];
	});
}

function judgeOne(
	{serial}: ParsedCertificate,
	issuer: ParsedCertificate,
	lists: readonly RevocationList[],
	at: number,
	mode: ChainRules['revocation'],
	what: string,
): Finding[] {
	const named = lists.filter(list => sameBytes(list.issuer, issuer.subject));
	const signed = named.filter(list => isSignedBy(list, issuer));
	// An authority with a new key keeps its name, so lists of both may be there; one that is signed has to be.
	if (named.length > 0 && signed.length === 0)
		return [refusal('revocation-list-untrusted', `${what} has a revocation list that its issuer did not sign.`)];
	// What was revoked once stays so, also where the list is outdated.
	if (signed.some(list => list.revoked.has(toHex(serial))))
		return [refusal('chain-revoked', `${what} was revoked by its issuer.`)];
	if (signed.some(list => list.thisUpdate.getTime() <= at && at <= list.nextUpdate.getTime())) return [];
	const severity = mode === 'require' ? 'refuse' : 'warn';
	return signed.length > 0
		? [{code: 'revocation-list-outdated', severity, message: `${what} could only be looked up in an outdated revocation list.`}]
		: [{code: 'revocation-unchecked', severity, message: `${what} was not looked up in a revocation list; none is there.`}];
}

function isSignedBy({signedPart, signatureAlgorithm, signature}: RevocationList, issuer: ParsedCertificate): boolean {
	if (!signatureAlgorithm || !issuer.key || !maySignLists(issuer)) return false;
	return isSignedWith({content: signedPart, algorithm: signatureAlgorithm, signature}, issuer.key);
}

function maySignLists(issuer: ParsedCertificate): boolean {
	try {
		return mayBeUsedFor(issuer, 'cRLSign') !== false;
	} catch (error) {
		// The judgement of the path says that the extension cannot be read.
		if (error instanceof MalformedError) return false;
		throw error;
	}
}
