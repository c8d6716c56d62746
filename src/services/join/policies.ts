import {verifyBlob} from '../../attestation/blob-signature.ts';
import {type Measurements, withMeasurement} from '../../attestation/measurements.ts';
import {localRegisters} from '../../attestation/registers.ts';
import {parseImageStatement} from '../../attestation/signed-measurements.ts';
import {type LocalPolicy, parsePolicy} from '../../attestation/variant.ts';
import {localParameters, measuredCommandLine, registerOf, sha256} from '../../attestation/variants/local/measured-boot.ts';
import {decodeBase64, encodeBase64} from '../../keys/base64.ts';
import {equalBytes} from '../../keys/equal.ts';
import {policySetDigest} from '../../upgrade/policy-set.ts';

/** Keys that are measured into this node's command line (DER SubjectPublicKeyInfo). */
export type PinnedKeys = {makerKey: Uint8Array; releaseKey: Uint8Array};

/** What nodes of one image must show; `version` is that of the signed file. */
export type ImagePolicy = LocalPolicy & {version: string};

/** The policies that joining nodes may satisfy, all of them signed by the pinned release key. */
export type JoinPolicies = {
	generation: number;
	/** Newest first. */
	policies: readonly ImagePolicy[];
	/** SHA-256 (hex) over the signed files, from which follows what is enforced: the same generation must always mean the same. */
	digest: string;
	measurementSalt: Uint8Array;
};

/** A policy that must not be used; says which and why. */
export class PolicyRejected extends Error {
	override readonly name = 'PolicyRejected';
}

const maximumPolicies = 16;
const saltSize = 32;

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the data of the ConfigMap `join-config`. Throws PolicyRejected; nothing of it is used then. */
export const readJoinConfig = (object: Record<string, unknown>, pinned: PinnedKeys): JoinPolicies => {
	const data = isObject(object['data']) ? object['data'] : {};
	const accepted = parseObject(data['acceptedPolicies']);
	const {generation, policies} = accepted;
	if (typeof generation !== 'number' || !Number.isSafeInteger(generation) || generation < 0) {
		throw new PolicyRejected('the accepted policies have no generation');
	}
	if (!Array.isArray(policies) || policies.length === 0 || policies.length > maximumPolicies) {
		throw new PolicyRejected(`the accepted policies are not a list of 1 to ${maximumPolicies}`);
	}
	const list: unknown[] = policies;
	const read = list.map(policy => readPolicy(policy, pinned));
	return {
		generation,
		policies: read.map(({policy}) => policy),
		digest: policySetDigest({policies: read.map(({measurements}) => ({measurements}))}),
		measurementSalt: readSalt(object['binaryData']),
	};
};

const parseObject = (text: unknown): Record<string, unknown> => {
	try {
		const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
		if (isObject(value)) return value;
	} catch {
		// Said below: whatever it is, it is no list of policies.
	}
	throw new PolicyRejected('the accepted policies are not JSON');
};

const readSalt = (binaryData: unknown): Uint8Array => {
	const text = isObject(binaryData) ? binaryData['measurementSalt'] : undefined;
	const salt = typeof text === 'string' ? decodeBase64(text) : undefined;
	if (salt?.length !== saltSize) throw new PolicyRejected('the measurement salt has not 32 bytes');
	return salt;
};

/**
 * One accepted policy: its measurements must be signed by the pinned key, its attestation config must say the same, with the
 * pinned keys. What is enforced follows from the signed file alone, so that an edited config can never weaken it.
 */
const readPolicy = (value: unknown, pinned: PinnedKeys): {policy: ImagePolicy; measurements: string} => {
	const {measurements, signature, attestationConfig} = isObject(value) ? value : {};
	const file = bytesOf(measurements);
	const signed = bytesOf(signature);
	if (!file || !signed || !isSigned(file, signed, pinned)) {
		throw new PolicyRejected('the measurements of a policy are not signed by the release key');
	}
	const policy = policyOf(file, pinned);
	checkConfig(attestationConfig, policy);
	return {policy, measurements: encodeBase64(file)};
};

const bytesOf = (value: unknown): Uint8Array | undefined => (typeof value === 'string' ? decodeBase64(value) : undefined);

const isSigned = (file: Uint8Array, signature: Uint8Array, {releaseKey}: PinnedKeys): boolean =>
	verifyBlob(file, signature, releaseKey);

const policyOf = (file: Uint8Array, {makerKey, releaseKey}: PinnedKeys): ImagePolicy => {
	const statement = rejecting(() => parseImageStatement(file));
	const commandLine = measuredCommandLine(statement.arguments, localParameters(makerKey, releaseKey));
	const started = withMeasurement(statement.measurements, localRegisters.commandLine, registerOf(sha256(commandLine)));
	// Whoever is in a cluster already may not come in again.
	const fresh = withMeasurement(started, localRegisters.cluster, new Uint8Array(32));
	return {variant: 'local-vtpm', version: statement.version, measurements: enforced(fresh), makerKey, releaseKey};
};

const enforced = (measurements: Measurements): Measurements =>
	new Map([...measurements].map(([register, {expected}]) => [register, {expected, warnOnly: false}]));

const checkConfig = (config: unknown, signed: LocalPolicy): void => {
	const policy = rejecting(() => parsePolicy('local-vtpm', config));
	if (policy.variant !== 'local-vtpm' || !equalBytes(policy.makerKey, signed.makerKey)) {
		throw new PolicyRejected('a policy names another maker key than this node was started with');
	}
	if (!equalBytes(policy.releaseKey, signed.releaseKey)) {
		throw new PolicyRejected('a policy names another release key than this node was started with');
	}
	for (const [register, {expected}] of signed.measurements) {
		const given = policy.measurements.get(register)?.expected;
		if (!given || !equalBytes(given, expected)) {
			throw new PolicyRejected(`a policy differs from its signed measurements (register ${register})`);
		}
	}
};

const rejecting = <T>(read: () => T): T => {
	try {
		return read();
	} catch (error) {
		throw new PolicyRejected(error instanceof Error ? error.message : 'a policy cannot be read', {cause: error});
	}
};
