import {createPublicKey} from 'node:crypto';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import {fromBase64} from './bytes.ts';
import {type Finding, refusal} from './findings.ts';
import {formatMeasurements, isObject, type Measurements, parseMeasurements} from './measurements.ts';

/** Register that carries the cluster ID: zero before a node is in a cluster. */
export const clusterRegister = 15;

/** What evidence must show. Keys are DER SubjectPublicKeyInfo. */
export type LocalPolicy = {variant: 'local-vtpm'; measurements: Measurements; makerKey: Uint8Array; releaseKey: Uint8Array};
export type QemuPolicy = {variant: 'qemu-vtpm'; measurements: Measurements; acceptUnknownKeys: boolean};
export type Policy = LocalPolicy | QemuPolicy;

/**
 * Reads the attestation configuration of a variant as the cluster and the user's file hold it.
 * Throws AppError `policy-invalid` with every problem; a policy that would accept anything is a problem too.
 */
export function parsePolicy(variant: string, json: unknown): Policy {
	if (!isObject(json)) throw invalid([{path: '', message: 'must be an object'}]);
	const problems: Problem[] = [];
	const measurements = attempt(problems, 'measurements', () => parseMeasurements(json['measurements']));
	if (measurements) problems.push(...weaknesses(measurements).map(({message}) => ({path: 'measurements', message})));
	const policy = measurements && variantPolicy(variant, json, measurements, problems);
	if (!policy || problems.length > 0) throw invalid(problems);
	return policy;
}

function variantPolicy(
	variant: string,
	json: Record<string, unknown>,
	measurements: Measurements,
	problems: Problem[],
): Policy | undefined {
	if (variant === 'local-vtpm') {
		const makerKey = publicKey(json, 'makerKey', problems);
		const releaseKey = publicKey(json, 'releaseKey', problems);
		return makerKey && releaseKey && {variant, measurements, makerKey, releaseKey};
	}
	if (variant === 'qemu-vtpm') return {variant, measurements, acceptUnknownKeys: json['acceptUnknownKeys'] === true};
	problems.push({path: '', message: `the attestation variant ${JSON.stringify(variant)} is not known`});
	return undefined;
}

function publicKey(json: Record<string, unknown>, field: string, problems: Problem[]): Uint8Array | undefined {
	return attempt(problems, field, () => {
		const value = json[field];
		if (typeof value !== 'string') throw new Error('must be base64 of a public key (DER SubjectPublicKeyInfo)');
		const der = fromBase64(value, 'key');
		const key = createPublicKey({key: Buffer.from(der), format: 'der', type: 'spki'});
		if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('must be an ECDSA P-256 key');
		return der;
	});
}

function attempt<T>(problems: Problem[], path: string, read: () => T): T | undefined {
	try {
		return read();
	} catch (error) {
		// Every problem is collected, so that one look at the message is enough.
		if (error instanceof AppError)
			problems.push(...error.problems.map(problem => ({...problem, path: [path, problem.path].filter(Boolean).join('.')})));
		else problems.push({path, message: error instanceof Error ? error.message : String(error)});
		return undefined;
	}
}

export function formatPolicy(policy: Policy): Record<string, unknown> {
	const measurements = formatMeasurements(policy.measurements);
	if (policy.variant === 'qemu-vtpm') return {measurements, ...(policy.acceptUnknownKeys ? {acceptUnknownKeys: true} : {})};
	return {measurements, makerKey: base64(policy.makerKey), releaseKey: base64(policy.releaseKey)};
}

/** A policy without an enforced entry, or silent about the cluster register, would let anything in. */
export function weaknesses(measurements: Measurements): Finding[] {
	const findings: Finding[] = [];
	if (![...measurements.values()].some(({warnOnly}) => !warnOnly)) {
		findings.push(refusal('policy-empty', 'The policy enforces no register, so it would accept any machine.'));
	}
	if (measurements.get(clusterRegister)?.warnOnly !== false) {
		findings.push(
			refusal(
				'policy-register-missing',
				`The policy does not enforce register ${clusterRegister}, which tells whether a node is in a cluster.`,
			),
		);
	}
	return findings;
}

function invalid(problems: Problem[]): AppError {
	return new AppError('The attestation policy cannot be used.', {code: 'policy-invalid', exitCode: exitCodes.usage, problems});
}

function base64(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('base64');
}
