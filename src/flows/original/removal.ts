import {shellWord} from '../../text.ts';
import {fileNames} from '../../workspace/files.ts';
import {originalNames} from '../../workspace/original.ts';
import type {Original} from './open.ts';
import type {OriginalResources, TerraformFolder} from './resources.ts';

/** One step of removing a cluster of the original by hand: a sentence, and the exact commands. */
export type RemovalStep = {why: string; commands: readonly string[]};

/** How its owner removes the cluster with its own Terraform. This tool runs none of it: the module is not its own. */
export function removalSteps(original: Original, resources: OriginalResources): RemovalStep[] {
	const {workspace, kubeconfig, provider} = original;
	const at = (name: string) => shellWord(`${workspace.folder}/${name}`);
	const kubectl = `kubectl --kubeconfig ${at(fileNames.kubeconfig)}`;
	const {cluster, iam, libvirt} = resources;
	return [
		...(kubeconfig && provider !== 'QEMU'
			? [
					{
						why: 'Load balancers and volumes that Kubernetes made are not in the state. Look for them and delete their objects first, or they stay and cost money:',
						commands: [
							`${kubectl} get services --all-namespaces | grep LoadBalancer`,
							`${kubectl} get persistentvolumeclaims --all-namespaces`,
						],
					},
				]
			: []),
		...(has(cluster)
			? [
					{
						why: 'Remove the machines and networks (Terraform 1.4.6 or newer; look at the plan first):',
						commands: destroy(cluster, at),
					},
				]
			: []),
		...(libvirt === undefined
			? []
			: [{why: 'Remove the container that runs libvirt:', commands: [`docker rm --force ${libvirt}`]}]),
		...(has(iam) ? [{why: 'Then, if no other cluster uses them, the IAM objects:', commands: destroy(iam, at)}] : []),
		{
			why: 'When that ended without an error, remove what says that the cluster exists; keep the config and the master secret:',
			commands: [
				`rm -r ${[fileNames.terraform, ...(has(iam) ? [originalNames.iam] : [])].map(at).join(' ')}`,
				`rm -f ${[fileNames.id, fileNames.kubeconfig, ...(libvirt === undefined ? [] : [originalNames.libvirt])].map(at).join(' ')}`,
			],
		},
	];
}

const has = ({state, unreadable}: TerraformFolder): boolean => (state?.total ?? 0) > 0 || unreadable;

function destroy({folder}: TerraformFolder, at: (name: string) => string): string[] {
	const place = `terraform -chdir=${at(folder)}`;
	return [`${place} init`, `${place} plan -destroy`, `${place} destroy`];
}
