import {type LabelSelector, selectorText} from '../../selectors.ts';
import type {ApiObject, JsonObject} from '../types.ts';
import {ageColumn, type Column, column, items, nameColumn, orNone, part, text, wide} from './column.ts';

const count = (object: ApiObject, field: string) => Number(part(object, 'status')[field] ?? 0);
const wanted = (object: ApiObject) => Number(part(object, 'spec')['replicas'] ?? 1);
const integer = (name: string, description: string, cell: Column['cell']): Column => ({
	...column(name, description, cell),
	type: 'integer',
});

const containers = (object: ApiObject, field: string) =>
	items(part(part(part(object, 'spec'), 'template'), 'spec'), 'containers')
		.map(container => text(container, field))
		.join(',');

const selector = (object: ApiObject) => selectorText(part(object, 'spec')['selector'] as LabelSelector | undefined);

const template: readonly Column[] = [
	wide('Containers', 'Names of the containers.', object => containers(object, 'name')),
	wide('Images', 'Images of the containers.', object => containers(object, 'image')),
	wide('Selector', 'Labels of the pods.', selector),
];

export const deploymentColumns: readonly Column[] = [
	nameColumn,
	column(
		'Ready',
		'Pods that are ready, of all that there should be.',
		object => `${count(object, 'readyReplicas')}/${wanted(object)}`,
	),
	column('Up-to-date', 'Pods of the newest template.', object => count(object, 'updatedReplicas')),
	column('Available', 'Pods that have been ready long enough.', object => count(object, 'availableReplicas')),
	ageColumn,
	...template,
];

export const replicaSetColumns: readonly Column[] = [
	nameColumn,
	integer('Desired', 'Pods that there should be.', wanted),
	integer('Current', 'Pods that there are.', object => count(object, 'replicas')),
	integer('Ready', 'Pods that are ready.', object => count(object, 'readyReplicas')),
	ageColumn,
	...template,
];

export const daemonSetColumns: readonly Column[] = [
	nameColumn,
	integer('Desired', 'Nodes that should run a pod.', object => count(object, 'desiredNumberScheduled')),
	integer('Current', 'Nodes that run one.', object => count(object, 'currentNumberScheduled')),
	integer('Ready', 'Nodes of which the pod is ready.', object => count(object, 'numberReady')),
	integer('Up-to-date', 'Nodes with a pod of the newest template.', object => count(object, 'updatedNumberScheduled')),
	integer('Available', 'Nodes of which the pod has been ready long enough.', object => count(object, 'numberAvailable')),
	column('Node Selector', 'Labels of the nodes.', object => {
		const labels = part(part(part(part(object, 'spec'), 'template'), 'spec'), 'nodeSelector');
		return orNone(selectorText({matchLabels: labels as Record<string, string>}));
	}),
	ageColumn,
	...template,
];

const limit = (object: ApiObject, field: string) => {
	const value = part(object, 'spec')[field];
	return typeof value === 'number' || typeof value === 'string' ? String(value) : 'N/A';
};

export const budgetColumns: readonly Column[] = [
	nameColumn,
	column('Min Available', 'Pods that must stay.', object => limit(object, 'minAvailable')),
	column('Max Unavailable', 'Pods that may be missing.', object => limit(object, 'maxUnavailable')),
	integer('Allowed Disruptions', 'Pods that may go now.', object => count(object, 'disruptionsAllowed')),
	ageColumn,
];

function ports(service: ApiObject): string {
	const list = items(part(service, 'spec'), 'ports').map(port => {
		const nodePort = typeof port['nodePort'] === 'number' && port['nodePort'] > 0 ? `:${port['nodePort']}` : '';
		return `${Number(port['port'])}${nodePort}/${text(port, 'protocol')}`;
	});
	return orNone(list.join(','));
}

function externalAddress(service: ApiObject): string {
	const spec = part(service, 'spec');
	if (spec['type'] === 'ExternalName') return text(spec, 'externalName');
	return spec['type'] === 'LoadBalancer' ? '<pending>' : '<none>';
}

export const serviceColumns: readonly Column[] = [
	nameColumn,
	column('Type', 'How the service is reached.', service => text(part(service, 'spec'), 'type')),
	column('Cluster-IP', 'Address inside the cluster.', service => orNone(text(part(service, 'spec'), 'clusterIP'))),
	column('External-IP', 'Address from outside.', externalAddress),
	column('Port(s)', 'Ports of the service.', ports),
	ageColumn,
	wide('Selector', 'Labels of the pods.', service =>
		orNone(selectorText({matchLabels: part(part(service, 'spec'), 'selector') as Record<string, string>})),
	),
];

const shownEndpoints = 3;

function endpoints(object: ApiObject): string {
	const pairs = items(object, 'subsets').flatMap((subset: JsonObject) =>
		items(subset, 'addresses').flatMap(address => {
			const ip = text(address, 'ip');
			const numbers = items(subset, 'ports').map(port => `${ip}:${Number(port['port'])}`);
			return numbers.length === 0 ? [ip] : numbers;
		}),
	);
	return shown(pairs);
}

function shown(all: readonly string[]): string {
	const more = all.length - shownEndpoints;
	return orNone(all.slice(0, shownEndpoints).join(',') + (more > 0 ? ` + ${more} more...` : ''));
}

export const endpointsColumns: readonly Column[] = [
	nameColumn,
	column('Endpoints', 'Addresses of the pods that are ready.', endpoints),
	ageColumn,
];

export const endpointSliceColumns: readonly Column[] = [
	nameColumn,
	column('AddressType', 'Kind of the addresses.', object => text(object, 'addressType')),
	column('Ports', 'Ports of the pods.', object => shown(items(object, 'ports').map(port => String(Number(port['port']))))),
	column('Endpoints', 'Addresses of the pods.', object =>
		shown(items(object, 'endpoints').flatMap(each => each['addresses'] as string[])),
	),
	ageColumn,
];
