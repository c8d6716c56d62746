import {type Kube, KubeError} from '../../../kubernetes/kube.ts';
import {apiVersionOf, inNamespace, resources} from '../../../kubernetes/resources.ts';
import {upgradeAnnotations} from '../../../kubernetes/upgrade-annotations.ts';
import type {NodeGroup} from '../../../providers/node-groups.ts';
import {missing} from '../../missing.ts';
import {scalingGroupName} from './bookkeeping.ts';

const strategyName = 'autoscalingstrategy';
const deployment = {name: 'constellation-cluster-autoscaler', namespace: 'kube-system'};

const unlessThere = (error: unknown): undefined => {
	if (error instanceof KubeError && error.reason === 'AlreadyExists') return undefined;
	throw error;
};

/** The object of a node group, with the defaults of v2.9. */
export const createScalingGroup = async (kube: Kube, {name, role}: NodeGroup): Promise<void> => {
	await kube
		.create(resources.scalingGroups, {
			apiVersion: apiVersionOf(resources.scalingGroups),
			kind: 'ScalingGroup',
			metadata: {name: scalingGroupName(name)},
			spec: {
				nodeImage: 'constellation-version',
				groupId: name,
				autoscalerGroupName: name,
				nodeGroupName: name,
				autoscaling: false,
				min: 1,
				max: 10,
				role: role === 'control-plane' ? 'ControlPlane' : 'Worker',
			},
		})
		.catch(unlessThere);
};

/** By the operator that leads, never by each that starts. */
export const createAutoscaling = async (kube: Kube): Promise<void> => {
	await kube
		.create(resources.autoscalingStrategies, {
			apiVersion: apiVersionOf(resources.autoscalingStrategies),
			kind: 'AutoscalingStrategy',
			metadata: {name: strategyName},
			spec: {enabled: true, deploymentName: deployment.name, deploymentNamespace: deployment.namespace},
		})
		.catch(unlessThere);
};

/** Pauses it, noting that it was on, or puts it back; the note and the switch are one write. */
export const setAutoscaling = async (kube: Kube, enabled: boolean): Promise<void> => {
	const metadata = {annotations: {[upgradeAnnotations.pausedAutoscaler]: enabled ? null : 'true'}};
	await kube.patch(resources.autoscalingStrategies, strategyName, {metadata, spec: {enabled}}, 'merge');
};

/** Makes the autoscaler run or not, where there is one, and says so. */
export const reportAutoscaling = async (kube: Kube, enabled: boolean): Promise<void> => {
	const replicas = enabled ? 1 : 0;
	const deployments = inNamespace(resources.deployments, deployment.namespace);
	const found = await kube.patch(deployments, deployment.name, {spec: {replicas}}, 'merge').catch(missing);
	const status = {enabled, replicas: found === undefined ? 0 : replicas};
	await kube.patch(resources.autoscalingStrategies, strategyName, {status}, 'merge', 'status');
};
