import {credentials} from '@grpc/grpc-js';
import {toHex} from '../attestation/bytes.ts';
import {AttestationRefused, type Finding} from '../attestation/findings.ts';
import type {Policy} from '../attestation/policy.ts';
import {localRegisters} from '../attestation/registers.ts';
import {type Attested, validatorOf} from '../attestation/variant.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow, VerifyCheck} from '../events.ts';
import {readClusterId, showClusterId} from '../keys/cluster-id.ts';
import {createClient} from '../rpc/client.ts';
import {API as VerifyApi} from '../rpc/gen/verify_pb.ts';
import {rpcFailure} from '../rpc/status.ts';
import {memberPolicy, pinnedPolicy, readConfig, readEndpoints, requireInitialised} from './cluster.ts';
import type {Dependencies} from './dependencies.ts';
import {refusedNode} from './node-channel.ts';
import {phase} from './phase.ts';
import {requireRunning} from './status.ts';

export type VerifyTarget = {
	/** host:port of the VerificationService. */
	endpoint: string;
	/** 32 bytes. */
	clusterId: Uint8Array;
	/** What a node has to show before it is in the cluster. */
	policy: Policy;
	imageVersion: string;
	/** Milliseconds for which a service that does not answer is asked again: its node may have only just become ready. */
	patienceMs?: number;
};

type VerifyDependencies = Pick<Dependencies, 'now' | 'random' | 'pause'>;

/** What to challenge: the workspace's cluster, or what was named instead. `clusterId` is base64 or hex. */
export async function verifyTarget(deps: Dependencies, named: {clusterId?: string; endpoint?: string}): Promise<VerifyTarget> {
	const {workspace} = deps;
	const own = named.clusterId === undefined || named.endpoint === undefined ? await requireInitialised(workspace) : undefined;
	const {config} = await readConfig(workspace);
	if (named.endpoint === undefined) await requireRunning(deps);
	return {
		endpoint: named.endpoint ?? (await readEndpoints(workspace)).verify,
		clusterId: named.clusterId === undefined ? (own?.clusterId ?? new Uint8Array()) : parseClusterId(named.clusterId),
		policy: pinnedPolicy(config),
		imageVersion: config.image,
	};
}

function parseClusterId(text: string): Uint8Array {
	const id = readClusterId(text);
	if (id !== undefined) return id;
	throw new AppError('The cluster ID must be 32 bytes in base64 or hex.', {
		code: 'usage',
		exitCode: exitCodes.usage,
		problems: [{path: '--cluster-id', message: 'is not 32 bytes in base64 or hex'}],
	});
}

/** A cluster ID as it is shown. */
export const clusterIdText = (clusterId: Uint8Array): string => showClusterId(clusterId);

/** What the service signs besides the challenge (v2.9). */
const userData = Buffer.from('VerifyService');
const timeoutMs = 15_000;
const retryMs = 250;

/** What the registers of a local node measure, in words. */
export const registerMeanings: ReadonlyMap<number, string> = new Map([
	[localRegisters.launcher, 'launcher'],
	[localRegisters.bundle, 'node program'],
	[localRegisters.runtime, 'runtime'],
	[localRegisters.commandLine, 'command line and keys'],
	[localRegisters.cluster, 'cluster ID'],
]);

/**
 * Challenges the cluster with a fresh nonce and checks the answer, register 15 included: it is predicted from the cluster ID. The
 * table of checks is an event. Throws AppError `attestation-refused` (exit 5) or `rpc-unreachable` (exit 7).
 */
export function verifyCluster(deps: VerifyDependencies, target: VerifyTarget, signal: AbortSignal): Flow<VerifyCheck[]> {
	return phase('verify', deps.now, challenge(deps, target, signal));
}

async function* challenge(deps: VerifyDependencies, target: VerifyTarget, signal: AbortSignal): Flow<VerifyCheck[]> {
	const {now, random} = deps;
	const {endpoint, imageVersion, patienceMs = 0} = target;
	const policy = memberPolicy(target.policy, target.clusterId);
	const nonce = random(32);
	const document = await patientAnswer(deps, endpoint, nonce, now() + patienceMs, signal);
	try {
		const attested = validatorOf(policy).validate(document, nonce, userData);
		const checks = checksOf(policy, attested.findings, attested);
		yield {type: 'verify', endpoint, checks, at: now()};
		return checks;
	} catch (error) {
		if (!(error instanceof AttestationRefused)) throw error;
		yield {type: 'verify', endpoint, checks: checksOf(policy, error.findings), at: now()};
		throw refusedNode(`the node at ${endpoint}`, error, imageVersion);
	}
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

async function answerOf(endpoint: string, nonce: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
	// Plain gRPC, as in v2.9: the answer is signed, and nothing in it is secret.
	const client = createClient(VerifyApi, endpoint, credentials.createInsecure());
	try {
		const {attestation} = await client.getAttestation({nonce}, {signal, timeout: timeoutMs});
		return attestation;
	} catch (error) {
		signal.throwIfAborted();
		throw rpcFailure(error, `challenge the cluster at ${endpoint}`);
	} finally {
		client.channel.close();
	}
}

/** One row a check. Without accepted evidence, what was not found wrong was not found right either. */
function checksOf(policy: Policy, findings: readonly Finding[], attested?: Attested): VerifyCheck[] {
	const source = attested?.machine?.name ?? 'evidence';
	const registers = [...policy.measurements].map(([register, {expected, warnOnly}]): VerifyCheck => {
		const finding = findings.find(each => each.code === 'register-mismatch' && each.register === register);
		const actual =
			finding?.actual ?? (attested === undefined ? undefined : toHex(attested.registers[register] ?? new Uint8Array()));
		return {
			check: [`register ${register}`, registerMeanings.get(register)].filter(part => part !== undefined).join(', '),
			expected: toHex(expected),
			actual: actual ?? 'not known',
			verdict: finding === undefined ? (attested === undefined ? 'not-checked' : 'ok') : warnOnly ? 'warning' : 'failed',
			source,
		};
	});
	const others = findings
		.filter(({code}) => code !== 'register-mismatch')
		.map(
			({code, expected = '', actual = '', severity}): VerifyCheck => ({
				check: code,
				expected,
				actual,
				verdict: severity === 'warn' ? 'warning' : 'failed',
				source,
			}),
		);
	const proven: VerifyCheck[] =
		attested === undefined
			? []
			: [
					{check: 'challenge', expected: 'fresh nonce', actual: 'signed', verdict: 'ok', source},
					{check: 'key', expected: 'certified by the maker key', actual: attested.attestationKey, verdict: 'ok', source},
				];
	return [...proven, ...registers, ...others];
}
