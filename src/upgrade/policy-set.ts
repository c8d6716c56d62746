import {createHash} from 'node:crypto';
import {fromBase64, MalformedError} from '../attestation/bytes.ts';
import {isObject} from '../attestation/measurements.ts';
import {parseStrictJson} from '../attestation/strict-json.ts';
import {AppError, exitCodes} from '../errors.ts';

/** One policy that nodes may satisfy: the signed measurements file and its signature (both base64), and the config that goes with them. */
export type AcceptedPolicy = {measurements: string; signature: string; attestationConfig: unknown};

/** The policies of a cluster, newest first. The same generation always means the same set. */
export type PolicySet = {generation: number; policies: readonly [AcceptedPolicy, ...AcceptedPolicy[]]};

/** The least of the ConfigMap `join-config` that is needed here; what else is in it stays. */
export type JoinConfigObject = {metadata: {resourceVersion?: string}; data?: unknown};

const maximumPolicies = 16;
const maximumText = 1024 * 1024;
const maximumFile = 64 * 1024;

/** Reads the ConfigMap `join-config`; no signature is checked here. Throws AppError `policy-set-invalid`. */
export function readPolicySet(joinConfig: JoinConfigObject): PolicySet {
	const text = isObject(joinConfig.data) ? joinConfig.data['acceptedPolicies'] : undefined;
	if (typeof text !== 'string') throw invalid('it has no acceptedPolicies');
	const {generation, policies} = strictObject(text);
	if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 0)
		throw invalid('it has no generation');
	if (!Array.isArray(policies) || policies.length > maximumPolicies)
		throw invalid(`it is no list of 1 to ${maximumPolicies} policies`);
	const [newest, ...others] = policies.map(policy => readPolicy(policy));
	if (newest === undefined) throw invalid('it accepts nothing');
	return {generation, policies: [newest, ...others]};
}

function strictObject(text: string): Record<string, unknown> {
	try {
		const value = parseStrictJson(Buffer.from(text), {bytes: maximumText, depth: 12});
		if (isObject(value)) return value;
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		throw invalid(error.message);
	}
	throw invalid('it is no object');
}

function readPolicy(value: unknown): AcceptedPolicy {
	const {measurements, signature, attestationConfig} = isObject(value) ? value : {};
	if (typeof measurements !== 'string' || typeof signature !== 'string' || !isObject(attestationConfig))
		throw invalid('a policy lacks measurements, signature or attestationConfig');
	const policy = {measurements, signature, attestationConfig};
	policyVersion(policy);
	return policy;
}

/** The image version that the signed file of a policy names. Throws AppError `policy-set-invalid`. */
export function policyVersion(policy: Pick<AcceptedPolicy, 'measurements'>): string {
	try {
		const file = parseStrictJson(fromBase64(policy.measurements, 'measurements'), {bytes: maximumFile, depth: 10});
		if (isObject(file) && typeof file['version'] === 'string') return file['version'];
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		throw invalid(error.message);
	}
	throw invalid('a signed file names no version');
}

/** Names a signed measurements file: `sha256:` and the hex digest of its exact bytes. */
export function measurementsDigest(file: Uint8Array): string {
	return `sha256:${createHash('sha256').update(file).digest('hex')}`;
}

/** The digest of a policy's signed file. */
export function policyDigest(policy: Pick<AcceptedPolicy, 'measurements'>): string {
	return measurementsDigest(Buffer.from(policy.measurements, 'base64'));
}

/**
 * What each JoinService replica publishes of the set it enforces: SHA-256 (hex) over the digests of the signed files in order. Replicas
 * verify the signatures with the key they are pinned to, and what they enforce follows from the signed files alone.
 */
export function policySetDigest({policies}: {policies: readonly Pick<AcceptedPolicy, 'measurements'>[]}): string {
	return createHash('sha256')
		.update(policies.map(policy => policyDigest(policy)).join('\n'))
		.digest('hex');
}

const sameFile = (left: AcceptedPolicy, right: AcceptedPolicy): boolean => policyDigest(left) === policyDigest(right);

/** The generation after this one, and after every one that was seen elsewhere: it never falls. */
const nextGeneration = ({generation}: PolicySet, highest: number): number => Math.max(generation, highest) + 1;

/**
 * The set that accepts `newest` besides everything that it accepts now; the given set itself where `newest` is the newest already.
 * Going back is the same with an older policy: it moves to the front. `highest`: highest generation that anybody saw.
 */
export function widen(set: PolicySet, newest: AcceptedPolicy, highest = 0): PolicySet {
	if (sameFile(set.policies[0], newest) && set.generation >= highest) return set;
	const others = set.policies.filter(policy => !sameFile(policy, newest));
	if (others.length >= maximumPolicies) throw invalid(`it would have more than ${maximumPolicies} policies`);
	return {generation: nextGeneration(set, highest), policies: [newest, ...others]};
}

/** The set without the policies of these digests; the given set where it has none of them. Throws AppError where nothing would be left. */
export function narrow(set: PolicySet, digests: readonly string[], highest = 0): PolicySet {
	const [newest, ...others] = set.policies.filter(policy => !digests.includes(policyDigest(policy)));
	if (newest === undefined) throw invalid('it would accept nothing any more');
	if (others.length + 1 === set.policies.length && set.generation >= highest) return set;
	return {generation: nextGeneration(set, highest), policies: [newest, ...others]};
}

/**
 * The ConfigMap with this set, for an update: it carries the version it was read with, so that the API server refuses it (409) where
 * somebody else changed the ConfigMap meanwhile. The v2.9 keys hold the newest and the previous config.
 */
export function withPolicySet<T extends JoinConfigObject>(joinConfig: T, set: PolicySet): T {
	if (joinConfig.metadata.resourceVersion === undefined) throw new TypeError('join-config without a resource version');
	if (set.generation < readPolicySet(joinConfig).generation) throw invalid('its generation would fall');
	const [newest, previous] = set.policies;
	const {attestationConfig_backup: _, ...kept} = isObject(joinConfig.data) ? joinConfig.data : {};
	const data = {
		...kept,
		attestationConfig: JSON.stringify(newest.attestationConfig),
		...(previous === undefined ? {} : {attestationConfig_backup: JSON.stringify(previous.attestationConfig)}),
		acceptedPolicies: JSON.stringify(set),
	};
	return {...joinConfig, data};
}

function invalid(reason: string): AppError {
	return new AppError(`The join policy of the cluster cannot be used: ${reason}.`, {
		code: 'policy-set-invalid',
		exitCode: exitCodes.refused,
		next: ['Find out who wrote the ConfigMap kube-system/join-config before nodes join.'],
	});
}
