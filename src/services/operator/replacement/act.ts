import {type Kube, KubeError, type KubeObject} from '../../../kubernetes/kube.ts';
import {retireMachines} from '../../../kubernetes/machine-records.ts';
import {apiVersionOf, inNamespace, resources} from '../../../kubernetes/resources.ts';
import {upgradeAnnotations as names} from '../../../kubernetes/upgrade-annotations.ts';
import type {NodeGroups} from '../../../providers/node-groups.ts';
import {UnixHttpError} from '../../../unix-http.ts';
import {narrow, readPolicySet, withPolicySet} from '../../../upgrade/policy-set.ts';
import {missing} from '../../missing.ts';
import {drainStep} from '../drain.ts';
import {endMaintenance} from '../maintenance.ts';
import {createAutoscaling, createScalingGroup, reportAutoscaling, setAutoscaling} from './group-objects.ts';
import type {Action, Wanted} from './types.ts';

export type ActDeps = {kube: Kube; groups: NodeGroups; now: () => number};

const version = 'constellation-version';
const reason = 'node is replaced due to OS image update';
const leaveMs = 60_000;

/** Does one thing. What is done already is no failure: it may have been an operator before us. Throws KubeError, UnixHttpError. */
export const act = async (deps: ActDeps, action: Action, wanted: Wanted): Promise<void> => {
	const {kube, groups, now} = deps;
	switch (action.do) {
		case 'annotate-node':
			await kube.patch(resources.nodes, action.node, {metadata: {annotations: action.annotations}}, 'merge').catch(missing);
			return;
		case 'create-scaling-group':
			return createScalingGroup(kube, action.group);
		case 'delete-scaling-group':
			await kube.delete(resources.scalingGroups, action.name).catch(missing);
			return;
		case 'create-autoscaling':
			return createAutoscaling(kube);
		case 'pause-autoscaling':
			return setAutoscaling(kube, false);
		case 'restore-autoscaling':
			return setAutoscaling(kube, true);
		case 'report-autoscaling':
			return reportAutoscaling(kube, action.active);
		case 'set-group-image':
			return groups.setImage(action.group, action.image);
		case 'create-machine': {
			const name = await groups.createNode(action.group, action.token);
			return createPending(kube, name, action, now() + wanted.joinSeconds * 1000);
		}
		case 'report-pending':
			await kube
				.patch(
					resources.pendingNodes,
					action.name,
					{status: {cspState: action.state, reachedGoal: action.reachedGoal}},
					'merge',
					'status',
				)
				.catch(missing);
			return;
		case 'delete-pending':
			return kube.delete(resources.pendingNodes, action.name).catch(missing);
		case 'begin-leave':
			return beginLeave(kube, action, now() + leaveMs);
		case 'copy-labels':
			return copyLabels(kube, action);
		case 'drain':
			await drainStep(kube, action.node, {reason, deadlineMs: wanted.drainSeconds * 1000, now});
			return;
		case 'end-drain':
			// The NodeMaintenance goes last: while it is there, the next operator sees that this is not done.
			if (action.uncordon) await kube.patch(resources.nodes, action.node, {spec: {unschedulable: null}}, 'merge').catch(missing);
			return endMaintenance(kube, action.node);
		case 'set-draining':
			return groups.setDraining(action.machine, action.draining).catch(noMachine);
		case 'retire-machine':
			return retireMachines(kube, [action.name]);
		case 'delete-node':
			return kube.delete(resources.nodes, action.name).catch(missing);
		case 'delete-machine':
			return groups.deleteNode(action.name).catch(noMachine);
		case 'record-failure':
			return annotateVersion(kube, names.failure, JSON.stringify(action.failure));
		case 'retire-policies':
			return retirePolicies(kube, action);
		case 'end-retirement':
			return annotateVersion(kube, names.retire, null);
	}
};

const noMachine = (error: unknown): undefined => {
	if (error instanceof UnixHttpError && error.status === 404) return undefined;
	throw error;
};

const annotateVersion = async (kube: Kube, name: string, value: string | null): Promise<void> => {
	await kube.patch(resources.nodeVersions, version, {metadata: {annotations: {[name]: value}}}, 'merge');
};

const time = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

const pendingObject = (name: string, group: string, goal: 'Join' | 'Leave', deadline: number, donor?: string): KubeObject => ({
	apiVersion: apiVersionOf(resources.pendingNodes),
	kind: 'PendingNode',
	metadata: {name, ...(donor !== undefined && {annotations: {[names.donor]: donor}})},
	spec: {providerID: name, groupID: group, nodeName: name, goal, deadline: time(deadline)},
});

const createPending = async (kube: Kube, name: string, {group, donor}: {group: string; donor: string}, deadline: number) => {
	await kube.create(resources.pendingNodes, pendingObject(name, group, 'Join', deadline, donor)).catch(alreadyThere);
};

const alreadyThere = (error: unknown): undefined => {
	if (error instanceof KubeError && error.reason === 'AlreadyExists') return undefined;
	throw error;
};

const beginLeave = async (kube: Kube, {name, group}: {name: string; group: string}, deadline: number): Promise<void> => {
	const spec = {goal: 'Leave', deadline: time(deadline)};
	const changed = await kube.patch(resources.pendingNodes, name, {spec}, 'merge').catch(missing);
	if (changed === undefined)
		await kube.create(resources.pendingNodes, pendingObject(name, group, 'Leave', deadline)).catch(alreadyThere);
};

const copyLabels = async (kube: Kube, {node, labels, taints}: Extract<Action, {do: 'copy-labels'}>): Promise<void> => {
	const found = await kube.get(resources.nodes, node).catch(missing);
	if (found === undefined) return;
	const {taints: before = []} = (found.spec ?? {}) as {taints?: unknown[]};
	const {resourceVersion} = found.metadata;
	// Taints are a list: only over the one that was read.
	const metadata = {labels, ...(resourceVersion !== undefined && {resourceVersion})};
	await kube.patch(resources.nodes, node, {metadata, spec: {taints: [...before, ...taints]}}, 'merge');
};

/** Only over the ConfigMap that was read, and only in the generation that was asked for: else the next look decides anew. */
const retirePolicies = async (kube: Kube, {digests, generation}: Extract<Action, {do: 'retire-policies'}>): Promise<void> => {
	const configMaps = inNamespace(resources.configMaps, 'kube-system');
	const config = await kube.get(configMaps, 'join-config');
	const set = readPolicySet(config);
	if (set.generation === generation) await kube.update(configMaps, withPolicySet(config, narrow(set, digests)));
};
