import type {FindingCode} from './advice/table.ts';

export type {FindingCode} from './advice/table.ts';

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

/** Something that does not refuse and that a person should know. */
export function warning(code: FindingCode, message: string, values: {expected?: string; actual?: string} = {}): Finding {
	return {code, severity: 'warn', message, ...values};
}
