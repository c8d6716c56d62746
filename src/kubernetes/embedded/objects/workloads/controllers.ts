import {matchesSelector} from '../../../selectors.ts';
import {type Cause, cause} from '../../http/status.ts';
import {type ApiObject, isObject, type Json, type JsonObject, textOf} from '../../types.ts';
import {equal} from '../equal.ts';
import {labelProblems} from '../names.ts';
import type {Strategy} from '../strategy.ts';
import {fill, fillTemplate, mapOf} from './defaults.ts';
import {podSpecProblems} from './pod-problems.ts';

type Fill = (spec: JsonObject) => void;
type Check = (spec: JsonObject) => Cause[];

/** What Deployments, ReplicaSets and DaemonSets have in common: a selector that never changes, and a template. */
function controller(fillSpec: Fill, check: Check): Strategy {
	const complete = (object: ApiObject) => {
		const spec = mapOf(object as JsonObject, 'spec');
		object['spec'] = spec;
		fillTemplate(spec);
		fillSpec(spec);
	};
	return {
		create(object) {
			complete(object);
			object['status'] = {};
		},
		update: complete,
		problems(object, current) {
			const spec = mapOf(object as JsonObject, 'spec');
			return [...selectorProblems(spec, current), ...templateProblems(spec), ...check(spec)];
		},
		keepsStatus: true,
	};
}

const quarter = '25%';

export const deploymentStrategy = controller(
	spec => {
		fill(spec, {replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: {}});
		const strategy = mapOf(spec, 'strategy');
		fill(strategy, {type: 'RollingUpdate'});
		if (strategy['type'] !== 'RollingUpdate') return;
		fill(strategy, {rollingUpdate: {}});
		fill(mapOf(strategy, 'rollingUpdate'), {maxUnavailable: quarter, maxSurge: quarter});
	},
	spec => {
		const strategy = mapOf(spec, 'strategy');
		const rolling = mapOf(strategy, 'rollingUpdate');
		const field = 'spec.strategy.rollingUpdate';
		if (strategy['type'] === 'Recreate') {
			return isObject(strategy['rollingUpdate'])
				? [cause.forbidden(field, "may not be specified when strategy `type` is 'Recreate'"), ...counts(spec)]
				: counts(spec);
		}
		if (strategy['type'] !== 'RollingUpdate') {
			const types = ['Recreate', 'RollingUpdate'];
			return [...counts(spec), cause.notSupported('spec.strategy.type', JSON.stringify(strategy['type'] ?? ''), types)];
		}
		const isStuck = isZero(rolling['maxUnavailable']) && isZero(rolling['maxSurge']);
		return [
			...counts(spec),
			...amountProblems(rolling['maxUnavailable'], `${field}.maxUnavailable`),
			...amountProblems(rolling['maxSurge'], `${field}.maxSurge`),
			...(isStuck
				? [cause.invalid(`${field}.maxUnavailable`, rolling['maxUnavailable'], 'may not be 0 when `maxSurge` is 0')]
				: []),
		];
	},
);

export const replicaSetStrategy = controller(spec => fill(spec, {replicas: 1}), counts);

export const daemonSetStrategy = controller(
	spec => {
		fill(spec, {revisionHistoryLimit: 10, updateStrategy: {}});
		const strategy = mapOf(spec, 'updateStrategy');
		fill(strategy, {type: 'RollingUpdate'});
		if (strategy['type'] !== 'RollingUpdate') return;
		fill(strategy, {rollingUpdate: {}});
		fill(mapOf(strategy, 'rollingUpdate'), {maxUnavailable: 1, maxSurge: 0});
	},
	spec => {
		const strategy = mapOf(spec, 'updateStrategy');
		const rolling = mapOf(strategy, 'rollingUpdate');
		if (strategy['type'] === 'OnDelete') return counts(spec);
		if (strategy['type'] !== 'RollingUpdate') {
			const types = ['OnDelete', 'RollingUpdate'];
			return [...counts(spec), cause.notSupported('spec.updateStrategy.type', JSON.stringify(strategy['type'] ?? ''), types)];
		}
		const field = 'spec.updateStrategy.rollingUpdate';
		return [
			...counts(spec),
			...amountProblems(rolling['maxUnavailable'], `${field}.maxUnavailable`),
			...(isZero(rolling['maxSurge'])
				? []
				: [cause.forbidden(`${field}.maxSurge`, 'a surge of DaemonSets is not simulated here')]),
			...(isZero(rolling['maxUnavailable'])
				? [cause.invalid(`${field}.maxUnavailable`, rolling['maxUnavailable'], 'cannot be 0 when maxSurge is 0')]
				: []),
		];
	},
);

const isZero = (value: Json | undefined) => value === undefined || value === 0 || value === '0%';

/** A number or a percentage, none of them negative. */
export function amountProblems(value: Json | undefined, field: string): Cause[] {
	if (value === undefined) return [];
	if (typeof value === 'number') {
		return value >= 0 ? [] : [cause.invalid(field, value, 'must be greater than or equal to 0')];
	}
	const detail =
		"a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
	return /^\d+%$/.test(textOf(value)) ? [] : [cause.invalid(field, value, detail)];
}

function counts(spec: JsonObject): Cause[] {
	return ['replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds'].flatMap(field => {
		const value = spec[field];
		if (value === undefined || (typeof value === 'number' && value >= 0)) return [];
		return [cause.invalid(`spec.${field}`, value, 'must be greater than or equal to 0')];
	});
}

function selectorProblems(spec: JsonObject, current: ApiObject | undefined): Cause[] {
	const {selector} = spec;
	if (!isObject(selector)) return [cause.required('spec.selector')];
	if (Object.keys(mapOf(selector, 'matchLabels')).length === 0 && !Array.isArray(selector['matchExpressions'])) {
		return [cause.invalid('spec.selector', selector, 'empty selector is invalid')];
	}
	if (current && !equal(mapOf(current as JsonObject, 'spec')['selector'], selector)) {
		return [cause.invalid('spec.selector', selector, 'field is immutable')];
	}
	const labels = mapOf(mapOf(mapOf(spec, 'template'), 'metadata'), 'labels');
	if (matchesSelector(selector, labels)) return [];
	return [cause.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')];
}

function templateProblems(spec: JsonObject): Cause[] {
	const template = mapOf(spec, 'template');
	const labels = mapOf(mapOf(template, 'metadata'), 'labels');
	return [
		...labelProblems(labels).map(problem => ({...problem, field: 'spec.template.labels'})),
		...podSpecProblems(mapOf(template, 'spec'), 'spec.template.spec', true),
	];
}
