import {type CloudConfig, isLocal} from '../../config/schema.ts';
import {AppError, exitCodes} from '../../errors.ts';
import type {Flow} from '../../events.ts';
import type {StateContents} from '../../infrastructure/state-contents.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {type Cloud, clouds} from '../../providers/clouds.ts';
import {withAdvice} from '../../providers/failure-advice.ts';
import {type Foreign, foreignObjects} from '../../providers/foreign.ts';
import {count} from '../../text.ts';
import {exists, fileNames, readText, remove, type Workspace} from '../../workspace/files.ts';
import {type ClusterIds, readIds} from '../../workspace/id-file.ts';
import {openJournal} from '../../workspace/journal.ts';
import {writeStamp} from '../../workspace/stamp.ts';
import {readAnyConfig} from '../cluster.ts';
import {phase} from '../phase.ts';
import {requireCredentials} from './credentials.ts';
import type {CloudDependencies} from './dependencies.ts';
import {contentsOf, openTerraform, stateUnreadable, writtenVariables} from './terraform.ts';

/** What a workspace has in a cloud that can be removed. */
export type CloudCluster = {
	cloud: Cloud;
	/** Absent where the config is gone or cannot be read: Terraform knows all that it made without it. */
	config?: CloudConfig;
	ids?: ClusterIds;
	name: string;
	contents: StateContents;
	/** How what Kubernetes made outside Terraform is found. */
	foreign: readonly Foreign[];
};

/**
 * The cluster of a workspace on a cloud; undefined where the workspace is of another kind or empty. Throws AppError `state-mismatch`
 * where state and id file name different clusters, `state-unreadable` where nobody can say what exists.
 */
export async function findCloudCluster(workspace: Workspace): Promise<CloudCluster | undefined> {
	const folder = workspace.path('terraform');
	const ids = await readIds(workspace);
	if (ids?.cloudProvider === 'Local') return undefined;
	const module = (await readText(`${folder}/main.tf`)) ?? '';
	const config = await readAnyConfig(workspace).then(
		found => (isLocal(found.config) ? undefined : found.config),
		() => undefined, // What Terraform made is known without it.
	);
	const cloud = cloudIn(module) ?? Object.values(clouds).find(({recorded}) => recorded === ids?.cloudProvider);
	if (cloud === undefined) return undefined;
	const contents = await contentsOf(folder);
	// Before the first apply an empty state is what the lock of a killed plan leaves; later it is one that lost what it named.
	if (contents === undefined && (await exists(`${folder}/terraform.tfstate`)) && (await wasApplied(workspace)))
		throw stateUnreadable(folder);
	if (ids === undefined && (contents?.total ?? 0) === 0) return undefined;
	if (contents?.uid !== undefined && ids !== undefined && contents.uid !== ids.uid) throw mismatch(contents.uid, ids.uid);
	const variables = await writtenVariables(folder);
	const name = typeof variables?.['name'] === 'string' ? variables['name'] : (config?.name ?? ids?.uid ?? '');
	const uid = ids?.uid ?? contents?.uid ?? '';
	return {
		cloud,
		...(config === undefined ? {} : {config}),
		...(ids === undefined ? {} : {ids}),
		name,
		contents: contents ?? {types: [], total: 0, serial: 0},
		foreign: config === undefined ? [] : foreignObjects(config, uid),
	};
}

const wasApplied = async (workspace: Workspace): Promise<boolean> =>
	(await openJournal(workspace, Date.now)).last('apply') !== undefined;

/** The cloud whose module lies in a folder. STACKIT's has a provider of its own beside that of OpenStack. */
function cloudIn(module: string): Cloud | undefined {
	const names = [
		['stackit', clouds.stackit],
		['openstack', clouds.openstack],
		['aws', clouds.aws],
		['azurerm', clouds.azure],
		['google', clouds.gcp],
	] as const;
	return names.find(([name]) => module.includes(`provider "${name}"`))?.[1];
}

