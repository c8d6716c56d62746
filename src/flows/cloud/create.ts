import {type CloudConfig, isLocal} from '../../config/schema.ts';
import {AppError, exitCodes, type Problem} from '../../errors.ts';
import type {Flow} from '../../events.ts';
import type {Plan} from '../../infrastructure/terraform.ts';
import {type Cloud, cloudOf, moduleVariables} from '../../providers/clouds.ts';
import {settleEdits} from '../../providers/config-changes.ts';
import {withAdvice} from '../../providers/failure-advice.ts';
import {Secret} from '../../secret.ts';
import {fileNames} from '../../workspace/files.ts';
import {type ClusterIds, readIds, writeIds} from '../../workspace/id-file.ts';
import {writeStamp} from '../../workspace/stamp.ts';
import {readAnyConfig} from '../cluster.ts';
import {phase} from '../phase.ts';
import type {CloudDependencies} from './dependencies.ts';
import {ownImage} from './image.ts';
import {cloudPreflight} from './preflight.ts';
import {existingIn, writtenVariables} from './terraform.ts';

/** A plan to be consented to. */
export type PlannedInfrastructure = {config: CloudConfig; cloud: Cloud; ids: ClusterIds; image: string; plan: Plan};

/** What exists when it is applied. */
export type Infrastructure = {ids: ClusterIds; endpoints: Record<string, string>; image: string};

/** The config of a cluster on a cloud. Throws AppError `config-missing`, `other-provider` or what `parseConfig` throws. */
export async function cloudConfig(workspace: CloudDependencies['workspace']): Promise<CloudConfig> {
	const {config} = await readAnyConfig(workspace);
	if (isLocal(config)) throw new TypeError('a local config came to the flows for clouds');
	return config;
}

/** Pre-flight and plan. Makes nothing in the cloud. Safe to run again at any time, also after a failure. */
export async function* planInfrastructure(deps: CloudDependencies, signal: AbortSignal): Flow<PlannedInfrastructure> {
	const {workspace, now} = deps;
	const config = await cloudConfig(workspace);
	const cloud = cloudOf(config);
	const known = await readIds(workspace);
	if (known !== undefined && known.cloudProvider !== cloud.recorded) throw moved(known, cloud);
	const folder = workspace.path('terraform');
	const [before, existing] = [await writtenVariables(folder), await existingIn(folder)];
	const {refusals} = settleEdits(cloud.id, before, variablesOf(''), existing);
	if (refusals.length > 0) throw cannotChange(refusals);
	yield* phase('preflight', now, cloudPreflight(deps, config, existing.anything, signal));
	return yield* phase('plan', now, planned(), ({plan}) =>
		plan.empty ? 'nothing to change' : `${plan.create} to create, ${plan.update} to change, ${plan.destroy} to destroy`,
	);

	function variablesOf(image: string, more = {uid: '', initSecretHash: '', sshPublicKey: ''}) {
		return moduleVariables(config, {image, ...more});
	}

	async function* planned(): Flow<PlannedInfrastructure> {
		const ids = known ?? (yield* newIds(deps, cloud));
		const image = ownImage(config) || (existing.anything ? imageBefore(before) : '');
		if (image !== ownImage(config))
			yield {type: 'warning', code: 'config', message: `The config names no image; the machines stay with ${image}.`, at: now()};
		const {variables, notes} = settleEdits(
			cloud.id,
			before,
			variablesOf(image, {
				uid: ids.uid,
				initSecretHash: await initSecretHash(deps, ids, before),
				sshPublicKey: cloud.id === 'azure' ? (textIn(before, 'cloud', 'ssh_public_key') ?? (await deps.sshKey())) : '',
			}),
			existing,
		);
		for (const message of notes) yield {type: 'warning', code: 'config', message, at: now()};
		// Another plan may have begun meanwhile: its variables must not be overwritten.
		signal.throwIfAborted();
		const terraform = await deps.terraform(config, signal, variables);
		try {
			const plan = yield* terraform.plan();
			await deps.journal.intent('plan', {digest: plan.sha256});
			return {config, cloud, ids, image, plan};
		} catch (error) {
			throw withAdvice(error, cleanUp);
		}
	}
}

