import {formatPolicy, type LocalPolicy} from '../../attestation/policy.ts';
import {AppError, exitCodes} from '../../errors.ts';
import type {Event, Flow} from '../../events.ts';
import {type Kube, KubeError} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import type {Image} from '../../releases/image.ts';
import {type AcceptedPolicy, type PolicySet, policyVersion, readPolicySet, withPolicySet} from '../../upgrade/policy-set.ts';
import {type Lagging, laggingReplicas} from '../../upgrade/replicas.ts';
import {readStamp, writeStamp} from '../../workspace/stamp.ts';
import type {UpgradeDependencies} from './dependencies.ts';
import {mayPass} from './node-version.ts';
import {joinConfigOf, observe} from './observe.ts';

const checkMs = 250;
const patienceMs = 120_000;

/** The policy of an image as the cluster keeps it: its signed file, and the config that goes with it. */
export function acceptedPolicyOf(image: Image, policy: LocalPolicy): AcceptedPolicy {
	const {previous: _, ...own} = policy;
	return {
		measurements: Buffer.from(image.measurements).toString('base64'),
		signature: Buffer.from(image.signature).toString('base64'),
		attestationConfig: formatPolicy(own),
	};
}

/**
 * Writes a change of the policy set by compare-and-swap and remembers its generation. `change` is asked again where somebody else was
 * faster; the set itself where nothing has to change.
 */
export async function changePolicies(
	{workspace}: Pick<UpgradeDependencies, 'workspace'>,
	kube: Kube,
	change: (set: PolicySet, highest: number) => PolicySet,
): Promise<PolicySet> {
	for (let attempt = 0; ; attempt++) {
		const joinConfig = await joinConfigOf(kube);
		const set = readPolicySet(joinConfig);
		const next = change(set, (await readStamp(workspace)).policyGeneration);
		try {
			if (next !== set) await kube.update(inNamespace(resources.configMaps, 'kube-system'), withPolicySet(joinConfig, next));
			await writeStamp(workspace, {policyGeneration: next.generation});
			return next;
		} catch (error) {
			if (!(error instanceof KubeError && error.code === 409) || attempt >= 10) throw error;
		}
	}
}

/** Waits until every JoinService enforces exactly this set. Throws AppError `policies-lag` (exit 6) that names the replica. */
export async function* awaitReplicas(deps: UpgradeDependencies, set: PolicySet, signal: AbortSignal): Flow<void> {
	const {now, pause} = deps;
	const until = now() + patienceMs;
	let said = '';
	for (;;) {
		signal.throwIfAborted();
		const lagging = await laggards(deps, set);
		const event = policiesEvent(set, lagging, now());
		const text = JSON.stringify({...event, at: 0});
		if (text !== said) yield event;
		said = text;
		if (lagging.length === 0) return;
		if (now() > until) throw lag(lagging);
		await pause(checkMs, signal);
	}
}

async function laggards(deps: UpgradeDependencies, set: PolicySet): Promise<Lagging[]> {
	try {
		const {observed, replicas} = await observe(deps);
		const controlPlanes = observed.nodes.filter(({role, stopped}) => role === 'control-plane' && !stopped);
		return laggingReplicas(
			set,
			controlPlanes.map(({name}) => name),
			replicas,
			deps.now(),
		);
	} catch (error) {
		if (mayPass(error) || (error instanceof AppError && error.code === 'cluster-unreachable'))
			return [{node: 'the Kubernetes API', reason: 'does not answer'}];
		throw error;
	}
}

export const policiesEvent = (set: PolicySet, lagging: readonly Lagging[], at: number): Event => ({
	type: 'policies',
	generation: set.generation,
	images: set.policies.map(policy => policyVersion(policy)),
	lagging: [...lagging],
	at,
});

function lag(lagging: readonly Lagging[]): AppError {
	return new AppError('Not every JoinService enforces the join policy; no node was changed.', {
		code: 'policies-lag',
		exitCode: exitCodes.cluster,
		problems: lagging.map(({node, reason}) => ({path: node, message: reason})),
		next: [
			'constellation status          shows how each node is',
			'constellation upgrade apply   goes on from here',
			'constellation upgrade abort   returns to the old policy',
		],
	});
}