/** What Kubernetes says that it made in the cloud: Services with a load balancer, volumes. Undefined where it does not answer. */
export async function madeByKubernetes(kube: Pick<Kube, 'list'>): Promise<string[] | undefined> {
	try {
		const [services, volumes] = await Promise.all([
			kube.list({version: 'v1', plural: 'services'}),
			kube.list({version: 'v1', plural: 'persistentvolumes'}),
		]);
		const balanced = services.items.filter(({spec}) => (spec as {type?: unknown} | undefined)?.type === 'LoadBalancer');
		return [
			...balanced.map(({metadata}) => `load balancer of Service ${metadata.namespace ?? ''}/${metadata.name}`),
			...volumes.items.map(({metadata}) => `volume ${metadata.name}`),
		];
	} catch {
		return undefined; // A cluster that does not answer is a reason to look by hand, not one to stop.
	}
}

/**
 * What Kubernetes made outside Terraform, as Kubernetes and the cloud say it; undefined where neither answers. A cluster that is broken is
 * often the reason to remove it: then the cloud alone knows.
 */
export async function madeOutside(
	{cloud: {title}, config, ids}: Pick<CloudCluster, 'cloud' | 'config' | 'ids'>,
	ask: {
		kube: () => Promise<Pick<Kube, 'list'>>;
		cloud: (config: CloudConfig) => Promise<{outside: (uid: string) => Promise<string[]>}>;
	},
): Promise<string[] | undefined> {
	const [kubernetes, cloud] = await Promise.all([
		ask.kube().then(
			madeByKubernetes,
			() => undefined, // There is no kubeconfig: nobody can ask.
		),
		config === undefined || ids === undefined
			? undefined
			: ask
					.cloud(config)
					.then(({outside}) => outside(ids.uid))
					.catch((error: unknown) => {
						if (error instanceof AppError) return undefined; // No credentials, no network, no right to look: the commands are told.
						throw error;
					}),
	]);
	return kubernetes === undefined && cloud === undefined
		? undefined
		: [...(kubernetes ?? []), ...(cloud ?? []).map(each => `in ${title}: ${each}`)];
}

/** Removes everything that Terraform made, then the files that say the cluster exists. Gives what was removed, in words. */
export function terminateInfrastructure(deps: CloudDependencies, existing: CloudCluster, signal: AbortSignal): Flow<string[]> {
	return phase('destroy', deps.now, removed(), () => `${count(existing.contents.total, 'resource')} removed`);

	async function* removed(): Flow<string[]> {
		const {workspace, journal, env, now} = deps;
		const {cloud, contents} = existing;
		const words: string[] = [];
		await journal.intent('destroy');
		if (contents.total > 0) {
			yield* requireCredentials(cloud, env, now);
			const place = {
				folder: workspace.path('terraform'),
				module: cloud.id,
				environment: cloud.environment,
				words: cloud.words,
				preview: () => [],
			};
			const terraform = await openTerraform(env, place, signal);
			try {
				yield* terraform.destroy();
			} catch (error) {
				await journal.failed('destroy', error instanceof AppError ? {code: error.code} : {});
				throw withAdvice(error, 'Nothing is forgotten: `constellation terminate` goes on with what is left.');
			}
			const left = (await contentsOf(workspace.path('terraform')))?.total ?? 0;
			if (left > 0) throw incomplete(left);
			words.push(`${contents.total} resources in ${cloud.title}`);
		}
		await journal.done('destroy');
		await writeStamp(workspace, {policyGeneration: 0});
		// The id file goes last: as long as it is there, a second terminate finds the rest.
		for (const file of ['kubeconfig', 'terraform', 'journal', 'id'] as const)
			if (await remove(workspace.path(file))) words.push(fileNames[file]);
		return words;
	}
}

const incomplete = (left: number): AppError =>
	new AppError(`Terraform ended, and its state still names ${left} resources.`, {
		code: 'terminate-incomplete',
		exitCode: exitCodes.infrastructure,
		next: ['Run `constellation terminate` again.'],
		details: {left},
	});

const mismatch = (state: string, ids: string): AppError =>
	new AppError(`The state is of the cluster ${state}, ${fileNames.id} is of ${ids}: they do not belong together.`, {
		code: 'state-mismatch',
		exitCode: exitCodes.preflight,
		next: [`Put the ${fileNames.id} back that belongs to ${fileNames.terraform}, then run the command again.`],
		details: {state, ids},
	});
