import {randomUUID} from 'node:crypto';
import {z} from 'zod';
import {awaited, type Patience} from '../awaited.ts';
import {isCode, refused} from '../refusals.ts';
import {type Query, type Rest, shaped} from '../rest.ts';
import {googleWords} from './sign-in.ts';

/** The Compute Engine API of one project (compute/v1 REST); the base of `rest` ends with the project. */
export type ComputeApi = {
	get: <T>(schema: z.ZodType<T>, path: string, query?: Query) => Promise<T>;
	/** All items of a list, page by page; `pick` takes them from a page. */
	list: <Page, T>(
		schema: z.ZodType<Page>,
		path: string,
		pick: (page: Page) => readonly T[],
		options?: {query?: Query; method?: 'GET' | 'POST'},
	) => Promise<T[]>;
	/** Starts an operation and waits for its end. Repeated after a lost answer, it is done once. */
	post: (path: string, body: unknown, query?: Query) => Promise<void>;
};

const pageSchema = z.object({nextPageToken: z.string().optional()});
const operationSchema = z.object({
	name: z.string(),
	status: z.string().optional(),
	zone: z.string().optional(),
	error: z.object({errors: z.array(z.object({code: z.string().optional(), message: z.string().optional()}))}).optional(),
});

export const computeApi = (rest: Rest, patience: Patience): ComputeApi => {
	const get: ComputeApi['get'] = async (schema, path, query = {}) =>
		shaped(schema, await rest('GET', path, {query}), googleWords, path);
	return {
		get,
		async list(schema, path, pick, {query = {}, method = 'GET'} = {}) {
			const items: ReturnType<typeof pick>[number][] = [];
			let pageToken: string | undefined;
			do {
				const answer = await rest(method, path, {query: {...query, ...(pageToken !== undefined && {pageToken})}});
				items.push(...pick(shaped(schema, answer, googleWords, path)));
				pageToken = shaped(pageSchema, answer, googleWords, path).nextPageToken;
			} while (pageToken !== undefined && pageToken !== '');
			return items;
		},
		async post(path, body, query = {}) {
			const answer = await rest('POST', path, {query: {...query, requestId: randomUUID()}, body});
			const {name, zone} = shaped(operationSchema, answer, googleWords, path);
			const place = zone === undefined ? 'global' : `zones/${zone.split('/').at(-1) ?? ''}`;
			const ended = await awaited(patience, `the end of ${path}`, async () => {
				try {
					const operation = await get(operationSchema, `${place}/operations/${name}`);
					return operation.status === 'DONE' ? operation : undefined;
				} catch (error) {
					if (isCode(error, 'cloud-object-missing')) return undefined; // Not there yet: it was begun.
					throw error;
				}
			});
			const [failure] = ended.error?.errors ?? [];
			if (failure === undefined) return;
			throw refused(googleWords, path.split('/').at(-1) ?? path, {reason: failure.code ?? '', message: failure.message ?? ''});
		},
	};
};
