import {credentials} from '@grpc/grpc-js';
import {withClusterId} from '../attestation/cluster-register.ts';
import {AttestationRefused, type Finding} from '../attestation/findings.ts';
import type {Policy} from '../attestation/policy.ts';
import {type Attested, validatorOf} from '../attestation/variant.ts';
import {closest} from '../attestation/variants/local/validate.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow, VerifyCheck} from '../events.ts';
import {showClusterId} from '../keys/cluster-id.ts';
import {createClient} from '../rpc/client.ts';
import {API as VerifyApi} from '../rpc/gen/verify_pb.ts';
import {rpcFailure} from '../rpc/status.ts';
import type {Dependencies} from './dependencies.ts';
import type {Expectations} from './expectations.ts';
import {refusedNode} from './node-channel.ts';
import {phase} from './phase.ts';
import {checksOf, uncheckedWithoutSource} from './verify-checks.ts';
import type {Gathered} from './verify-collateral.ts';
import type {VerifyTarget} from './verify-target.ts';

export type VerifyDependencies = Pick<Dependencies, 'now' | 'random' | 'pause'> & {
	/** What the evidence does not carry and its check needs, such as certificates of a processor. */
	collateral?: (policy: Policy, document: Uint8Array) => Promise<Gathered>;
};

/** Evidence that was accepted, and how. */
export type Verified = {checks: VerifyCheck[]; attested: Attested; nonce: Uint8Array};

/** Evidence that was refused: the error for the person, and what it was refused for. */
export type RefusedEvidence = {error: AppError; findings: readonly Finding[]};

/** What the service signs besides the challenge (v2.9). */
const userData = Buffer.from('VerifyService');
const timeoutMs = 15_000;
const retryMs = 250;

/**
 * Challenges the cluster with a fresh nonce and checks the answer, cluster register included: it is predicted from the cluster ID.
 * The table of checks is an event. Throws AppError `attestation-refused`, `nothing-to-compare` (exit 5) or `rpc-unreachable` (exit
 * 7). `onRefused` hears of a refusal before it is thrown.
 */
export function verifyCluster(
	deps: VerifyDependencies,
	target: VerifyTarget,
	signal: AbortSignal,
	onRefused: (refused: RefusedEvidence) => Flow<void> = nothing,
): Flow<Verified> {
	return phase('verify', deps.now, challenge(deps, target, signal, onRefused));
}

async function* nothing(): Flow<void> {
	// Nobody else wants to know.
}

async function* challenge(
	deps: VerifyDependencies,
	target: VerifyTarget,
	signal: AbortSignal,
	onRefused: (refused: RefusedEvidence) => Flow<void>,
): Flow<Verified> {
	const {now, random} = deps;
	const {endpoint, expectations, patienceMs = 0} = target;
	const nonce = random(32);
	const document = await patientAnswer(deps, endpoint, nonce, now() + patienceMs, signal);
	await target.onAnswer?.(document, nonce);
	if (expectations === undefined) {
		yield {type: 'verify', endpoint, checks: [...uncheckedWithoutSource], at: now()};
		throw nothingToCompare(target);
	}
	const policy = withClusterId(expectations.policy, target.clusterId);
	const {collateral, missing = []} = (await deps.collateral?.(policy, document)) ?? {};
	for (const why of missing) yield {type: 'warning', code: 'collateral-missing', message: why, at: now()};
	const common = {policy, source: expectations.source, clusterIdFrom: target.clusterIdFrom};
	try {
		const validator = validatorOf(policy, {now, ...(collateral === undefined ? {} : {collateral})});
		const attested = validator.validate(document, nonce, userData);
		const fits = policy.variant === 'local-vtpm' ? closest(policy, attested.registers) : policy;
		const checks = checksOf({...common, policy: fits, findings: attested.findings, attested});
		yield {type: 'verify', endpoint, checks, at: now()};
		return {checks, attested, nonce};
	} catch (error) {
		if (!(error instanceof AttestationRefused)) throw error;
		const checks = checksOf({...common, findings: error.findings});
		yield {type: 'verify', endpoint, checks, at: now()};
		const told = refusedAnswer(target, expectations, error, checks);
		yield* onRefused({error: told, findings: error.findings});
		throw told;
	}
}

/** The refusal with its table: the last line of the JSON form tells everything. */
function refusedAnswer(
	{endpoint, clusterId}: VerifyTarget,
	{imageVersion, source}: Expectations,
	refused: AttestationRefused,
	checks: readonly VerifyCheck[],
): AppError {
	const error = refusedNode(`the node at ${endpoint}`, refused, {
		member: true,
		expectedFrom: source,
		...(imageVersion === undefined ? {} : {imageVersion}),
	});
	const {message, code, exitCode, next, problems, details} = error;
	const facts = {...details, endpoint, clusterId: showClusterId(clusterId), findings: refused.findings, checks};
	return new AppError(message.replace(/^the /, 'The '), {code, exitCode, next, problems, details: facts});
}

function nothingToCompare({endpoint, clusterId}: VerifyTarget): AppError {
	return new AppError(`Something answered at ${endpoint}, but nothing here says what it should be, so nothing was checked.`, {
		code: 'nothing-to-compare',
		exitCode: exitCodes.refused,
		problems: uncheckedWithoutSource.map(({check, expected}) => ({path: check, message: `not checked: ${expected}`})),
		next: ['Name the config or the measurements of the cluster: --measurements FILE'],
		details: {endpoint, clusterId: showClusterId(clusterId), checks: uncheckedWithoutSource},
	});
}

async function patientAnswer(
	{now, pause}: VerifyDependencies,
	endpoint: string,
	nonce: Uint8Array,
	giveUp: number,
	signal: AbortSignal,
): Promise<Uint8Array> {
	for (;;) {
		try {
			return await answerOf(endpoint, nonce, signal);
		} catch (error) {
			const unreachable = error instanceof AppError && error.exitCode === exitCodes.unreachable;
			if (!unreachable || now() >= giveUp) throw error;
			await pause(retryMs, signal);
		}
	}
}

/** The evidence of whoever answers at host:port, judged by nobody yet. Throws AppError `rpc-unreachable` (exit 7). */
export async function answerOf(endpoint: string, nonce: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
	// Plain gRPC, as in v2.9: the answer is signed, and nothing in it is secret.
	const client = createClient(VerifyApi, endpoint, credentials.createInsecure());
	try {
		const {attestation} = await client.getAttestation({nonce}, {signal, timeout: timeoutMs});
		return attestation;
	} catch (error) {
		signal.throwIfAborted();
		throw rpcFailure(
			error,
			`challenge the cluster at ${endpoint}`,
			'Check the address, and in the workspace of the cluster that its nodes run: constellation status',
		);
	} finally {
		client.channel.close();
	}
}
