import type {Policy} from '../../attestation/policy.ts';
import {AppError, exitCodes} from '../../errors.ts';
import {fileNames} from '../../workspace/files.ts';
import {requireMasterSecret} from '../lifecycle.ts';
import type {TrustWorld} from '../trust-world.ts';
import {collateralFor} from '../verify-collateral.ts';
import {ownExpectations, withPort} from '../verify-target.ts';
import {type Original, originalRefusal, writtenBy} from './open.ts';
import type {OriginalRecovery} from './recover.ts';

/** What was named on the command line. */
export type RecoveryWishes = {endpoint?: string; secretFile?: string; acceptUnknownKeys: boolean};

/** Port of the recovery server of v2.9. */
const recoveryPort = 9999;
const patience = 60_000;

/**
 * Whom to send the secret of a v2.9 cluster, and what they have to show: what the config expects of a node that is in no cluster yet.
 * Throws AppError `original-workspace` for other releases, `config-missing`, `not-initialised`, `master-secret-missing`.
 */
export async function originalRecovery(original: Original, wishes: RecoveryWishes, world: TrustWorld): Promise<OriginalRecovery> {
	const {workspace, format, ids} = original;
	if (format === 'before-v2.9' || format === 'after-v2.9')
		throw originalRefusal(
			workspace,
			original,
			`This folder was written by ${writtenBy(original)}. The master secret is sent to nodes of v2.9 only: what others expect was not tested.`,
		);
	const address = wishes.endpoint ?? ids?.ip ?? '';
	if (address === '') throw noAddress();
	const expectations = await ownExpectations(workspace, {acceptUnknownKeys: wishes.acceptUnknownKeys}, world);
	if (expectations === undefined) throw noConfig();
	const endpoint = withPort(address, recoveryPort);
	return {
		node: {endpoint, name: `the control plane at ${endpoint}`},
		policy: expectations.policy,
		secret: await requireMasterSecret({workspace}, wishes.secretFile),
		patience,
		now: world.now,
		collateral: (policy: Policy, document: Uint8Array) => collateralFor(world, {}, policy, document),
	};
}

/**
 * The same recovery with keys accepted that nothing vouches for, if that is all that a node was refused for; undefined otherwise. For
 * after a person has agreed.
 */
export function withConsent(recovery: OriginalRecovery, error: unknown): OriginalRecovery | undefined {
	if (!(error instanceof AppError) || error.code !== 'attestation-refused' || error.problems.length === 0) return undefined;
	if (!error.problems.every(({path}) => path === 'key-certificate-missing')) return undefined;
	const {policy} = recovery;
	return 'acceptUnknownKeys' in policy ? {...recovery, policy: {...policy, acceptUnknownKeys: true}} : undefined;
}

function noAddress(): AppError {
	return new AppError('Nothing says where the control planes are.', {
		code: 'endpoint-missing',
		exitCode: exitCodes.preflight,
		next: ['Name the address: --endpoint HOST'],
	});
}

function noConfig(): AppError {
	return new AppError(`There is no ${fileNames.config}, so nothing says what a node has to prove.`, {
		code: 'config-missing',
		exitCode: exitCodes.preflight,
		next: ['Put the config of the cluster back: without it the master secret is sent to nobody.'],
	});
}
