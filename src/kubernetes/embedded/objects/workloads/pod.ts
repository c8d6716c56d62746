import {nodeOf} from '../../access/identity.ts';
import {forbidden} from '../../http/status.ts';
import {type ApiObject, isObject, type JsonObject, textOf} from '../../types.ts';
import type {Call} from '../api.ts';
import {mirrorAnnotation} from '../grace.ts';
import type {Strategy} from '../strategy.ts';
import {fill, fillPodSpec, listOf, mapOf} from './defaults.ts';
import {podSpecProblems, podUpdateProblems} from './pod-problems.ts';

/** On every Pod for which no process runs: all but those that mirror a node's own services. */
const simulatedAnnotation = 'constellation.edgeless.systems/simulated';
const simulatedText = 'no process runs for this pod: the local provider simulates it';

const priorities: Readonly<Record<string, number>> = {
	'system-node-critical': 2_000_001_000,
	'system-cluster-critical': 2_000_000_000,
};
/** Seconds that a Pod stays bound to a node that is not ready, unless it says otherwise. */
const lostNodeSeconds = 300;

export const podStrategy: Strategy = {
	create(object, call) {
		const spec = mapOf(object as JsonObject, 'spec');
		object['spec'] = spec;
		fillPodSpec(spec);
		fill(spec, {enableServiceLinks: true, serviceAccountName: 'default', serviceAccount: 'default'});
		admitAccount(call, object, spec);
		setPriority(call, object, spec);
		tolerateLostNodes(spec);
		if (!isMirror(object)) annotate(object);
		object['status'] = {phase: 'Pending', qosClass: qualityOf(spec)};
	},
	update(next, current) {
		fillPodSpec(mapOf(next as JsonObject, 'spec'));
		if (!isMirror(current)) annotate(next);
	},
	problems: (object, current) => [
		...(current ? podUpdateProblems(object, current) : []),
		...podSpecProblems(mapOf(object as JsonObject, 'spec'), 'spec', false),
	],
	keepsStatus: true,
};

const isMirror = ({metadata}: ApiObject) => metadata.annotations?.[mirrorAnnotation] !== undefined;

/** Only a node says that it runs something itself, and it says nothing else: every other Pod comes from outside of it. Throws 403. */
export function admitMirror(call: Call, object: ApiObject, current?: ApiObject): void {
	const {type, identity} = call;
	const {name} = object.metadata;
	const node = nodeOf(identity);
	if (current) {
		if (object.metadata.annotations?.[mirrorAnnotation] === current.metadata.annotations?.[mirrorAnnotation]) return;
		throw forbidden(type, name, `the annotation ${mirrorAnnotation} may not be changed`);
	}
	if (isMirror(object) && node === undefined) throw forbidden(type, name, 'only a node makes mirror pods');
	if (!isMirror(object) && node !== undefined) {
		throw forbidden(
			type,
			name,
			`pod does not have ${JSON.stringify(mirrorAnnotation)} annotation, node ${JSON.stringify(node)} can only create mirror pods`,
		);
	}
}

function annotate(object: ApiObject): void {
	object.metadata.annotations = {...object.metadata.annotations, [simulatedAnnotation]: simulatedText};
}

function admitAccount({api, type, path}: Call, object: ApiObject, spec: JsonObject): void {
	const name = textOf(spec['serviceAccountName']);
	if (isMirror(object) || api.store.get({resource: 'serviceaccounts', namespace: path.namespace, name})) return;
	const account = `${path.namespace}/${name}`;
	throw forbidden(type, object.metadata.name, `error looking up service account ${account}: serviceaccount "${name}" not found`);
}

function setPriority({type}: Call, object: ApiObject, spec: JsonObject): void {
	const name = textOf(spec['priorityClassName']);
	const value = name === '' ? 0 : priorities[name];
	if (value === undefined) throw forbidden(type, object.metadata.name, `no PriorityClass with name ${name} was found`);
	Object.assign(spec, {priority: value, preemptionPolicy: 'PreemptLowerPriority'});
}

function tolerateLostNodes(spec: JsonObject): void {
	const tolerations = listOf(spec, 'tolerations');
	for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
		const isTolerated = tolerations.some(
			toleration =>
				(toleration['key'] === key || (textOf(toleration['key']) === '' && toleration['operator'] === 'Exists')) &&
				['', 'NoExecute'].includes(textOf(toleration['effect'])),
		);
		if (!isTolerated) tolerations.push({key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: lostNodeSeconds});
	}
	spec['tolerations'] = tolerations;
}

/** Guaranteed when every container's limits are its requests for CPU and memory, BestEffort when nothing is asked for. */
function qualityOf(spec: JsonObject): string {
	const asked = listOf(spec, 'containers').map(container => mapOf(container, 'resources'));
	if (asked.every(resources => !isObject(resources['limits']) && !isObject(resources['requests']))) return 'BestEffort';
	const isFixed = asked.every(resources =>
		['cpu', 'memory'].every(kind => {
			const limit = mapOf(resources, 'limits')[kind];
			return limit !== undefined && limit === mapOf(resources, 'requests')[kind];
		}),
	);
	return isFixed ? 'Guaranteed' : 'Burstable';
}
