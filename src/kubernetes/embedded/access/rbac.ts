import type {Store} from '../store/store.ts';
import {type ApiObject, isObject, type Json, type JsonObject, textOf} from '../types.ts';
import type {Identity} from './identity.ts';

/** What is asked: an API path, or a verb on a resource. Empty texts mean all namespaces, no name, no subresource. */
export type Attributes =
	| {kind: 'path'; verb: string; path: string}
	| {
			kind: 'resource';
			verb: string;
			group: string;
			plural: string;
			subresource: string;
			namespace: string;
			name: string;
			/** As sent; the node authorizer reads it. */
			fieldSelector?: string;
	  };

export type Rule = {
	verbs: string[];
	apiGroups: string[];
	resources: string[];
	resourceNames: string[];
	nonResourceURLs: string[];
};

/** One role granted to some subjects, in one namespace or (namespace '') everywhere. */
export type Grant = {namespace: string; subjects: JsonObject[]; rules: Rule[]; description: string};

const resources = {
	roles: 'roles.rbac.authorization.k8s.io',
	clusterRoles: 'clusterroles.rbac.authorization.k8s.io',
	bindings: 'rolebindings.rbac.authorization.k8s.io',
	clusterBindings: 'clusterrolebindings.rbac.authorization.k8s.io',
};

export function texts(value: Json | undefined): string[] {
	return Array.isArray(value) ? value.filter(entry => typeof entry === 'string') : [];
}

/** The rules of a Role or ClusterRole. */
export function rulesOf(role: {[key: string]: unknown} | undefined): Rule[] {
	const rules = role?.['rules'];
	if (!Array.isArray(rules)) return [];
	return rules.filter(isObject).map(rule => ({
		verbs: texts(rule['verbs']),
		apiGroups: texts(rule['apiGroups']),
		resources: texts(rule['resources']),
		resourceNames: texts(rule['resourceNames']),
		nonResourceURLs: texts(rule['nonResourceURLs']),
	}));
}

/** All grants, read anew only after a role or binding was written, by whichever process. */
export function createGrants(store: Store): () => readonly Grant[] {
	let heads = '';
	let grants: Grant[] = [];
	return () => {
		const found = Object.values(resources)
			.map(resource => store.head(resource))
			.join(' ');
		if (found !== heads) {
			grants = readGrants(store);
			heads = found;
		}
		return grants;
	};
}

function readGrants(store: Store): Grant[] {
	const byName = (resource: string) =>
		new Map(store.list(resource).items.map(role => [`${role.metadata.namespace ?? ''}/${role.metadata.name}`, rulesOf(role)]));
	const roles = byName(resources.roles);
	const clusterRoles = byName(resources.clusterRoles);
	const grantOf = (binding: ApiObject): Grant => {
		const namespace = binding.metadata.namespace ?? '';
		const reference = isObject(binding['roleRef']) ? binding['roleRef'] : {};
		const kind = textOf(reference['kind']);
		const name = textOf(reference['name']);
		const rules = kind === 'ClusterRole' ? clusterRoles.get(`/${name}`) : roles.get(`${namespace}/${name}`);
		const where = namespace === '' ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
		return {
			namespace,
			subjects: Array.isArray(binding['subjects']) ? binding['subjects'].filter(isObject) : [],
			// A role that is not there grants nothing.
			rules: rules ?? [],
			description: `${binding.kind} "${where}" of ${kind} "${name}"`,
		};
	};
	return [...store.list(resources.clusterBindings).items, ...store.list(resources.bindings).items].map(grantOf);
}

/** The subject of a grant that the identity is, as messages name it, or undefined. */
export function subjectOf(grant: Grant, identity: Identity): string | undefined {
	for (const subject of grant.subjects) {
		const name = textOf(subject['name']);
		if (subject['kind'] === 'User' && identity.user === name) return `User "${name}"`;
		if (subject['kind'] === 'Group' && identity.groups.includes(name)) return `Group "${name}"`;
		if (subject['kind'] !== 'ServiceAccount') continue;
		const namespace = textOf(subject['namespace'] ?? grant.namespace);
		if (identity.user === `system:serviceaccount:${namespace}:${name}`) return `ServiceAccount "${name}/${namespace}"`;
	}
	return undefined;
}

export function ruleAllows(rule: Rule, asked: Attributes): boolean {
	if (!matches(rule.verbs, asked.verb)) return false;
	if (asked.kind === 'path') {
		return rule.nonResourceURLs.some(url => (url.endsWith('*') ? asked.path.startsWith(url.slice(0, -1)) : url === asked.path));
	}
	if (!matches(rule.apiGroups, asked.group)) return false;
	if (rule.resourceNames.length > 0 && !rule.resourceNames.includes(asked.name)) return false;
	const resource = asked.subresource === '' ? asked.plural : `${asked.plural}/${asked.subresource}`;
	return matches(rule.resources, resource) || (asked.subresource !== '' && rule.resources.includes(`*/${asked.subresource}`));
}

function matches(allowed: readonly string[], value: string): boolean {
	return allowed.includes('*') || allowed.includes(value);
}
