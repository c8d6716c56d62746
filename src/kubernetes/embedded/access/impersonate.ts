import type {IncomingHttpHeaders} from 'node:http';
import {ApiError, forbidden} from '../http/status.ts';
import type {Authorizer} from './authorize.ts';
import {type Identity, serviceAccountIdentity} from './identity.ts';
import type {Attributes} from './rbac.ts';

const account = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** The identity to act as: that of `Impersonate-User` and `Impersonate-Group` when the caller may `impersonate` each of them. */
export function impersonated(authorizer: Authorizer, caller: Identity, headers: IncomingHttpHeaders): Identity {
	const user = text(headers['impersonate-user']);
	const groups = list(headers['impersonate-group']);
	const other = Object.keys(headers).find(name => name.startsWith('impersonate-extra-') || name === 'impersonate-uid');
	if (other !== undefined)
		throw new ApiError(403, `this API server does not take the header ${other}`, {reason: 'Forbidden', details: {}});
	if (user === '') {
		if (groups.length === 0) return caller;
		throw new ApiError(500, 'requested groups without impersonating a user');
	}
	const match = account.exec(user);
	assert(
		authorizer,
		caller,
		match
			? {plural: 'serviceaccounts', namespace: match[1] ?? '', name: match[2] ?? ''}
			: {plural: 'users', namespace: '', name: user},
	);
	for (const group of groups) assert(authorizer, caller, {plural: 'groups', namespace: '', name: group});
	if (match && groups.length === 0) return serviceAccountIdentity(match[1] ?? '', match[2] ?? '');
	return {user, groups: [...new Set([...groups, 'system:authenticated'])]};
}

function assert(authorizer: Authorizer, caller: Identity, target: {plural: string; namespace: string; name: string}): void {
	const asked: Attributes = {kind: 'resource', verb: 'impersonate', group: '', subresource: '', ...target};
	if (authorizer.decide(caller, asked).allowed) return;
	const where = target.namespace === '' ? 'at the cluster scope' : `in the namespace "${target.namespace}"`;
	throw forbidden(
		{group: '', plural: target.plural},
		target.name,
		`User "${caller.user}" cannot impersonate resource "${target.plural}" in API group "" ${where}`,
	);
}

function text(value: string | string[] | undefined): string {
	return (Array.isArray(value) ? value[0] : value) ?? '';
}

/** Node joins repeated headers it does not know with commas. */
function list(value: string | string[] | undefined): string[] {
	const joined = Array.isArray(value) ? value.join(',') : (value ?? '');
	return joined
		.split(',')
		.map(entry => entry.trim())
		.filter(entry => entry !== '');
}
