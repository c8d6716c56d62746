import {isObject, type Json, type JsonObject, textOf} from '../../types.ts';

/** The maps in a list field. */
export const listOf = (object: JsonObject, field: string): JsonObject[] => {
	const value = object[field];
	return Array.isArray(value) ? value.filter(isObject) : [];
};

/** The map in a field; an empty one that belongs to nothing when there is none. */
export const mapOf = (object: JsonObject, field: string): JsonObject => {
	const value = object[field];
	return isObject(value) ? value : {};
};

/** Sets what is not set. */
export function fill(object: JsonObject, defaults: Readonly<Record<string, Json>>): void {
	for (const [field, value] of Object.entries(defaults)) {
		if (object[field] === undefined || object[field] === null) object[field] = value;
	}
}

/** Completes the spec of a Pod or of a template as kube-apiserver does. */
export function fillPodSpec(spec: JsonObject): void {
	fill(spec, {
		restartPolicy: 'Always',
		terminationGracePeriodSeconds: 30,
		dnsPolicy: 'ClusterFirst',
		securityContext: {},
		schedulerName: 'default-scheduler',
	});
	for (const container of [...listOf(spec, 'containers'), ...listOf(spec, 'initContainers')]) fillContainer(container);
	for (const volume of listOf(spec, 'volumes')) fillVolume(volume);
	const account = textOf(spec['serviceAccountName'] ?? spec['serviceAccount']);
	if (account !== '') Object.assign(spec, {serviceAccountName: account, serviceAccount: account});
}

function fillContainer(container: JsonObject): void {
	const image = textOf(container['image']);
	const [, tag] = /:([^:/@]+)$/.exec(image) ?? [];
	const isLatest = !image.includes('@') && (tag === undefined || tag === 'latest');
	fill(container, {
		resources: {},
		terminationMessagePath: '/dev/termination-log',
		terminationMessagePolicy: 'File',
		imagePullPolicy: isLatest ? 'Always' : 'IfNotPresent',
	});
	const resources = mapOf(container, 'resources');
	if (isObject(resources['limits'])) resources['requests'] = {...resources['limits'], ...mapOf(resources, 'requests')};
	for (const port of listOf(container, 'ports')) fill(port, {protocol: 'TCP'});
	for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
		if (isObject(container[name])) fillProbe(container[name]);
	}
	for (const variable of listOf(container, 'env')) {
		const source = mapOf(variable, 'valueFrom');
		if (isObject(source['fieldRef'])) fill(source['fieldRef'], {apiVersion: 'v1'});
	}
}

function fillProbe(probe: JsonObject): void {
	fill(probe, {timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3});
	if (isObject(probe['httpGet'])) fill(probe['httpGet'], {path: '/', scheme: 'HTTP'});
	if (isObject(probe['grpc'])) fill(probe['grpc'], {service: ''});
}

const fileMode = 420;

function fillVolume(volume: JsonObject): void {
	if (Object.keys(volume).every(field => field === 'name')) volume['emptyDir'] = {};
	for (const kind of ['configMap', 'secret', 'projected', 'downwardAPI']) {
		if (isObject(volume[kind])) fill(volume[kind], {defaultMode: fileMode});
	}
	if (isObject(volume['hostPath'])) fill(volume['hostPath'], {type: ''});
}

/** Completes `spec.template` of a controller. */
export function fillTemplate(spec: JsonObject): void {
	const template = mapOf(spec, 'template');
	spec['template'] = template;
	template['metadata'] = {creationTimestamp: null, ...mapOf(template, 'metadata')};
	const inner = mapOf(template, 'spec');
	template['spec'] = inner;
	fillPodSpec(inner);
}
