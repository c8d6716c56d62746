import type {ApiObject} from '../types.ts';
import {ageColumn, type Column, column, items, nameColumn, orNone, part, text, wide} from './column.ts';

const rolePrefix = 'node-role.kubernetes.io/';

function status(node: ApiObject): string {
	const ready = items(part(node, 'status'), 'conditions').find(condition => condition.type === 'Ready');
	const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
	return part(node, 'spec').unschedulable === true ? `${state},SchedulingDisabled` : state;
}

function roles({metadata}: ApiObject): string {
	const found = Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => {
		if (key.startsWith(rolePrefix)) return [key.slice(rolePrefix.length)];
		return key === 'kubernetes.io/role' ? [value] : [];
	});
	return orNone([...new Set(found.filter(role => role !== ''))].sort().join(','));
}

function address(node: ApiObject, type: string): string {
	const found = items(part(node, 'status'), 'addresses').find(entry => entry.type === type);
	return orNone(found ? text(found, 'address') : '');
}

const info = (node: ApiObject, field: string) => text(part(part(node, 'status'), 'nodeInfo'), field);

export const nodeColumns: readonly Column[] = [
	nameColumn,
	column('Status', 'The status of the node', status),
	column('Roles', 'The roles of the node', roles),
	ageColumn,
	column('Version', 'Kubelet version that the node reports.', node => info(node, 'kubeletVersion')),
	wide('Internal-IP', 'Address inside the cluster network.', node => address(node, 'InternalIP')),
	wide('External-IP', 'Address from outside.', node => address(node, 'ExternalIP')),
	wide('OS-Image', 'Image that the node runs.', node => info(node, 'osImage') || '<unknown>'),
	wide('Kernel-Version', 'Kernel that the node runs.', node => info(node, 'kernelVersion') || '<unknown>'),
	wide('Container-Runtime', 'Container runtime of the node.', node => info(node, 'containerRuntimeVersion') || '<unknown>'),
];
