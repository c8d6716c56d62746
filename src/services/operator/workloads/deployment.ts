import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {claim} from './claim.ts';
import {deploymentStatus} from './deployment-status.ts';
import {amountOf, controllerOf, earliest, isActive, ownedBy} from './pods.ts';
import {availableOf, plan} from './rolling-update.ts';
import {canonical, hashOf} from './template.ts';
import type {Action, Decision, Deployment, Pod, ReplicaSet, Template, World} from './types.ts';

const hashLabel = 'pod-template-hash';
const revisionAnnotation = 'deployment.kubernetes.io/revision';
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxAnnotation = 'deployment.kubernetes.io/max-replicas';
/** Annotations of a Deployment that say nothing about its ReplicaSets. */
const ownAnnotations = new Set(['kubectl.kubernetes.io/last-applied-configuration', revisionAnnotation]);

/** Brings the ReplicaSets of a Deployment one step nearer to its template and number. */
export const reconcileDeployment = (world: World, deployment: Deployment): Decision => {
	const {metadata, spec} = deployment;
	if (metadata.deletionTimestamp !== undefined) return {actions: []};
	const {owned, actions} = claim(deployment, world.replicaSets, resources.replicaSets);
	const sets = owned.sort((one, other) => revisionOf(one) - revisionOf(other));
	const wanted = canonical(withoutHash(spec.template));
	const newest = sets.find(set => canonical(withoutHash(set.spec.template)) === wanted);
	const old = sets.filter(set => set !== newest);
	const podsOf = (set: ReplicaSet): Pod[] => world.pods.filter(pod => controllerOf(pod)?.uid === set.metadata.uid);
	const revision = newest && revisionOf(newest) > Math.max(0, ...old.map(revisionOf)) ? revisionOf(newest) : nextRevision(sets);
	if (spec.paused !== true) {
		const isFree = spec.strategy.type !== 'Recreate' || old.every(set => podsOf(set).length === 0);
		if (!newest) actions.push(...(isFree ? [createSet(deployment, sets, revision)] : []));
		else actions.push(...annotate(deployment, newest, revision));
		for (const [set, replicas] of plan(world, deployment, newest, old, podsOf)) actions.push(scale(deployment, set, replicas));
		actions.push(...forget(deployment, old, podsOf));
	} else if (sets.filter(set => set.spec.replicas > 0).length <= 1) {
		const active = sets.find(set => set.spec.replicas > 0) ?? newest;
		if (active && active.spec.replicas !== spec.replicas) actions.push(scale(deployment, active, spec.replicas));
	}
	const {status, wakeAt} = deploymentStatus(world, deployment, newest, sets, podsOf);
	const {namespace = 'default'} = metadata;
	if (newest && metadata.annotations?.[revisionAnnotation] !== String(revision) && spec.paused !== true) {
		const patch = {metadata: {annotations: {[revisionAnnotation]: String(revision)}}};
		actions.push({kind: 'patch', resource: inNamespace(resources.deployments, namespace), name: metadata.name, patch});
	} else if (canonical(status) !== canonical(deployment.status)) {
		const resource = inNamespace(resources.deployments, namespace);
		actions.push({kind: 'replace', resource, object: {...deployment, status}, subresource: 'status'});
	}
	const next = earliest(wakeAt, ...sets.map(set => availableOf(world, deployment, podsOf(set)).wakeAt));
	return {actions, ...(next !== undefined && {wakeAt: next})};
};

const revisionOf = ({metadata}: ReplicaSet): number => Number(metadata.annotations?.[revisionAnnotation] ?? 0);
const nextRevision = (sets: readonly ReplicaSet[]): number => Math.max(0, ...sets.map(revisionOf)) + 1;

const withoutHash = (template: Template): Template => {
	const {[hashLabel]: _, ...labels} = template.metadata?.labels ?? {};
	return {...template, metadata: {...template.metadata, labels}};
};

const annotationsFor = ({metadata, spec}: Deployment, revision: number): Record<string, string> => ({
	...Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key))),
	[revisionAnnotation]: String(revision),
	[desiredAnnotation]: String(spec.replicas),
	[maxAnnotation]: String(spec.replicas + amountOf(spec.strategy.rollingUpdate?.maxSurge ?? 0, spec.replicas, 'up')),
});

const createSet = (deployment: Deployment, sets: readonly ReplicaSet[], revision: number): Action => {
	const {metadata, spec} = deployment;
	const hash = hashOf(spec.template);
	const labels = {...spec.template.metadata?.labels, [hashLabel]: hash};
	const surge = amountOf(spec.strategy.rollingUpdate?.maxSurge ?? 0, spec.replicas, 'up');
	const there = sets.reduce((sum, set) => sum + set.spec.replicas, 0);
	const replicas = Math.max(0, Math.min(spec.replicas, spec.replicas + surge - there));
	const name = `${metadata.name}-${hash}`;
	const {namespace = 'default'} = metadata;
	return {
		kind: 'create',
		resource: inNamespace(resources.replicaSets, namespace),
		object: {
			apiVersion: 'apps/v1',
			kind: 'ReplicaSet',
			metadata: {
				name,
				namespace,
				labels,
				annotations: annotationsFor(deployment, revision),
				ownerReferences: [ownedBy(deployment)],
			},
			spec: {
				replicas,
				...(spec.minReadySeconds !== undefined && {minReadySeconds: spec.minReadySeconds}),
				selector: {...spec.selector, matchLabels: {...spec.selector.matchLabels, [hashLabel]: hash}},
				template: {...spec.template, metadata: {...spec.template.metadata, labels}},
			},
		},
		...(replicas > 0 && {report: scaling(deployment, 'up', name, 0, replicas)}),
	};
};

const annotate = (deployment: Deployment, {metadata}: ReplicaSet, revision: number): Action[] => {
	const annotations = annotationsFor(deployment, revision);
	const changed = Object.entries(annotations).filter(([key, value]) => metadata.annotations?.[key] !== value);
	if (changed.length === 0) return [];
	const resource = inNamespace(resources.replicaSets, metadata.namespace ?? 'default');
	return [{kind: 'patch', resource, name: metadata.name, patch: {metadata: {annotations: Object.fromEntries(changed)}}}];
};

const scale = (deployment: Deployment, {metadata, spec}: ReplicaSet, replicas: number): Action => ({
	kind: 'patch',
	resource: inNamespace(resources.replicaSets, metadata.namespace ?? 'default'),
	name: metadata.name,
	patch: {spec: {replicas}},
	report: scaling(deployment, replicas > spec.replicas ? 'up' : 'down', metadata.name, spec.replicas, replicas),
});

const scaling = (about: Deployment, way: 'up' | 'down', name: string, from: number, to: number) => ({
	about,
	happening: {
		type: 'Normal' as const,
		reason: 'ScalingReplicaSet',
		message: `Scaled ${way} replica set ${name} from ${from} to ${to}`,
	},
});

/** Removes ReplicaSets that are empty and older than the history that is kept. */
const forget = ({spec}: Deployment, old: readonly ReplicaSet[], podsOf: (set: ReplicaSet) => Pod[]): Action[] => {
	const empty = old.filter(set => set.spec.replicas === 0 && podsOf(set).filter(isActive).length === 0);
	return empty.slice(0, Math.max(0, empty.length - spec.revisionHistoryLimit)).map(({metadata}) => ({
		kind: 'delete',
		resource: inNamespace(resources.replicaSets, metadata.namespace ?? 'default'),
		name: metadata.name,
		options: {...(metadata.resourceVersion !== undefined && {resourceVersion: metadata.resourceVersion})},
	}));
};
