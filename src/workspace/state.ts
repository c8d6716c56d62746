import path from 'node:path';
import {exists, readText, type Workspace} from './files.ts';
import {readIds} from './id-file.ts';
import {findOriginal} from './original.ts';

/**
 * Where a workspace stands, told from its files:
 * `empty`; `configured` (a config only); `interrupted` (creating began, its end is not recorded); `created` (machines exist, no
 * init was tried); `init-tried` (an init began, its end is not recorded); `initialised`; `kubeconfig-lost`; `terminated` (a
 * master secret of a cluster that is gone).
 */
export type ClusterStage =
	| 'empty'
	| 'configured'
	| 'interrupted'
	| 'created'
	| 'init-tried'
	| 'initialised'
	| 'kubeconfig-lost'
	| 'terminated';

/** Where a workspace stands; `original` where the original Constellation wrote it: nothing in it is changed then. */
export type WorkspaceState = ClusterStage | 'original';

export type WorkspaceFacts = {
	config: boolean;
	/** An id file; with an address once Terraform has finished, with a cluster ID once the cluster is initialised. */
	id: boolean;
	address: boolean;
	clusterId: boolean;
	masterSecret: boolean;
	kubeconfig: boolean;
	/** Whether Terraform's state names resources. */
	resources: boolean;
	/** Whether the original Constellation wrote the folder. */
	original?: boolean;
};

export function stateOf(facts: WorkspaceFacts): WorkspaceState {
	return facts.original === true ? 'original' : stageOf(facts);
}

/** How far the cluster of a workspace is, whoever made it. */
export function stageOf(facts: Omit<WorkspaceFacts, 'original'>): ClusterStage {
	if (facts.clusterId) return facts.kubeconfig ? 'initialised' : 'kubeconfig-lost';
	if (facts.id && facts.address) return facts.masterSecret ? 'init-tried' : 'created';
	if (facts.id || facts.resources) return 'interrupted';
	if (facts.masterSecret) return 'terminated';
	return facts.config ? 'configured' : 'empty';
}

/** Number of resources in Terraform's state; undefined where there is no state that can be read. */
export async function terraformResources(workspace: Workspace): Promise<number | undefined> {
	const text = await readText(path.join(workspace.path('terraform'), 'terraform.tfstate'), 64 * 1024 * 1024);
	if (text === undefined) return undefined;
	try {
		const state: unknown = JSON.parse(text);
		if (typeof state === 'object' && state !== null && 'resources' in state && Array.isArray(state.resources))
			return state.resources.length;
	} catch {
		// Half a state is still one: Terraform repairs it from its backup.
	}
	return undefined;
}

export async function readFacts(workspace: Workspace): Promise<WorkspaceFacts> {
	const ids = await readIds(workspace);
	return {
		config: await exists(workspace.path('config')),
		id: ids !== undefined,
		address: (ids?.ip ?? '') !== '',
		clusterId: (ids?.clusterID ?? '') !== '',
		masterSecret: await exists(workspace.path('masterSecret')),
		kubeconfig: await exists(workspace.path('kubeconfig')),
		resources: ((await terraformResources(workspace)) ?? 0) > 0,
		original: (await findOriginal(workspace)) !== undefined,
	};
}
