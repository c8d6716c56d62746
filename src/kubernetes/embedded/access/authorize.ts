import type {Store} from '../store/store.ts';
import {type Identity, mastersGroup, nodeOf} from './identity.ts';
import {nodeMay} from './node-authorizer.ts';
import {type Attributes, createGrants, type Rule, ruleAllows, subjectOf} from './rbac.ts';

export type Decision = {allowed: boolean; reason: string};

export type Authorizer = {
	decide(identity: Identity, asked: Attributes): Decision;
	/** The rules an identity has in a namespace, for SelfSubjectRulesReview and the escalation check. */
	rules(identity: Identity, namespace: string): Rule[];
};

const everything: Rule[] = [
	{verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: []},
	{verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*']},
];

/** `system:masters` may everything (break-glass), nodes what the node authorizer allows, everybody what roles and bindings grant. */
export function createAuthorizer(store: Store): Authorizer {
	const grants = createGrants(store);
	return {
		decide(identity, asked) {
			if (identity.groups.includes(mastersGroup)) return {allowed: true, reason: ''};
			const node = nodeOf(identity);
			if (node !== undefined && nodeMay(store, node, asked)) return {allowed: true, reason: ''};
			const namespace = asked.kind === 'resource' ? asked.namespace : '';
			for (const grant of grants()) {
				if (grant.namespace !== '' && (asked.kind === 'path' || grant.namespace !== namespace)) continue;
				const subject = subjectOf(grant, identity);
				if (subject === undefined || !grant.rules.some(rule => ruleAllows(rule, asked))) continue;
				return {allowed: true, reason: `RBAC: allowed by ${grant.description} to ${subject}`};
			}
			return {allowed: false, reason: ''};
		},
		rules(identity, namespace) {
			if (identity.groups.includes(mastersGroup)) return everything;
			return grants()
				.filter(grant => grant.namespace === '' || grant.namespace === namespace)
				.filter(grant => subjectOf(grant, identity) !== undefined)
				.flatMap(grant => grant.rules);
		},
	};
}

/** `User "x" cannot list resource "nodes" in API group "" at the cluster scope`. */
export function refusalText(identity: Identity, asked: Attributes): string {
	const who = `User "${identity.user}" cannot ${asked.verb}`;
	if (asked.kind === 'path') return `${who} path "${asked.path}"`;
	const resource = asked.subresource === '' ? asked.plural : `${asked.plural}/${asked.subresource}`;
	const where = asked.namespace === '' ? 'at the cluster scope' : `in the namespace "${asked.namespace}"`;
	return `${who} resource "${resource}" in API group "${asked.group}" ${where}`;
}
