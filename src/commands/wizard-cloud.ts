import type {CloudAnswers} from '../config/generate-cloud.ts';
import type {Flow, PlanPart} from '../events.ts';
import {applyInfrastructure, noNodeImage, planInfrastructure} from '../flows/cloud/create.ts';
import {findCloudCluster, terminateInfrastructure} from '../flows/cloud/terminate.ts';
import {cloudDependencies} from '../flows/cloud-provider.ts';
import {type CloudId, cloudIds} from '../flows/config-tools.ts';
import type {Dependencies} from '../flows/dependencies.ts';
import {applyIam, iamClouds, type PlannedIam, planIam} from '../flows/iam.ts';
import {fileNames} from '../flows/session.ts';
import type {Answers, CloudChoice, IdentityPlan, Plan} from '../wizard/deps.ts';
import {localAnswers} from './wizard-local.ts';
import type {Planned} from './wizard-plan.ts';

/** The answers as a config for a cloud has them. */
export function cloudAnswers(answers: Answers, {iamPrefix: _, ...choice}: CloudChoice): CloudAnswers {
	return {...localAnswers(answers), ...choice};
}

/** The plan of a cluster on a cloud, as the wizard shows it, and how it is done. Ends with `no-node-image`: that is as far as it goes. */
export async function* planCloud(base: Dependencies, env: NodeJS.ProcessEnv, signal: AbortSignal): Flow<Planned> {
	const deps = cloudDependencies(base, env);
	const planned = yield* planInfrastructure(deps, signal);
	const {plan, config, cloud} = planned;
	const preview = plan.preview ?? [];
	const about = (title: string) => preview.find(part => part.title === title)?.lines ?? [];
	return {
		view: {
			...shown(plan),
			preview,
			writes: [fileNames.id, `${fileNames.terraform}/`],
			opens: config.sourceRanges.map(range => `its ports to ${range}`),
			costs: about('Costs money'),
			irreversible: about('Cannot be undone'),
		},
		async *apply(during) {
			throw noNodeImage(yield* applyInfrastructure(deps, planned, during), cloud);
		},
	};
}

/** Removes what was made in a cloud. */
export async function* removeCloud(base: Dependencies, env: NodeJS.ProcessEnv, signal: AbortSignal): Flow<readonly string[]> {
	const existing = await findCloudCluster(base.workspace);
	return existing === undefined ? [] : yield* terminateInfrastructure(cloudDependencies(base, env), existing, signal);
}

/** What the identities of a plan are, and how they are made. */
export async function* planIdentities(
	{workspace, now}: Dependencies,
	env: NodeJS.ProcessEnv,
	answers: Answers,
	signal: AbortSignal,
): Flow<{view: IdentityPlan; make: (signal: AbortSignal) => Flow<Record<string, string>>}> {
	const {cloud: choice, provider} = answers;
	const cloud = iamClouds.find(id => id === provider);
	if (cloud === undefined || choice === undefined) throw new TypeError(`nodes on ${provider} have no identities`);
	const world = {workspace, env, now};
	const {project, subscription} = choice.account;
	const wishes = {prefix: choice.iamPrefix ?? '', values: {region: choice.region, project, subscription}};
	const planned: PlannedIam = yield* planIam(world, cloud, wishes, signal);
	const view = {...shown(planned.plan), preview: planned.plan.preview ?? []};
	return {view, make: during => applyIam(world, planned, during)};
}

function shown(
	plan: PlannedIam['plan'],
): Pick<Plan, 'hash' | 'create' | 'update' | 'destroy' | 'changes'> & {preview?: PlanPart[]} {
	const {sha256: hash, create, update, destroy, changes} = plan;
	return {hash, create, update, destroy, changes};
}

export const isCloud = (provider: string): provider is CloudId => cloudIds.some(id => id === provider);
