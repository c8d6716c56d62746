import {fromHex, MalformedError, sameBytes, toHex} from '../../bytes.ts';
import {type Finding, refusal, warning} from '../../findings.ts';
import {isObject} from '../../measurements.ts';
import type {SnpReport} from '../../snp/report.ts';
import {isSignedByProvider, type MaaToken, parseMaaToken} from './maa-token.ts';

export type TokenContext = {
	/** Base address of the provider, as the policy names it. */
	issuer: string;
	/** The provider's JWK set, if it was fetched. */
	keys: Uint8Array | undefined;
	/** Milliseconds since the epoch. */
	at: number;
	/** Challenge of the evidence; the token was made for it. */
	extraData: Uint8Array;
	report: SnpReport;
};

/** Clocks may differ by this much. */
const leeway = 60;

/**
 * Judges the word of Microsoft Azure Attestation for an identity key that the policy does not name. It counts only for this
 * challenge and for this very report; then it is a warning, so that people see what was trusted.
 */
export function judgeToken(text: string, context: TokenContext): Finding[] {
	if (text === '') return [refusal('maa-token-missing', 'The identity key is not in the policy, and no token vouches for it.')];
	let token: MaaToken;
	try {
		token = parseMaaToken(text);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return [refusal('maa-token-malformed', `The token of the attestation provider cannot be read: ${error.message}.`)];
	}
	if (!context.keys) return [refusal('maa-keys-missing', 'The keys of the attestation provider are not there.')];
	if (!isSignedByProvider(token, context.keys))
		return [refusal('maa-token-signature', 'The token is not signed by a key of the attestation provider.')];
	const findings = [...judgeIssue(token, context), ...judgeSubject(token, context)];
	if (findings.length > 0) return findings;
	const actual = toHex(context.report.idKeyDigest);
	return [
		warning('maa-token-accepted', 'The identity key is not in the policy; Microsoft Azure Attestation vouches for it.', {actual}),
	];
}

function judgeIssue({claims}: MaaToken, {issuer, at, extraData}: TokenContext): Finding[] {
	const findings: Finding[] = [];
	const {iss, exp, nbf, iat} = claims;
	if (typeof iss !== 'string' || withoutSlash(iss) !== withoutSlash(issuer)) {
		findings.push(refusal('maa-token-issuer', 'The token was issued by another attestation provider than the policy names.'));
	}
	const now = at / 1000;
	if (
		typeof exp !== 'number' ||
		now > exp + leeway ||
		[nbf ?? 0, iat ?? 0].some(time => typeof time !== 'number' || time > now + leeway)
	) {
		findings.push(refusal('maa-token-time', 'The token has expired or is not valid yet.'));
	}
	const nonce = claimAt(claims, 'x-ms-runtime', 'client-payload', 'nonce');
	if (nonce !== Buffer.from(extraData).toString('base64')) {
		findings.push(refusal('maa-token-nonce', 'The token was made for another challenge.'));
	}
	return findings;
}

/** Claims that a token about a SEV-SNP machine must have, and those that must agree where it has them. */
function judgeSubject({claims}: MaaToken, {report}: TokenContext): Finding[] {
	const claim = (name: string): unknown => claimAt(claims, 'x-ms-isolation-tee', name);
	const must: [string, Uint8Array][] = [
		['x-ms-sevsnpvm-reportid', report.reportId],
		['x-ms-sevsnpvm-reportdata', report.reportData],
		['x-ms-sevsnpvm-idkeydigest', report.idKeyDigest],
		['x-ms-sevsnpvm-launchmeasurement', report.measurement],
	];
	const may: [string, unknown][] = [
		['x-ms-sevsnpvm-vmpl', report.vmpl],
		['x-ms-sevsnpvm-guestsvn', report.guestSvn],
		['x-ms-sevsnpvm-is-debuggable', false],
		['x-ms-compliance-status', 'azure-compliant-cvm'],
	];
	const wrong = [
		...(claim('x-ms-attestation-type') === 'sevsnpvm' ? [] : ['x-ms-attestation-type']),
		...must.filter(([name, value]) => !isHexOf(claim(name), value)).map(([name]) => name),
		...may.filter(([name, value]) => claim(name) !== undefined && claim(name) !== value).map(([name]) => name),
	];
	if (wrong.length === 0) return [];
	return [refusal('maa-token-report', `The token speaks of another report than the evidence: ${wrong.join(', ')} differ.`)];
}

function isHexOf(text: unknown, bytes: Uint8Array): boolean {
	if (typeof text !== 'string' || text.length !== bytes.length * 2 || !/^[\da-fA-F]+$/.test(text)) return false;
	return sameBytes(fromHex(text, 'claim'), bytes);
}

function claimAt(value: unknown, ...path: readonly string[]): unknown {
	return path.reduce<unknown>((current, key) => (isObject(current) ? current[key] : undefined), value);
}

function withoutSlash(url: string): string {
	return url.replace(/\/+$/, '');
}
