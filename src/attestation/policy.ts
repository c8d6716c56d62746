import {AppError, exitCodes, type Problem} from '../errors.ts';
import {isObject, type Measurements, parseMeasurements} from './measurements.ts';
import {attempt, type PolicyFields} from './policy-fields.ts';
import {bankOf} from './registers.ts';
import {formatNitroPolicy, type NitroPolicy, parseNitroPolicy} from './variants/aws/nitro/policy.ts';
import {type AwsSnpPolicy, formatAwsSnpPolicy, parseAwsSnpPolicy} from './variants/aws/sev-snp/policy.ts';
import {type AzureSnpPolicy, formatAzureSnpPolicy, parseAzureSnpPolicy} from './variants/azure/sev-snp/policy.ts';
import {type AzureTdxPolicy, formatAzureTdxPolicy, parseAzureTdxPolicy} from './variants/azure/tdx/policy.ts';
import {
	formatTrustedLaunchPolicy,
	parseTrustedLaunchPolicy,
	type TrustedLaunchPolicy,
} from './variants/azure/trusted-launch/policy.ts';
import {formatSevEsPolicy, parseSevEsPolicy, type SevEsPolicy} from './variants/gcp/sev-es/policy.ts';
import {formatGcpSnpPolicy, type GcpSnpPolicy, parseGcpSnpPolicy} from './variants/gcp/sev-snp/policy.ts';
import {formatLocalPolicy, type LocalPolicy, parseLocalPolicy} from './variants/local/policy.ts';
import {formatQemuPolicy, parseQemuPolicy, type QemuPolicy} from './variants/qemu/policy.ts';
import {formatQemuTdxPolicy, parseQemuTdxPolicy, type QemuTdxPolicy} from './variants/tdx/policy.ts';
import {weaknesses} from './weaknesses.ts';

export type {AzureSnpPolicy} from './variants/azure/sev-snp/policy.ts';
export type {LocalPolicy} from './variants/local/policy.ts';
export type {QemuPolicy} from './variants/qemu/policy.ts';

/** What evidence must show, by variant. */
export type Policy =
	| LocalPolicy
	| QemuPolicy
	| NitroPolicy
	| AwsSnpPolicy
	| SevEsPolicy
	| GcpSnpPolicy
	| TrustedLaunchPolicy
	| AzureSnpPolicy
	| QemuTdxPolicy
	| AzureTdxPolicy;

type PolicyParser = (fields: PolicyFields, measurements: Measurements) => Policy | undefined;

const parsers: Readonly<Record<Policy['variant'], PolicyParser>> = {
	'local-vtpm': parseLocalPolicy,
	'qemu-vtpm': parseQemuPolicy,
	'aws-nitro-tpm': parseNitroPolicy,
	'aws-sev-snp': parseAwsSnpPolicy,
	'gcp-sev-es': parseSevEsPolicy,
	'gcp-sev-snp': parseGcpSnpPolicy,
	'azure-trustedlaunch': parseTrustedLaunchPolicy,
	'azure-sev-snp': parseAzureSnpPolicy,
	'qemu-tdx': parseQemuTdxPolicy,
	'azure-tdx': parseAzureTdxPolicy,
};

/**
 * Reads the attestation configuration of a variant as the cluster and the user's file hold it.
 * Throws AppError `policy-invalid` with every problem; a policy that would accept anything is a problem too.
 */
export function parsePolicy(variant: string, json: unknown): Policy {
	if (!isObject(json)) throw invalid([{path: '', message: 'must be an object'}]);
	const problems: Problem[] = [];
	const bank = bankOf({variant});
	const measurements = attempt(problems, 'measurements', () => parseMeasurements(json['measurements'], bank));
	if (measurements) problems.push(...weaknesses(measurements, bank).map(({message}) => ({path: 'measurements', message})));
	if (!isVariant(variant)) {
		problems.push({path: '', message: `the attestation variant ${JSON.stringify(variant)} is not known`});
		throw invalid(problems);
	}
	// Bad measurements do not hide what else is wrong.
	const policy = parsers[variant]({json, problems}, measurements ?? new Map());
	if (!policy || problems.length > 0) throw invalid(problems);
	return policy;
}

function isVariant(name: string): name is Policy['variant'] {
	return Object.hasOwn(parsers, name);
}

export function formatPolicy(policy: Policy): Record<string, unknown> {
	switch (policy.variant) {
		case 'local-vtpm':
			return formatLocalPolicy(policy);
		case 'qemu-vtpm':
			return formatQemuPolicy(policy);
		case 'aws-nitro-tpm':
			return formatNitroPolicy(policy);
		case 'gcp-sev-es':
			return formatSevEsPolicy(policy);
		case 'azure-trustedlaunch':
			return formatTrustedLaunchPolicy(policy);
		case 'aws-sev-snp':
			return formatAwsSnpPolicy(policy);
		case 'gcp-sev-snp':
			return formatGcpSnpPolicy(policy);
		case 'azure-sev-snp':
			return formatAzureSnpPolicy(policy);
		case 'qemu-tdx':
			return formatQemuTdxPolicy(policy);
		case 'azure-tdx':
			return formatAzureTdxPolicy(policy);
	}
}

function invalid(problems: Problem[]): AppError {
	return new AppError('The attestation policy cannot be used.', {code: 'policy-invalid', exitCode: exitCodes.usage, problems});
}
