import {type Cause, cause} from '../http/status.ts';
import {type ApiObject, type ApiResource, isObject, type JsonObject, textOf, without} from '../types.ts';
import {type Call, timestamp} from './api.ts';
import {definitionStrategy} from './definitions.ts';
import {equal} from './equal.ts';
import type {Strategy} from './strategy.ts';
import {budgetStrategy} from './workloads/budget.ts';
import {daemonSetStrategy, deploymentStrategy, replicaSetStrategy} from './workloads/controllers.ts';
import {podStrategy} from './workloads/pod.ts';
import {serviceStrategy} from './workloads/service.ts';

const configMap: Strategy = {
	problems: (object, current) => [...dataProblems(object), ...immutableProblems(object, current, ['data', 'binaryData'])],
};

const secret: Strategy = {
	create: object => {
		mergeStringData(object);
		object['type'] = object['type'] ?? 'Opaque';
	},
	update: (next, current) => {
		mergeStringData(next);
		next['type'] = next['type'] ?? current['type'] ?? 'Opaque';
	},
	problems: (object, current) => {
		const changedType = current !== undefined && !equal(current['type'], object['type']);
		return [
			...dataProblems(object),
			...(changedType ? [cause.invalid('type', object['type'], 'field is immutable')] : []),
			...immutableProblems(object, current, ['data']),
		];
	},
};

const namespace: Strategy = {
	create: object => {
		object['spec'] = {finalizers: ['kubernetes']};
		object['status'] = {phase: 'Active'};
		labelName(object);
	},
	// Finalizers of a namespace change through /finalize only.
	update: (next, current) => {
		next['spec'] = current['spec'] ?? {};
		labelName(next);
	},
	keepsStatus: true,
};

const node: Strategy = {keepsStatus: true};

const signingRequest: Strategy = {
	create: (object, {identity}) => {
		const spec = isObject(object['spec']) ? object['spec'] : {};
		object['spec'] = {
			...spec,
			username: identity.user,
			groups: [...identity.groups],
			...(identity.uid !== undefined && {uid: identity.uid}),
			...(identity.extra !== undefined && {extra: {...identity.extra}}),
		};
		object['status'] = {};
	},
	update: (next, current) => {
		next['spec'] = current['spec'] ?? {};
	},
	part: requestStatus,
	problems: object => {
		const spec = isObject(object['spec']) ? object['spec'] : {};
		const missing = ['request', 'signerName'].filter(field => typeof spec[field] !== 'string' || spec[field] === '');
		return missing.map(field => cause.required(`spec.${field}`));
	},
	keepsStatus: true,
};

const binding: Strategy = {
	create: defaultSubjects,
	update: defaultSubjects,
	problems: (object, current) => {
		if (!isObject(object['roleRef'])) return [cause.required('roleRef')];
		if (current && !equal(current['roleRef'], object['roleRef']))
			return [cause.invalid('roleRef', object['roleRef'], 'cannot change roleRef')];
		return [];
	},
};

const event: Strategy = {
	problems: object => {
		const involved = isObject(object['involvedObject']) ? object['involvedObject'] : {};
		const expected = involved['namespace'] === undefined || involved['namespace'] === '' ? 'default' : involved['namespace'];
		const found = object.metadata.namespace;
		return expected === found
			? []
			: [cause.invalid('involvedObject.namespace', involved['namespace'] ?? '', 'does not match event.namespace')];
	},
};

const strategies: Record<string, Strategy> = {
	configmaps: configMap,
	secrets: secret,
	namespaces: namespace,
	nodes: node,
	pods: podStrategy,
	services: serviceStrategy,
	events: event,
	'deployments.apps': deploymentStrategy,
	'replicasets.apps': replicaSetStrategy,
	'daemonsets.apps': daemonSetStrategy,
	'poddisruptionbudgets.policy': budgetStrategy,
	'leases.coordination.k8s.io': {createsOnUpdate: true},
	'certificatesigningrequests.certificates.k8s.io': signingRequest,
	'rolebindings.rbac.authorization.k8s.io': binding,
	'clusterrolebindings.rbac.authorization.k8s.io': binding,
	'customresourcedefinitions.apiextensions.k8s.io': definitionStrategy,
};

const common: Strategy = {};

export function strategyOf(type: ApiResource): Strategy {
	return strategies[type.storage] ?? common;
}

const decisions = new Set(['Approved', 'Denied']);

/** Only /approval decides on a request; everything else of its status is the signer's. Times that are missing are the server's. */
function requestStatus(next: ApiObject, current: ApiObject, part: string, call: Call): void {
	const status = isObject(next['status']) ? next['status'] : {};
	const before = isObject(current['status']) ? current['status'] : {};
	const isDecision = (condition: JsonObject) => decisions.has(textOf(condition['type']));
	const ofPart = (condition: JsonObject) => isDecision(condition) === (part === 'approval');
	const time = timestamp(call.api.now());
	const conditions = [
		...conditionsOf(before).filter(condition => !ofPart(condition)),
		...conditionsOf(status)
			.filter(ofPart)
			.map(condition => ({
				...condition,
				lastUpdateTime: condition['lastUpdateTime'] ?? time,
				lastTransitionTime: condition['lastTransitionTime'] ?? time,
			})),
	];
	next['status'] = {...without(part === 'approval' ? before : status, 'conditions'), ...(conditions.length > 0 && {conditions})};
}

function conditionsOf(status: JsonObject): JsonObject[] {
	return Array.isArray(status['conditions']) ? status['conditions'].filter(isObject) : [];
}

function labelName(object: ApiObject): void {
	object.metadata.labels = {...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name};
}

function mergeStringData(object: ApiObject): void {
	const {stringData} = object;
	delete object['stringData'];
	if (!isObject(stringData)) return;
	const data: JsonObject = isObject(object['data']) ? {...object['data']} : {};
	for (const [key, value] of Object.entries(stringData)) data[key] = Buffer.from(textOf(value)).toString('base64');
	object['data'] = data;
}

function dataProblems(object: ApiObject): Cause[] {
	return ['data', 'binaryData', 'stringData'].flatMap(field => {
		const value = object[field];
		if (!isObject(value)) return [];
		return Object.keys(value)
			.filter(key => key.length > 253 || !/^[-._a-zA-Z0-9]+$/.test(key) || key === '.' || key === '..')
			.map(key =>
				cause.invalid(
					`${field}[${key}]`,
					key,
					"a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
				),
			);
	});
}

function immutableProblems(object: ApiObject, current: ApiObject | undefined, fields: readonly string[]): Cause[] {
	if (current?.['immutable'] !== true) return [];
	const detail = 'field is immutable when `immutable` is set';
	const changed = fields.filter(field => !equal(current[field], object[field]));
	return [
		...(object['immutable'] === true ? [] : [cause.forbidden('immutable', detail)]),
		...changed.map(field => cause.forbidden(field, detail)),
	];
}

function defaultSubjects(object: ApiObject): void {
	const subjects = Array.isArray(object['subjects']) ? object['subjects'].filter(isObject) : [];
	for (const subject of subjects) {
		if (subject['kind'] !== 'ServiceAccount' && !subject['apiGroup']) subject['apiGroup'] = 'rbac.authorization.k8s.io';
	}
}
