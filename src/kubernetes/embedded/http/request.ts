import {badRequest} from './status.ts';

/** What a path asks for. `namespace` is '' for all namespaces or cluster scope; `name` is '' for the collection. */
export type ResourcePath = {
	group: string;
	version: string;
	plural: string;
	namespace: string;
	name: string;
	subresource: string;
	/** The old `/watch/` paths. */
	watch: boolean;
};

/**
 * Takes `/api/v1/…` and `/apis/GROUP/VERSION/…` apart. Returns undefined for everything else, also for the group and version documents.
 * `/namespaces/NAME`, `/namespaces/NAME/status` and `/namespaces/NAME/finalize` are about the namespace itself.
 */
export function parseResourcePath(path: string): ResourcePath | undefined {
	const parts = path.split('/').slice(1).map(decode);
	if (parts.at(-1) === '') parts.pop();
	const root = parts.shift();
	if (root !== 'api' && root !== 'apis') return undefined;
	const group = root === 'api' ? '' : parts.shift();
	const version = parts.shift();
	if (group === undefined || version === undefined || parts.length === 0 || parts.includes('')) return undefined;
	const watch = parts[0] === 'watch' && parts.length > 1;
	if (watch) parts.shift();
	const [first = '', second = '', third = ''] = parts;
	const inNamespace = first === 'namespaces' && parts.length > 2 && third !== 'status' && third !== 'finalize';
	const [plural = '', name = '', ...rest] = inNamespace ? parts.slice(2) : parts;
	return {
		group,
		version,
		plural,
		namespace: inNamespace ? second : '',
		name,
		subresource: rest.join('/'),
		watch,
	};
}

function decode(part: string): string {
	try {
		return decodeURIComponent(part);
	} catch {
		// A stray percent sign is the client's mistake, not ours.
		throw badRequest(`the path segment ${JSON.stringify(part)} is not valid percent-encoding`);
	}
}

/** The verb that RBAC knows for a request on a resource. */
export function verbOf(method: string, path: ResourcePath, query: URLSearchParams): string | undefined {
	if (method === 'GET') {
		if (path.watch || isTrue(query.get('watch'))) return path.name !== '' && !path.watch ? 'get' : 'watch';
		return path.name === '' ? 'list' : 'get';
	}
	if (method === 'POST') return 'create';
	if (method === 'PUT') return 'update';
	if (method === 'PATCH') return 'patch';
	if (method === 'DELETE') return path.name === '' ? 'deletecollection' : 'delete';
	return undefined;
}

/** A boolean query parameter: absent, empty, `0` and `false` are false. */
export function isTrue(value: string | null): boolean {
	return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}
