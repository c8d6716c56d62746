import {sameBytes} from '../attestation/bytes.ts';
import type {Finding} from '../attestation/findings.ts';
import type {Attested} from '../attestation/variant.ts';
import type {Flow} from '../events.ts';
import {readClusterId} from '../keys/cluster-id.ts';
import {readIds} from '../workspace/id-file.ts';
import {findOriginal} from '../workspace/original.ts';
import type {Dependencies} from './dependencies.ts';
import {challengedNode, writeReceipt} from './receipts.ts';
import {type Verified, type VerifyDependencies, verifyCluster} from './verify.ts';
import type {VerifyTarget} from './verify-target.ts';

type RunDependencies = VerifyDependencies & Pick<Dependencies, 'workspace'>;

/** As verifyCluster; in the workspace of the challenged cluster the answer, good or bad, leaves a receipt. Gives its name. */
export async function* verifyAndRecord(
	deps: RunDependencies,
	target: VerifyTarget,
	signal: AbortSignal,
): Flow<Verified & {receipt?: string}> {
	const isOwn = await isClusterOf(deps, target);
	const verified = yield* verifyCluster(deps, target, signal, async function* ({findings}) {
		if (isOwn) yield* record(deps, target, findings);
	});
	const receipt = isOwn ? yield* record(deps, target, verified.attested) : undefined;
	return {...verified, ...(receipt === undefined ? {} : {receipt})};
}

async function isClusterOf({workspace}: RunDependencies, {clusterId}: VerifyTarget): Promise<boolean> {
	// A folder of the original is not written to.
	if ((await findOriginal(workspace)) !== undefined) return false;
	const own = readClusterId((await readIds(workspace))?.clusterID ?? '');
	return own !== undefined && sameBytes(own, clusterId);
}

async function* record(
	deps: RunDependencies,
	{endpoint, clusterId, expectations}: VerifyTarget,
	answer: Attested | readonly Finding[],
): Flow<string | undefined> {
	if (expectations === undefined) return undefined;
	return yield* writeReceipt(deps, {
		what: 'verify',
		outcome: 'registers' in answer ? 'accepted' : 'refused',
		cluster: {id: clusterId, endpoint},
		expectations,
		nodes: [challengedNode(endpoint, expectations.imageVersion, answer)],
	});
}
