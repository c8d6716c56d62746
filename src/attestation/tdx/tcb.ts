import {sameBytes, toHex} from '../bytes.ts';
import {type Finding, type FindingCode, refusal} from '../findings.ts';
import {type EnclaveReport, parseEnclaveReport} from './enclave-report.ts';
import type {PlatformFacts} from './pck-extension.ts';
import {differencesFrom, type EnclaveOrigin, equalMasked, intelQuotingEnclave, type QeIdentity} from './qe-identity.ts';
import type {TdxQuote} from './quote.ts';
import type {TdxRules} from './rules.ts';
import type {ModuleOrigin, TcbInfo} from './tcb-info.ts';
import {moduleLevel, moduleVersionOf, platformLevel, versionLevel} from './tcb-level.ts';
import {type Assessment, joinAssessments} from './tcb-status.ts';
import type {TdReport} from './td-report.ts';

type Judged = {findings: Finding[]; assessment?: Assessment | undefined};

/** What Intel says of the platform, its TDX module and its quoting enclave, measured by the policy. */
export function judgeTcb(
	quote: TdxQuote,
	platform: PlatformFacts,
	{info, identity}: {info: TcbInfo; identity: QeIdentity},
	rules: TdxRules,
): Finding[] {
	if (!sameBytes(info.fmspc, platform.fmspc) || !sameBytes(info.pceId, platform.pceId)) {
		const values = {expected: toHex(platform.fmspc), actual: toHex(info.fmspc)};
		return [refusal('tdx-collateral-other-platform', 'Intel’s statement is on another kind of platform.', values)];
	}
	const host = platformLevel(info, platform, quote.report.teeTcbSvn);
	const parts = [judgeModule(quote.report, info), judgeEnclave(parseEnclaveReport(quote.qe.report), identity)];
	const findings = parts.flatMap(part => part.findings);
	if (!host) findings.push(below('The platform'));
	const assessments = parts.map(({assessment}) => assessment).filter(assessment => assessment !== undefined);
	const isComplete = host && assessments.length === parts.length;
	return isComplete ? [...findings, ...judgeStatus(joinAssessments(host, ...assessments), rules)] : findings;
}

function below(what: string): Finding {
	return refusal('tdx-tcb-unknown', `${what} is below every level that Intel’s statement names.`);
}

/** From the second TDX module on, each has an identity of its own. */
function judgeModule(report: TdReport, info: TcbInfo): Judged {
	const version = moduleVersionOf(report.teeTcbSvn);
	if (version === 0) return {findings: judgeOrigin(report, info.module), assessment: {status: 'UpToDate', advisories: []}};
	const identity = info.modules.get(version);
	if (!identity)
		return {findings: [refusal('tdx-module-unknown', `Intel’s statement does not know version ${version} of the TDX module.`)]};
	const assessment = moduleLevel(identity, report.teeTcbSvn);
	return {findings: [...judgeOrigin(report, identity), ...(assessment ? [] : [below('The TDX module')])], assessment};
}

function judgeOrigin({mrSignerSeam, seamAttributes}: TdReport, origin: ModuleOrigin): Finding[] {
	const findings: Finding[] = [];
	if (!sameBytes(mrSignerSeam, origin.mrSigner)) {
		const values = {expected: toHex(origin.mrSigner), actual: toHex(mrSignerSeam)};
		findings.push(refusal('tdx-module-identity', 'Intel did not sign the TDX module.', values));
	}
	if (!equalMasked(seamAttributes, origin.attributes, origin.attributesMask)) {
		const values = {expected: toHex(origin.attributes), actual: toHex(seamAttributes)};
		findings.push(refusal('tdx-module-identity', 'The TDX module has attributes that Intel does not give it.', values));
	}
	return findings;
}

function judgeEnclave(report: EnclaveReport, identity: QeIdentity): Judged {
	const assessment = versionLevel(identity.levels, report.svn);
	return {
		findings: [...judgeOriginOfEnclave(report, identity), ...(assessment ? [] : [below('The quoting enclave')])],
		assessment,
	};
}

function judgeOriginOfEnclave(report: EnclaveReport, origin: EnclaveOrigin): Finding[] {
	const differences = differencesFrom(origin, report);
	if (differences.length === 0) return [];
	return [refusal('tdx-qe-identity', `The quoting enclave is not Intel’s: ${differences.join(', ')} differ.`)];
}

/**
 * Who made module and enclave, by what is known without Intel's statements. Whoever has an SGX machine can let an enclave of his own
 * vouch for any key, so this is never left out.
 */
export function judgeOrigins(quote: TdxQuote): Finding[] {
	return [
		...judgeOrigin(quote.report, intelModule),
		...judgeOriginOfEnclave(parseEnclaveReport(quote.qe.report), intelQuotingEnclave),
	];
}

const intelModule: ModuleOrigin = {
	mrSigner: new Uint8Array(48),
	attributes: new Uint8Array(8),
	attributesMask: new Uint8Array(8).fill(0xff),
};

const codes: Readonly<Record<Assessment['status'], FindingCode | undefined>> = {
	UpToDate: undefined,
	SWHardeningNeeded: 'tdx-tcb-hardening',
	ConfigurationNeeded: 'tdx-tcb-configuration',
	ConfigurationAndSWHardeningNeeded: 'tdx-tcb-configuration',
	OutOfDate: 'tdx-tcb-outdated',
	OutOfDateConfigurationNeeded: 'tdx-tcb-outdated',
	Revoked: 'tdx-tcb-revoked',
	Unknown: 'tdx-tcb-unknown',
};

function judgeStatus({status, advisories}: Assessment, {tcbStatus}: TdxRules): Finding[] {
	const code = codes[status];
	if (code === undefined) return [];
	const isDecided = status !== 'UpToDate' && status !== 'Revoked' && status !== 'Unknown';
	const severity = isDecided && tcbStatus[status] === 'warn' ? 'warn' : 'refuse';
	const state = status === 'Unknown' ? 'by a word that is not known here' : status;
	const see = advisories.length > 0 ? ` See ${advisories.join(', ')}.` : '';
	return [
		{code, severity, message: `Intel calls the state of the platform ${state}.${see}`, expected: 'UpToDate', actual: status},
	];
}
