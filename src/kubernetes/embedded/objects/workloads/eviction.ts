import {type LabelSelector, matchesSelector} from '../../../selectors.ts';
import {ApiError, forbidden} from '../../http/status.ts';
import {WriteConflict} from '../../store/store.ts';
import {type ApiObject, type ApiResource, isObject, type JsonObject} from '../../types.ts';
import {type Api, type Call, timestamp} from '../api.ts';
import {read} from '../read.ts';
import {deleteOptions, remove} from '../remove.ts';
import {listOf, mapOf} from './defaults.ts';

const budgets = 'poddisruptionbudgets.policy';
/** More pods that were promised to go and did not, than one budget keeps track of. */
const mostDisrupted = 2000;
const attempts = 20;
const retrySeconds = 10;

/**
 * POST pods/NAME/eviction: deletes the pod if its PodDisruptionBudget has one left to give. Taking it is a compare-and-swap on the budget,
 * so that of two evictions at the same time, on whichever API servers, only as many succeed as there are disruptions allowed.
 */
export function evict(call: Call, body: JsonObject): JsonObject {
	const pod = read(call);
	const options = deleteOptions(call, isObject(body['deleteOptions']) ? body['deleteOptions'] : {});
	if (!mayIgnoreBudgets(pod)) takeDisruption(call.api, call.type, pod, options.dryRun);
	const {uid} = pod.metadata;
	remove(call, {...options, ...(uid !== undefined && options.uid === undefined && {uid})});
	return {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201};
}

/** What runs no more, does not run yet, or is on its way out takes nothing from a budget. */
function mayIgnoreBudgets(pod: ApiObject): boolean {
	const {phase} = mapOf(pod as JsonObject, 'status');
	return pod.metadata.deletionTimestamp !== undefined || phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending';
}

type Keeper = Pick<Api, 'store' | 'now'>;

/** Takes one disruption from the budget of a pod, if it has one. Throws 429 when there is none left, 500 when there are several budgets. */
export function takeDisruption({store, now}: Keeper, type: ApiResource, pod: ApiObject, dryRun: boolean): void {
	const {namespace = '', name, labels} = pod.metadata;
	for (let attempt = 1; ; attempt++) {
		const [budget, ...more] = store
			.list(budgets, {namespace})
			.items.filter(item => matchesSelector(mapOf(item as JsonObject, 'spec')['selector'] as LabelSelector | undefined, labels));
		if (!budget) return;
		if (more.length > 0) {
			throw new ApiError(
				500,
				'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
				{
					reason: 'InternalError',
				},
			);
		}
		if (!isReady(pod) && mayGoUnhealthy(budget)) return;
		const next = disrupted(type, budget, name, now());
		if (dryRun) return;
		try {
			store.put({resource: budgets, namespace, name: budget.metadata.name}, next, Number(budget.metadata.resourceVersion));
			return;
		} catch (error) {
			if (!(error instanceof WriteConflict)) throw error;
			if (attempt >= attempts)
				throw blocked(`The disruption budget ${budget.metadata.name} is being changed by others.`, retrySeconds);
		}
	}
}

const isReady = (pod: ApiObject) =>
	listOf(mapOf(pod as JsonObject, 'status'), 'conditions').some(({type, status}) => type === 'Ready' && status === 'True');

/** A pod that is not ready may go at once where the budget says so, or where enough others are. */
function mayGoUnhealthy(budget: ApiObject): boolean {
	if (mapOf(budget as JsonObject, 'spec')['unhealthyPodEvictionPolicy'] === 'AlwaysAllow') return true;
	const {currentHealthy = 0, desiredHealthy = 0} = mapOf(budget as JsonObject, 'status');
	return Number(desiredHealthy) > 0 && Number(currentHealthy) >= Number(desiredHealthy);
}

/** The budget with one disruption less. Throws 429 when there is none. */
function disrupted(type: ApiResource, budget: ApiObject, pod: string, now: number): ApiObject {
	const {name, generation = 0} = budget.metadata;
	const status = mapOf(budget as JsonObject, 'status');
	if (Number(status['observedGeneration'] ?? 0) < generation) {
		throw blocked(`The disruption budget ${name} is still being processed by the server.`, retrySeconds);
	}
	const allowed = Number(status['disruptionsAllowed'] ?? 0);
	const gone = mapOf(status, 'disruptedPods');
	if (allowed < 0) throw forbidden(type, pod, 'pdb disruptions allowed is negative');
	if (Object.keys(gone).length > mostDisrupted)
		throw forbidden(type, pod, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
	if (allowed === 0) {
		const {desiredHealthy = 0, currentHealthy = 0} = status;
		throw blocked(
			`The disruption budget ${name} needs ${Number(desiredHealthy)} healthy pods and has ${Number(currentHealthy)} currently`,
		);
	}
	const disruptedPods = {...gone, [pod]: timestamp(now)};
	return {...budget, status: {...status, disruptionsAllowed: allowed - 1, disruptedPods}};
}

function blocked(message: string, retryAfterSeconds?: number): ApiError {
	return new ApiError(429, "Cannot evict pod as it would violate the pod's disruption budget.", {
		reason: 'TooManyRequests',
		details: {
			causes: [{reason: 'DisruptionBudget', message}],
			...(retryAfterSeconds !== undefined && {retryAfterSeconds}),
		},
		...(retryAfterSeconds !== undefined && {headers: {'Retry-After': String(retryAfterSeconds)}}),
	});
}
