import {fileNames} from '../../workspace/files.ts';
import type {Original} from './open.ts';

/** What can be done with a workspace of the original. `missing`: what it lacks here, as words; absent where it works. */
export type Ability = {command: string; what: string; missing?: string};

/** Variants of v2.9 whose evidence says nothing of whose TPM made it. */
const unprovenVariants: readonly string[] = ['qemuVTPM', 'awsNitroTPM', 'awsSEVSNP'];
const needsConsent = '; nothing vouches for the keys of its nodes, which takes --accept-unknown-keys';

/** What works in this folder and, of that, what it lacks. Everything else is refused. */
export function abilitiesOf(original: Original): Ability[] {
	const {ids, config, kubeconfig, masterSecret, format} = original;
	const noKubeconfig = kubeconfig ? [] : [fileNames.kubeconfig];
	const noPolicy =
		config?.variants.length === 1 ? [] : ['one attestation section in the config; name values with --measurements'];
	const noAddress = (ids?.ip ?? '') === '' ? ['the address; name it with --endpoint'] : [];
	const noClusterId = (ids?.clusterID ?? '') === '' ? ['the cluster ID; name it with --cluster-id'] : [];
	const noConfig = config?.variants.length === 1 ? [] : ['one attestation section in the config'];
	const noSecret = masterSecret ? [] : ['the master secret; name your copy with --master-secret'];
	const consent = config?.variants.some(variant => unprovenVariants.includes(variant)) === true ? needsConsent : '';
	return [
		ability('status', 'this view; asks the cluster where there is a kubeconfig', []),
		ability('verify', `challenges the cluster and checks its attestation; writes no receipt here${consent}`, [
			...noClusterId,
			...noAddress,
			...noPolicy,
		]),
		ability('kubeconfig merge', 'adds the cluster to your own kubeconfig', noKubeconfig),
		ability('recover', `sends the master secret to control planes that wait for it; key-bound only${consent}`, [
			...(format === 'before-v2.9' || format === 'after-v2.9' ? ['a workspace of v2.9: other releases were not tested'] : []),
			...noAddress,
			...noConfig,
			...noSecret,
		]),
		ability('terminate', 'removes nothing: lists what its own Terraform would remove, with the commands', []),
	];
}

function ability(command: string, what: string, missing: readonly string[]): Ability {
	return {command, what, ...(missing.length === 0 ? {} : {missing: missing.join('; ')})};
}

/** What does not work, and why. */
export const notHere =
	'apply, create, init, scale, start, stop, watch, upgrade and every change of the config: its nodes, charts and Terraform modules are not of this tool, which could only break them.';

/** How to leave the original behind, one step a sentence. */
export function movingOn({kubeconfig, masterSecret, provider}: Original): string[] {
	return [
		'Copy this folder to a safe place, readable by you alone: it holds secrets in clear.',
		'Make a new cluster in a new folder: constellation -C NEW-FOLDER. Nodes of the original cannot join it, and its nodes cannot join here.',
		`Move the workloads: export their objects${kubeconfig ? ` (kubectl --kubeconfig ${fileNames.kubeconfig} get … -o yaml)` : ''}, apply them to the new cluster, and copy the data from pod to pod or with the backup tool you have. Volumes are encrypted with keys of the old cluster, so a new one cannot just mount them.`,
		...(masterSecret
			? [
					`Keep ${fileNames.masterSecret} as long as any disk, snapshot or backup of the old cluster is worth something: every data key is derived from it and the ID of the volume. The new cluster makes its own; do not share one between two clusters.`,
				]
			: ['Find the copy of the master secret: every data key of the old cluster is derived from it.']),
		`Remove the old cluster when nothing is left in it: constellation terminate lists what there is${provider === 'Unknown' ? '' : ` on ${provider}`} and the commands.`,
	];
}
