/** Everything a check can find wrong, as stable codes (docs/errors.md). */
export const findingCodes = [
	'policy-empty',
	'policy-register-missing',
	'document-malformed',
	'nonce-length',
	'user-data-mismatch',
	'key-malformed',
	'key-attributes',
	'key-template',
	'key-certificate-missing',
	'key-certificate-malformed',
	'key-certificate-untrusted',
	'key-certificate-expired',
	'key-certificate-mismatch',
	'quote-bank',
	'quote-malformed',
	'quote-magic',
	'quote-type',
	'quote-challenge',
	'quote-selection',
	'quote-digest',
	'signature-malformed',
	'signature-scheme',
	'signature-invalid',
	'registers-malformed',
	'event-log-malformed',
	'event-log-mismatch',
	'endorsement-missing',
	'endorsement-malformed',
	'endorsement-untrusted',
	'not-initialised',
	'register-mismatch',
	'leaf-missing',
	'leaf-malformed',
	'leaf-expired',
	'evidence-missing',
	'attestation-key-changed',
	'role-mismatch',
] as const;
export type FindingCode = (typeof findingCodes)[number];

/** One thing a check found. `expected` and `actual` are lower-case hex where they are bytes. */
export type Finding = {
	code: FindingCode;
	severity: 'refuse' | 'warn';
	message: string;
	register?: number;
	expected?: string;
	actual?: string;
};

/** Evidence that was not accepted, with every finding, not only the first. */
export class AttestationRefused extends Error {
	override readonly name = 'AttestationRefused';
	readonly findings: readonly Finding[];

	constructor(findings: readonly Finding[]) {
		super(findings.find(finding => finding.severity === 'refuse')?.message ?? 'attestation refused');
		this.findings = findings;
	}
}

/** Throws when at least one finding refuses. */
export function assertAccepted(findings: readonly Finding[]): void {
	if (findings.some(finding => finding.severity === 'refuse')) throw new AttestationRefused(findings);
}

export function refusal(code: FindingCode, message: string, values: {expected?: string; actual?: string} = {}): Finding {
	return {code, severity: 'refuse', message, ...values};
}
