import {formatPolicy, type LocalPolicy} from '../../attestation/policy.ts';
import {singlePolicies} from '../../attestation/variants/local/policy.ts';
import {editConfig} from '../../config/load.ts';
import {writeFileSafely} from '../../workspace/files.ts';
import {pinnedPolicy, readConfig} from '../cluster.ts';
import type {UpgradeDependencies} from './dependencies.ts';

/** What the workspace trusts, as its config pins it. */
export async function pinnedLocal({
	workspace,
}: Pick<UpgradeDependencies, 'workspace'>): Promise<{image: string; policy: LocalPolicy}> {
	const {config} = await readConfig(workspace);
	const policy = pinnedPolicy(config);
	if (policy.variant !== 'local-vtpm') throw new TypeError(`no upgrade for ${policy.variant}`);
	return {image: config.image, policy};
}

/**
 * Makes `image` the one that the workspace wants, and goes on accepting the one before: this comes before the cluster changes, so that
 * nodes of either can be verified and recovered at any moment. Kubernetes' version goes along.
 */
export async function pinBoth(
	deps: Pick<UpgradeDependencies, 'workspace'>,
	image: string,
	policy: LocalPolicy,
	kubernetes: string,
): Promise<void> {
	const pinned = await pinnedLocal(deps);
	if (pinned.image === image) return;
	const [old] = singlePolicies(pinned.policy);
	await writePinned(deps, image, kubernetes, {...policy, previous: {image: pinned.image, measurements: old.measurements}});
}

/** Nothing but the wanted image is accepted any more. */
export async function pinOnlyNewest(deps: Pick<UpgradeDependencies, 'workspace'>): Promise<void> {
	const {config} = await readConfig(deps.workspace);
	const {image, policy} = await pinnedLocal(deps);
	const [newest] = singlePolicies(policy);
	if (policy.previous !== undefined) await writePinned(deps, image, config.kubernetesVersion, newest);
}

async function writePinned(
	{workspace}: Pick<UpgradeDependencies, 'workspace'>,
	image: string,
	kubernetes: string,
	policy: LocalPolicy,
): Promise<void> {
	const {text} = await readConfig(workspace);
	const edited = editConfig(text, [
		{path: ['image'], value: image},
		{path: ['kubernetesVersion'], value: kubernetes},
		{path: ['attestation', 'localVTPM'], value: formatPolicy(policy)},
	]);
	if (edited !== text) await writeFileSafely(workspace.path('config'), edited);
}
