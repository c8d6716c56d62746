import type {ApiObject, JsonObject} from '../types.ts';
import {ageColumn, type Column, column, createdColumn, items, nameColumn, part, text, wide} from './column.ts';
import {humanDuration} from './duration.ts';
import {eventColumns} from './event.ts';
import {nodeColumns} from './node.ts';
import {podColumns} from './pod.ts';
import {
	budgetColumns,
	daemonSetColumns,
	deploymentColumns,
	endpointSliceColumns,
	endpointsColumns,
	replicaSetColumns,
	serviceColumns,
} from './workloads.ts';

const size = (object: ApiObject, ...fields: string[]) =>
	fields.reduce((sum, field) => sum + Object.keys(part(object, field)).length, 0);

function requestState(request: ApiObject): string {
	const status = part(request, 'status');
	const types = items(status, 'conditions').map(condition => text(condition, 'type'));
	const decided = types.includes('Approved') ? 'Approved' : types.includes('Denied') ? 'Denied' : '';
	const states = [decided, types.includes('Failed') ? 'Failed' : '', text(status, 'certificate') === '' ? '' : 'Issued'];
	return states.filter(state => state !== '').join(',') || 'Pending';
}

function requestedDuration(request: ApiObject): string {
	const seconds = part(request, 'spec').expirationSeconds;
	return typeof seconds === 'number' ? humanDuration(seconds * 1000) : '<none>';
}

const subjects = (binding: ApiObject, kind: string) =>
	items(binding, 'subjects')
		.filter(subject => subject.kind === kind)
		.map((subject: JsonObject) => (kind === 'ServiceAccount' ? `${text(subject, 'namespace')}/` : '') + text(subject, 'name'))
		.join(', ');

const bindingColumns = [
	nameColumn,
	column('Role', 'The role that is granted.', binding => {
		const role = part(binding, 'roleRef');
		return `${text(role, 'kind')}/${text(role, 'name')}`;
	}),
	ageColumn,
	wide('Users', 'Users who have the role.', binding => subjects(binding, 'User')),
	wide('Groups', 'Groups that have the role.', binding => subjects(binding, 'Group')),
	wide('ServiceAccounts', 'ServiceAccounts that have the role.', binding => subjects(binding, 'ServiceAccount')),
];

const nameAndCreation = [nameColumn, createdColumn];

/** The columns of the served kinds by storage name; other kinds show name and age. */
export const kindColumns: Readonly<Record<string, readonly Column[]>> = {
	nodes: nodeColumns,
	pods: podColumns,
	events: eventColumns,
	services: serviceColumns,
	endpoints: endpointsColumns,
	'endpointslices.discovery.k8s.io': endpointSliceColumns,
	'deployments.apps': deploymentColumns,
	'replicasets.apps': replicaSetColumns,
	'daemonsets.apps': daemonSetColumns,
	'poddisruptionbudgets.policy': budgetColumns,
	namespaces: [
		nameColumn,
		column('Status', 'The status of the namespace', object => text(part(object, 'status'), 'phase')),
		ageColumn,
	],
	configmaps: [nameColumn, column('Data', 'Number of entries.', object => size(object, 'data', 'binaryData')), ageColumn],
	secrets: [
		nameColumn,
		column('Type', 'What the secret is for.', object => text(object, 'type')),
		column('Data', 'Number of entries.', object => size(object, 'data')),
		ageColumn,
	],
	serviceaccounts: [nameColumn, column('Secrets', 'Number of secrets.', object => items(object, 'secrets').length), ageColumn],
	'leases.coordination.k8s.io': [
		nameColumn,
		column('Holder', 'Who holds the lease.', object => text(part(object, 'spec'), 'holderIdentity')),
		ageColumn,
	],
	'certificatesigningrequests.certificates.k8s.io': [
		nameColumn,
		ageColumn,
		column('SignerName', 'Who is asked to sign.', object => text(part(object, 'spec'), 'signerName')),
		column('Requestor', 'Who asked.', object => text(part(object, 'spec'), 'username')),
		column('RequestedDuration', 'How long the certificate should hold.', requestedDuration),
		column('Condition', 'How far the request is.', requestState),
	],
	'roles.rbac.authorization.k8s.io': nameAndCreation,
	'clusterroles.rbac.authorization.k8s.io': nameAndCreation,
	'rolebindings.rbac.authorization.k8s.io': bindingColumns,
	'clusterrolebindings.rbac.authorization.k8s.io': bindingColumns,
	'customresourcedefinitions.apiextensions.k8s.io': nameAndCreation,
};

export const defaultColumns: readonly Column[] = [nameColumn, ageColumn];
