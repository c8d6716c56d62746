import {type Kube, KubeError, type KubeObject, type Resource} from '../../../kubernetes/kube.ts';
import {recordEvent} from '../../../kubernetes/record-event.ts';
import {inNamespace, resourcePath, resources} from '../../../kubernetes/resources.ts';
import {reconcileBudget} from './budget.ts';
import {reconcileDaemonSet} from './daemon-set.ts';
import {reconcileDeployment} from './deployment.ts';
import {reconcileEndpoints} from './endpoints.ts';
import {reconcileLostPods} from './lost-pods.ts';
import {earliest} from './pods.ts';
import {reconcileReplicaSet} from './replica-set.ts';
import {schedule} from './scheduler/schedule.ts';
import type {Action, Decision, EndpointSlice, World} from './types.ts';

/** What the controllers look at: a change of any of it starts a round. */
export const watched: readonly Resource[] = [
	resources.pods,
	resources.replicaSets,
	resources.deployments,
	resources.daemonSets,
	resources.podDisruptionBudgets,
	resources.services,
	resources.nodes,
];

/**
 * Reads the cluster anew for every round: the lists are small and never behind, so nothing is made or deleted twice. Things are read
 * before what owns them, so that an owner that is not in its list is really gone.
 */
export const readWorld = async (kube: Kube, now: number): Promise<World> => {
	const list = async <T extends KubeObject>(resource: Resource, apiVersion: string, kind: string): Promise<T[]> => {
		const {items} = await kube.list(resource);
		// Items of a list do not say what they are.
		return items.map(item => ({...item, apiVersion, kind}) as T);
	};
	const pods = await list<World['pods'][number]>(resources.pods, 'v1', 'Pod');
	const replicaSets = await list<World['replicaSets'][number]>(resources.replicaSets, 'apps/v1', 'ReplicaSet');
	const [deployments, daemonSets, budgets, services, endpoints, endpointSlices, nodes] = await Promise.all([
		list<World['deployments'][number]>(resources.deployments, 'apps/v1', 'Deployment'),
		list<World['daemonSets'][number]>(resources.daemonSets, 'apps/v1', 'DaemonSet'),
		list<World['budgets'][number]>(resources.podDisruptionBudgets, 'policy/v1', 'PodDisruptionBudget'),
		list<World['services'][number]>(resources.services, 'v1', 'Service'),
		list<World['endpoints'][number]>(resources.endpoints, 'v1', 'Endpoints'),
		whereServed(list<EndpointSlice>(resources.endpointSlices, 'discovery.k8s.io/v1', 'EndpointSlice')),
		list<World['nodes'][number]>(resources.nodes, 'v1', 'Node'),
	]);
	return {now, pods, replicaSets, deployments, daemonSets, budgets, services, endpoints, endpointSlices, nodes};
};

async function whereServed<T>(objects: Promise<T>): Promise<T | undefined> {
	try {
		return await objects;
	} catch (error) {
		if (error instanceof KubeError && error.code === 404) return undefined;
		throw error;
	}
}

/** What all controllers together want done now. */
export const decide = (world: World): Decision => {
	const decisions = [
		reconcileLostPods(world),
		...world.deployments.map(deployment => reconcileDeployment(world, deployment)),
		...world.replicaSets.map(set => reconcileReplicaSet(world, set)),
		...world.daemonSets.map(set => reconcileDaemonSet(world, set)),
		...world.budgets.map(budget => reconcileBudget(world, budget)),
		...world.services.map(service => reconcileEndpoints(world, service)),
		schedule(world),
	];
	const wakeAt = earliest(...decisions.map(decision => decision.wakeAt));
	return {actions: decisions.flatMap(({actions}) => actions), ...(wakeAt !== undefined && {wakeAt})};
};

/**
 * Carries out one action. What somebody else did first, or what is gone, is left alone: the change that this was starts the next round.
 * Gives false for what the API server refused otherwise, after telling it.
 */
export const carryOut = async (kube: Kube, action: Action, log: (line: string) => void): Promise<boolean> => {
	try {
		const made = await write(kube, action);
		const {report} = action;
		if (report) {
			const {about, happening} = report;
			const message = happening.message.endsWith(': ') ? happening.message + (made?.metadata.name ?? '') : happening.message;
			await recordEvent(kube, about, {...happening, message}, {component: 'constellation-operator'});
		}
		return true;
	} catch (error) {
		if (!(error instanceof KubeError) || error.code === 0) throw error;
		if (error.code === 404 || error.code === 409) return true;
		log(`workloads: ${error.message}`);
		return false;
	}
};

const write = async (kube: Kube, action: Action): Promise<KubeObject | undefined> => {
	switch (action.kind) {
		case 'create':
			return kube.create(action.resource, action.object);
		case 'patch':
			return kube.patch(action.resource, action.name, action.patch, 'merge', action.subresource);
		case 'replace':
			return kube.update(action.resource, action.object, action.subresource);
		case 'delete':
			await kube.delete(action.resource, action.name, action.options);
			return undefined;
		case 'bind': {
			const {name, namespace = 'default', uid} = action.pod.metadata;
			const path = resourcePath(inNamespace(resources.pods, namespace), name, 'binding');
			const target = {apiVersion: 'v1', kind: 'Node', name: action.node};
			await kube.post(path, {apiVersion: 'v1', kind: 'Binding', metadata: {name, namespace, uid}, target});
			return undefined;
		}
	}
};
