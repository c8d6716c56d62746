import path from 'node:path';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import {exists, fileNames, readText} from '../workspace/files.ts';
import {writeIds} from '../workspace/id-file.ts';
import {readConfig} from './cluster.ts';
import type {Dependencies, Plan} from './dependencies.ts';
import {withBackground} from './merge.ts';
import {phase} from './phase.ts';
import {type Prepared, prepare} from './prepare.ts';

/** A plan to be consented to: what was decided, and what Terraform will do. */
export type PlannedCluster = {prepared: Prepared; plan: Plan; opens: readonly string[]};

/** First half of create: preflight, image, maker key, pinned config, plan. Makes no machine. */
export async function* planCluster(deps: Dependencies, signal: AbortSignal): Flow<PlannedCluster> {
	const {now, workspace} = deps;
	const isNew = !(await exists(path.join(workspace.path('terraform'), 'terraform.tfstate')));
	const prepared = yield* phase('preflight', now, checked(deps, isNew, signal));
	return yield* phase('plan', now, planned(deps, prepared, signal), ({plan}) =>
		plan.empty ? 'nothing to change' : `${plan.create} to create, ${plan.update} to change, ${plan.destroy} to destroy`,
	);
}

async function* checked(deps: Dependencies, isNew: boolean, signal: AbortSignal): Flow<Prepared> {
	// A mistake in the config is told before this machine is looked at.
	await readConfig(deps.workspace);
	// Ports and addresses of a cluster that exists are taken by itself.
	if (isNew) yield* deps.provider.preflight();
	// Another plan may have begun meanwhile: from here on files are written.
	signal.throwIfAborted();
	return yield* prepare(deps);
}

async function* planned(deps: Dependencies, prepared: Prepared, signal: AbortSignal): Flow<PlannedCluster> {
	const {config, ids} = prepared;
	// While an upgrade replaces nodes its operator says what groups make; Terraform's records follow when it is over.
	const image = config.attestation.localVTPM.previous?.image ?? config.image;
	const groups = Object.entries(config.nodeGroups).map(([name, {role, count}]) => [name, {role, image, count}] as const);
	const {variables, opens} = await deps.provider.module({
		name: config.name,
		uid: ids.uid,
		image: prepared.image,
		nodeGroups: Object.fromEntries(groups),
		initSecretHash: await initSecretHash(deps, prepared),
	});
	signal.throwIfAborted();
	const terraform = await deps.terraform(signal, variables);
	const plan = yield* terraform.plan();
	await deps.journal.intent('plan', {digest: plan.sha256});
	return {prepared, plan, opens};
}

/** The hash in the variables stays as it is while it fits: a new salt would look like a change. */
async function initSecretHash(deps: Dependencies, {ids}: Prepared): Promise<string> {
	const text = await readText(path.join(deps.workspace.path('terraform'), 'terraform.tfvars.json'));
	const known = /"init_secret_hash":\s*"([^"]+)"/.exec(text ?? '')?.[1];
	const secret = ids.initSecret?.reveal();
	if (known !== undefined && (secret === undefined || (await deps.secretMatches(secret, known)))) return known;
	if (secret !== undefined) return deps.hashSecret(secret);
	throw new AppError('The init secret of this cluster is gone, and with it the way to describe its machines.', {
		code: 'init-secret-missing',
		exitCode: exitCodes.preflight,
		next: ['Restore constellation-terraform/terraform.tfvars.json, or remove the cluster with `constellation terminate`.'],
	});
}

/** Second half of create: does exactly what was planned. The digest of the plan is recorded before, as what was consented to. */
export async function* applyPlan(deps: Dependencies, {prepared, plan}: PlannedCluster, signal: AbortSignal): Flow<Prepared> {
	const machines = withBackground(applied(), [stop => deps.provider.events(prepared.ids.uid, stop)], signal);
	return yield* phase('machines', deps.now, machines, () => terraformSummary(plan));

	async function* applied(): Flow<Prepared> {
		const {workspace, journal, now} = deps;
		// Opened anew: the one that planned hears the interrupts of the planning only.
		const terraform = await deps.terraform(signal);
		if (!plan.empty) {
			await journal.intent('apply', {digest: plan.sha256});
			try {
				yield* terraform.apply(plan);
			} catch (error) {
				await journal.failed('apply', error instanceof AppError ? {code: error.code} : {});
				throw error;
			}
		}
		const {ip} = await terraform.outputs();
		const ids = {...prepared.ids, ip};
		if (prepared.ids.ip !== ip) {
			await writeIds(workspace, ids);
			yield {type: 'file', path: fileNames.id, purpose: 'identity and address of the cluster', at: now()};
		}
		await journal.done('apply');
		return {...prepared, ids};
	}
}

const terraformSummary = (plan: Plan): string =>
	plan.empty ? 'as planned before' : `${plan.create} created, ${plan.update} changed, ${plan.destroy} destroyed`;
