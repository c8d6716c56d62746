import path from 'node:path';
import {z} from 'zod';
import {type Policy, parsePolicy} from '../attestation/policy.ts';
import {parseConfig, requireLocal} from '../config/load.ts';
import type {Config, LocalConfig} from '../config/schema.ts';
import {AppError, exitCodes} from '../errors.ts';
import {readClusterId} from '../keys/cluster-id.ts';
import type {Kube} from '../kubernetes/kube.ts';
import {readText, type Workspace} from '../workspace/files.ts';
import {type ClusterIds, readIds} from '../workspace/id-file.ts';
import {openJournal} from '../workspace/journal.ts';
import {readFacts, stateOf, type WorkspaceState} from '../workspace/state.ts';
import type {Dependencies, Endpoints} from './dependencies.ts';

/** Nothing to work on: the folder holds no cluster. */
export function noCluster(workspace: Workspace, isUsage = false): AppError {
	return new AppError(`There is no cluster in ${workspace.folder}.`, {
		code: 'no-cluster',
		exitCode: isUsage ? exitCodes.usage : exitCodes.preflight,
		next: ['constellation apply   creates one here', 'constellation -C DIR  works on the cluster in another folder'],
		details: {folder: workspace.folder},
	});
}

/** Throws AppError `no-cluster` where a workspace holds no cluster and nothing that is left of one. */
export async function requireSomething(workspace: Workspace): Promise<void> {
	const {id, resources} = await readFacts(workspace);
	if (!id && !resources) throw noCluster(workspace);
}

/** The config of a local cluster. Throws AppError `config-missing`, `other-provider` or what `parseConfig` throws. */
export async function readConfig(workspace: Workspace): Promise<{config: LocalConfig; text: string}> {
	const {config, text} = await readAnyConfig(workspace);
	return {config: requireLocal(config), text};
}

/** The config of the workspace, whatever its provider. Throws AppError `config-missing` or what `parseConfig` throws. */
export async function readAnyConfig(workspace: Workspace): Promise<{config: Config; text: string}> {
	const text = await readText(workspace.path('config'));
	if (text !== undefined) return {config: parseConfig(text), text};
	throw new AppError(`There is no constellation-conf.yaml in ${workspace.folder}.`, {
		code: 'config-missing',
		exitCode: exitCodes.preflight,
		next: ['constellation config generate local   writes one'],
		details: {folder: workspace.folder},
	});
}

/** Identity of the workspace's cluster, which must have been created. Throws AppError `no-cluster`, `other-provider`. */
export async function requireIds(workspace: Workspace): Promise<ClusterIds> {
	const ids = await readIds(workspace);
	if (ids === undefined) throw noCluster(workspace);
	refuseOtherProvider(workspace, ids);
	return ids;
}

/** A folder of a cluster that this release cannot handle. */
export function refuseOtherProvider(workspace: Workspace, ids: ClusterIds): void {
	if (ids.cloudProvider === 'Local') return;
	throw new AppError(`The cluster in ${workspace.folder} is on ${ids.cloudProvider}; this tool handles local clusters.`, {
		code: 'other-provider',
		exitCode: exitCodes.preflight,
		next: ['Use the constellation that made it, or another folder: -C DIR'],
		details: {folder: workspace.folder, provider: ids.cloudProvider},
	});
}

/** As requireIds, and the cluster must be initialised. `clusterId`: 32 bytes. */
export async function requireInitialised(workspace: Workspace): Promise<{ids: ClusterIds; clusterId: Uint8Array}> {
	const ids = await requireIds(workspace);
	const clusterId = readClusterId(ids.clusterID);
	if (clusterId !== undefined) return {ids, clusterId};
	throw notInitialised();
}

export function notInitialised(): AppError {
	return new AppError('The cluster was created but not initialised.', {
		code: 'not-initialised',
		exitCode: exitCodes.preflight,
		next: ['constellation apply   continues where it stopped'],
	});
}

/** Where a workspace stands. What was planned only, and then left or killed, is as if it had not been begun. */
export async function workspaceState(workspace: Workspace): Promise<WorkspaceState> {
	const facts = await readFacts(workspace);
	const state = stateOf(facts);
	if (state !== 'interrupted' || facts.resources || !facts.config) return state;
	return (await openJournal(workspace, Date.now)).last('apply') === undefined ? 'configured' : state;
}

/** What a node must show before it is in the cluster, as the config pins it. Throws AppError `policy-not-pinned`, `policy-invalid`. */
export function pinnedPolicy(config: LocalConfig): Policy {
	const {measurements, makerKey, releaseKey, previous} = config.attestation.localVTPM;
	if (measurements !== undefined && makerKey !== undefined && releaseKey !== undefined)
		return parsePolicy('local-vtpm', {measurements, makerKey, releaseKey, ...(previous === undefined ? {} : {previous})});
	throw new AppError('The config does not say yet what a node has to prove.', {
		code: 'policy-not-pinned',
		exitCode: exitCodes.preflight,
		next: ['constellation apply   computes the values and pins them'],
	});
}

/** Where the cluster's services are, from the outputs in Terraform's state: Terraform itself is not needed to ask for them. */
export async function readEndpoints(workspace: Workspace): Promise<Endpoints> {
	const text = await readText(path.join(workspace.path('terraform'), 'terraform.tfstate'), 64 * 1024 * 1024);
	const found = stateSchema.safeParse(text === undefined ? undefined : parseJson(text));
	if (found.success) return found.data.outputs.endpoints.value;
	throw new AppError('Terraform’s state does not say where the services of the cluster are.', {
		code: 'terraform-outputs',
		exitCode: exitCodes.infrastructure,
		next: ['constellation apply   completes the machines'],
	});
}

const endpoint = z.string().regex(/^\S+:\d{1,5}$/);
const stateSchema = z.object({
	outputs: z.object({
		endpoints: z.object({
			value: z.object({bootstrapper: endpoint, recovery: endpoint, verify: endpoint, join: endpoint, kubernetes: endpoint}),
		}),
	}),
});

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined; // The schema refuses it.
	}
}

/** The administrator's client. Throws AppError `kubeconfig-missing`; before that is made, `no-cluster` and `not-initialised`. */
export async function adminKube(deps: Pick<Dependencies, 'workspace' | 'kube'>): Promise<{kube: Kube; text: string}> {
	const text = await readText(deps.workspace.path('kubeconfig'));
	if (text !== undefined) return {kube: deps.kube(text), text};
	throw await kubeconfigMissing(deps.workspace);
}

/** Why there is no kubeconfig: no cluster, one that was not initialised, or a file that is gone. */
export async function kubeconfigMissing(workspace: Workspace): Promise<AppError> {
	await requireSomething(workspace);
	if (!(await readFacts(workspace)).clusterId) return notInitialised();
	return new AppError('constellation-admin.conf is missing.', {
		code: 'kubeconfig-missing',
		exitCode: exitCodes.preflight,
		next: ['Restore it from a backup: it cannot be made again without it.'],
	});
}
