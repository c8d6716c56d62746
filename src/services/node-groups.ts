import * as z from 'zod/mini';
import type {NodeGroups} from '../providers/node-groups.ts';
import {unixRequest} from '../unix-http.ts';

const role = z.enum(['control-plane', 'worker']);
const groupShape = z.object({name: z.string(), role, image: z.string(), size: z.number()});
const machineShape = z.object({
	name: z.string(),
	group: z.string(),
	role,
	image: z.string(),
	address: z.string(),
	state: z.enum(['creating', 'running', 'stopped', 'failed', 'terminating', 'terminated']),
	detail: z.optional(z.string()),
	draining: z.optional(z.boolean()),
});
const timeoutMs = 45_000;

/**
 * The node groups of this node's cluster, over its metadata socket; the provider grants them to control planes only. Answers are the
 * provider's word. Throws UnixHttpError where it refuses, ZodError for an answer of another form.
 */
export const metadataNodeGroups = (socketPath: string): NodeGroups => {
	const call = (method: string, path: string, body?: unknown) =>
		unixRequest({
			socketPath,
			method,
			path: `/node-groups/${path}`,
			...(body !== undefined && {body}),
			signal: AbortSignal.timeout(timeoutMs),
		});
	const named = (kind: 'groups' | 'machines', name: string) => `${kind}/${encodeURIComponent(name)}`;
	const list = async () => z.array(groupShape).parse(await call('GET', 'groups'));
	return {
		list,
		async get(name) {
			const found = (await list()).find(each => each.name === name);
			if (found === undefined) throw new Error(`there is no node group ${name}`);
			return found;
		},
		async setImage(name, image) {
			await call('PUT', `${named('groups', name)}/image`, {image});
		},
		async setSize(name, size) {
			await call('PUT', `${named('groups', name)}/size`, {size});
		},
		async createNode(name, token) {
			return z.object({name: z.string()}).parse(await call('POST', `${named('groups', name)}/machines`, {token})).name;
		},
		async deleteNode(name) {
			await call('DELETE', named('machines', name));
		},
		async setDraining(name, draining) {
			await call('PUT', `${named('machines', name)}/draining`, {draining});
		},
		machines: async () =>
			z
				.array(machineShape)
				.parse(await call('GET', 'machines'))
				.map(({detail, draining, ...machine}) => ({
					...machine,
					...(detail !== undefined && {detail}),
					...(draining === true && {draining}),
				})),
	};
};