/** Does exactly what was planned. What fails stays as it is: the next run goes on, and only `terminate` removes anything. */
export async function* applyInfrastructure(
	deps: CloudDependencies,
	{config, ids, image, plan}: PlannedInfrastructure,
	signal: AbortSignal,
): Flow<Infrastructure> {
	return yield* phase('machines', deps.now, applied(), () =>
		plan.empty ? 'as planned before' : `${plan.create} created, ${plan.update} changed, ${plan.destroy} destroyed`,
	);

	async function* applied(): Flow<Infrastructure> {
		const {workspace, journal, now} = deps;
		const terraform = await deps.terraform(config, signal);
		await journal.intent('apply', {digest: plan.sha256});
		try {
			if (!plan.empty) yield* terraform.apply(plan);
		} catch (error) {
			await journal.failed('apply', error instanceof AppError ? {code: error.code} : {});
			throw withAdvice(error, cleanUp);
		}
		const {ip, endpoints} = await terraform.outputs();
		if (ids.ip !== ip) {
			await writeIds(workspace, {...ids, ip});
			yield {type: 'file', path: fileNames.id, purpose: 'identity and address of the cluster', at: now()};
		}
		await journal.done('apply');
		return {ids: {...ids, ip}, endpoints, image};
	}
}

const cleanUp = 'constellation terminate   removes what was made, if that is what you want';

/** The infrastructure is there, and that is as far as it goes. Its exit code tells scripts that there is no cluster yet. */
export function noNodeImage({ids, image, endpoints}: Infrastructure, {title}: Cloud): AppError {
	const what =
		image === ''
			? `The infrastructure is there, at ${ids.ip}; there are no machines yet, because the config names no image.`
			: `The infrastructure and its machines are there, at ${ids.ip}; no cluster is made of them yet.`;
	return new AppError(what, {
		code: 'no-node-image',
		exitCode: exitCodes.preflight,
		next: [
			`This tool has no node image for ${title} yet. Until there is one, this is as far as it goes.`,
			...(image === '' ? ['Name an image of your own in the config and run the command again to make the machines.'] : []),
			'constellation terminate   removes everything again; until then it costs money',
		],
		details: {uid: ids.uid, ip: ids.ip, endpoints, image},
	});
}

async function* newIds({workspace, journal, random, now}: CloudDependencies, cloud: Cloud): Flow<ClusterIds> {
	// First of all: a folder with an id file and without this mark would count as one of the original.
	await writeStamp(workspace);
	await journal.intent('config');
	const ids: ClusterIds = {
		clusterID: '',
		ownerID: '',
		uid: Buffer.from(random(4)).toString('hex'),
		cloudProvider: cloud.recorded,
		ip: '',
		initSecret: new Secret(Buffer.from(Buffer.from(random(16)).toString('hex'))),
		attestationURL: '',
	};
	await writeIds(workspace, ids);
	yield {type: 'file', path: fileNames.id, purpose: 'identity of the cluster', at: now()};
	await journal.done('config');
	return ids;
}

/** The hash in the variables stays as it is while it fits: a new salt would look like a change. */
async function initSecretHash(
	{hashSecret, secretMatches}: CloudDependencies,
	{initSecret}: ClusterIds,
	before: Record<string, unknown> | undefined,
): Promise<string> {
	const known = textIn(before, 'init_secret_hash');
	const secret = initSecret?.reveal();
	if (known !== undefined && (secret === undefined || (await secretMatches(secret, known)))) return known;
	if (secret !== undefined) return hashSecret(secret);
	throw new AppError('The init secret of this cluster is gone, and with it the way to describe its machines.', {
		code: 'init-secret-missing',
		exitCode: exitCodes.preflight,
		next: ['Restore constellation-terraform/terraform.tfvars.json, or remove the cluster with `constellation terminate`.'],
	});
}

/** Machines that exist never go because somebody emptied the image in the config. */
function imageBefore(before: Record<string, unknown> | undefined): string {
	const groups = (before?.['node_groups'] ?? {}) as Record<string, {image?: unknown}>;
	const [image = ''] = Object.values(groups).flatMap(group => (typeof group.image === 'string' ? [group.image] : []));
	return image;
}

function textIn(value: unknown, ...keys: readonly string[]): string | undefined {
	const found = keys.reduce<unknown>(
		(inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
		value,
	);
	return typeof found === 'string' && found !== '' ? found : undefined;
}

const cannotChange = (problems: readonly Problem[]): AppError =>
	new AppError('The config asks for what cannot be made of the cluster that is there; nothing was changed.', {
		code: 'preflight',
		exitCode: exitCodes.preflight,
		problems,
		next: [
			'Correct the config as the lines above say, and run the same command again.',
			'constellation terminate   removes the cluster; the next apply makes it as the config says',
		],
	});

const moved = ({cloudProvider}: ClusterIds, {title}: Cloud): AppError =>
	new AppError(`The cluster in this folder is on ${cloudProvider}, the config is for ${title}.`, {
		code: 'other-provider',
		exitCode: exitCodes.preflight,
		next: ['Use another folder for another cluster: -C DIR', 'constellation terminate   removes the one that is here'],
		details: {provider: cloudProvider},
	});
