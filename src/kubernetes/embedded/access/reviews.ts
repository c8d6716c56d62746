import {badRequest} from '../http/status.ts';
import type {Call} from '../objects/api.ts';
import {timestamp} from '../objects/api.ts';
import {type ApiObject, isObject, type Json, type JsonObject} from '../types.ts';
import type {Authenticator} from './authenticate.ts';
import {type Identity, serviceAccountIdentity} from './identity.ts';
import {type Attributes, type Rule, texts} from './rbac.ts';
import {tokenIssuer} from './tokens.ts';

const unset = {creationTimestamp: null};

/** Answers the APIs that are questions: who am I, may I, may somebody. Nothing is stored. */
export function review(call: Call, object: ApiObject, authenticator: Authenticator): JsonObject {
	const spec = isObject(object['spec']) ? object['spec'] : {};
	const head = {kind: object.kind, apiVersion: object.apiVersion};
	const {api, identity} = call;
	switch (object.kind) {
		case 'SelfSubjectReview':
			return {...head, metadata: {creationTimestamp: timestamp(api.now())}, status: {userInfo: userInfo(identity)}};
		case 'SelfSubjectAccessReview':
			return {...head, metadata: unset, spec, status: {...decide(call, identity, spec)}};
		case 'SubjectAccessReview':
			return {...head, metadata: unset, spec, status: {...decide(call, subjectOf(spec), spec)}};
		case 'LocalSubjectAccessReview':
			assertNamespace(call, spec);
			return {...head, metadata: unset, spec, status: {...decide(call, subjectOf(spec), spec)}};
		case 'SelfSubjectRulesReview':
			return {...head, metadata: unset, spec: {}, status: rulesStatus(call, identity, spec)};
		case 'TokenReview':
			return {...head, metadata: unset, spec, status: tokenStatus(authenticator, spec)};
		default:
			throw badRequest(`${object.kind} is not a review`);
	}
}

function userInfo({user, uid, groups, extra}: Identity): JsonObject {
	return {
		username: user,
		...(uid !== undefined && {uid}),
		groups: [...groups],
		...(extra !== undefined && {extra: {...extra}}),
	};
}

function decide(call: Call, identity: Identity, spec: JsonObject): JsonObject {
	const {allowed, reason} = call.api.authorizer.decide(identity, attributesOf(spec));
	return {allowed, ...(reason !== '' && {reason})};
}

function attributesOf(spec: JsonObject): Attributes {
	const {resourceAttributes: resource, nonResourceAttributes: path} = spec;
	if (isObject(resource) === isObject(path)) {
		throw badRequest('exactly one of spec.resourceAttributes and spec.nonResourceAttributes must be given');
	}
	if (isObject(path)) return {kind: 'path', verb: text(path['verb']), path: text(path['path'])};
	const fields = isObject(resource) ? resource : {};
	return {
		kind: 'resource',
		verb: text(fields['verb']),
		group: text(fields['group']),
		plural: text(fields['resource']),
		subresource: text(fields['subresource']),
		namespace: text(fields['namespace']),
		name: text(fields['name']),
	};
}

function subjectOf(spec: JsonObject): Identity {
	const user = text(spec['user']);
	const groups = texts(spec['groups']);
	if (user === '' && groups.length === 0) throw badRequest('spec.user or spec.groups must be given');
	const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
	const own = account ? serviceAccountIdentity(account[1] ?? '', account[2] ?? '').groups : [];
	return {user, groups: [...new Set([...groups, ...own])]};
}

function assertNamespace(call: Call, spec: JsonObject): void {
	const resource = isObject(spec['resourceAttributes']) ? spec['resourceAttributes'] : {};
	if (resource['namespace'] === call.path.namespace) return;
	throw badRequest('spec.resourceAttributes.namespace must be the namespace of the request');
}

function rulesStatus(call: Call, identity: Identity, spec: JsonObject): JsonObject {
	const rules = call.api.authorizer.rules(identity, text(spec['namespace']));
	const list = (entries: readonly string[]): Json[] => [...entries];
	const resourceRule = (rule: Rule): JsonObject => ({
		verbs: list(rule.verbs),
		apiGroups: list(rule.apiGroups),
		resources: list(rule.resources),
		...(rule.resourceNames.length > 0 && {resourceNames: list(rule.resourceNames)}),
	});
	return {
		resourceRules: rules.filter(rule => rule.resources.length > 0).map(resourceRule),
		nonResourceRules: rules
			.filter(rule => rule.nonResourceURLs.length > 0)
			.map(rule => ({verbs: list(rule.verbs), nonResourceURLs: list(rule.nonResourceURLs)})),
		// What the node authorizer adds is not a list of rules.
		incomplete: identity.groups.includes('system:nodes'),
	};
}

function tokenStatus(authenticator: Authenticator, spec: JsonObject): JsonObject {
	const identity = authenticator.token(text(spec['token']));
	if (!identity) return {user: {}, error: 'invalid bearer token'};
	return {authenticated: true, user: userInfo(identity), audiences: [tokenIssuer]};
}

function text(value: Json | undefined): string {
	return typeof value === 'string' ? value : '';
}
