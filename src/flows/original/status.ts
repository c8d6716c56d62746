import {readdir} from 'node:fs/promises';
import {readClusterId, showClusterId} from '../../keys/cluster-id.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {fileNames, readText} from '../../workspace/files.ts';
import {originalNames} from '../../workspace/original.ts';
import {type Ability, abilitiesOf, movingOn} from './abilities.ts';
import {type OriginalCluster, originalCluster} from './cluster-facts.ts';
import type {Original} from './open.ts';
import {type OriginalResources, originalResources} from './resources.ts';

/** All that can be told of a workspace of the original without changing anything. */
export type OriginalStatus = {
	provider: string;
	format: Original['format'];
	because: string;
	stage: Original['stage'];
	name: string;
	uid: string;
	image: string;
	kubernetesVersion: string;
	/** Base64, as it is shown; empty where the cluster was not initialised. */
	clusterId: string;
	endpoint: string;
	files: readonly {file: string; what: string}[];
	/** Absent without a kubeconfig. */
	cluster?: OriginalCluster;
	resources: OriginalResources;
	abilities: readonly Ability[];
	movingOn: readonly string[];
};

/** Tells what a folder of the original is, asks its cluster where there is a kubeconfig, and counts what its Terraform manages. */
export async function originalStatus(original: Original, connect: (kubeconfig: string) => Kube): Promise<OriginalStatus> {
	const {workspace, ids, config, provider, format, because, stage} = original;
	const kubeconfig = await readText(workspace.path('kubeconfig'));
	const clusterId = readClusterId(ids?.clusterID ?? '');
	return {
		provider,
		format,
		because,
		stage,
		name: config?.name ?? '',
		uid: ids?.uid ?? '',
		image: config?.image ?? '',
		kubernetesVersion: config?.kubernetesVersion ?? '',
		clusterId: clusterId === undefined ? '' : showClusterId(clusterId),
		endpoint: ids?.ip ?? '',
		files: await filesOf(original),
		...(kubeconfig === undefined ? {} : {cluster: await originalCluster(kubeconfig, connect)}),
		resources: await originalResources(original),
		abilities: abilitiesOf(original),
		movingOn: movingOn(original),
	};
}

const meanings: readonly [file: string, what: string][] = [
	[fileNames.config, 'config'],
	[originalNames.configBackup, 'config before it was migrated from v2'],
	[fileNames.id, 'identity of the cluster; holds the init secret in clear'],
	[originalNames.laterState, 'state of the cluster, in the form of later releases'],
	[originalNames.earlierState, 'state of the cluster, in the form of the first releases'],
	[fileNames.masterSecret, 'master secret: the key to all data of the cluster'],
	[originalNames.earlierSecret, 'master secret, in the form of the first releases'],
	[fileNames.kubeconfig, 'kubeconfig of the administrator'],
	[fileNames.terraform, 'Terraform of the cluster: module, variables, state; the state holds secrets in clear'],
	[originalNames.iam, 'Terraform of the IAM objects'],
	[originalNames.upgrades, 'backups and left-overs of upgrades'],
	[originalNames.migrationOutput, 'outputs of an upgrade of the infrastructure'],
	[originalNames.libvirt, 'name of the container that runs libvirt'],
	[originalNames.gcpKey, 'key of the service account; opens the project'],
	[originalNames.license, 'licence'],
	[fileNames.clusterLog, 'log of a failed init'],
];

async function filesOf({workspace}: Original): Promise<{file: string; what: string}[]> {
	const names = new Set(await readdir(workspace.folder));
	return meanings.filter(([file]) => names.has(file)).map(([file, what]) => ({file, what}));
}
