import {z} from 'zod';
import {awaited, type Patience} from '../awaited.ts';
import {refused} from '../refusals.ts';
import {type Answer, type Method, type Query, type Rest, shaped} from '../rest.ts';
import {azureWords} from './sign-in.ts';

/** Ends where there is something to wait for: `undefined` while it goes on; throws AppError `cloud-refused` when it failed. */
export type Operation = () => Promise<true | undefined>;

/** Azure Resource Manager (REST). Paths begin with `subscriptions/`. */
export type Arm = {
	get: <T>(schema: z.ZodType<T>, path: string, version: string, query?: Query) => Promise<T>;
	/** All values of a list, page by page. */
	list: <T>(schema: z.ZodType<T>, path: string, version: string, query?: Query) => Promise<T[]>;
	/** Begins a change. */
	begin: (method: Method, path: string, version: string, body: unknown, headers?: Query) => Promise<Operation>;
	/** Begins a change and waits for its end. */
	finish: (method: Method, path: string, version: string, body: unknown) => Promise<void>;
};

const operationSchema = z.object({
	status: z.string(),
	error: z.object({code: z.string().default(''), message: z.string().default('')}).nullish(),
});

export const armApi = (rest: Rest, patience: Patience): Arm => {
	/** Asynchronous operations of Azure: Azure-AsyncOperation has a status, Location answers 202 until the end. */
	const operationOf = (path: string, {status, headers}: Answer): Operation => {
		const [monitor, location] = [headers.get('azure-asyncoperation'), headers.get('location')];
		return async () => {
			if (monitor !== null) {
				const {status: state, error} = shaped(operationSchema, await rest('GET', monitor), azureWords, path);
				if (state === 'Failed' || state === 'Canceled') {
					throw refused(azureWords, path.split('/').at(-1) ?? path, {
						reason: error?.code ?? state,
						message: error?.message ?? '',
					});
				}
				return state === 'Succeeded' ? true : undefined;
			}
			if (status !== 202 || location === null) return true;
			return (await rest('GET', location)).status === 202 ? undefined : true;
		};
	};
	const begin: Arm['begin'] = async (method, path, version, body, headers = {}) =>
		operationOf(path, await rest(method, path, {query: {'api-version': version}, body, headers}));
	return {
		get: async (schema, path, version, query = {}) =>
			shaped(schema, await rest('GET', path, {query: {...query, 'api-version': version}}), azureWords, path),
		async list(schema, path, version, query = {}) {
			const page = z.object({value: z.array(schema), nextLink: z.string().nullish()});
			let {value, nextLink} = shaped(
				page,
				await rest('GET', path, {query: {...query, 'api-version': version}}),
				azureWords,
				path,
			);
			const found = [...value];
			while (nextLink !== undefined && nextLink !== null && nextLink !== '') {
				({value, nextLink} = shaped(page, await rest('GET', nextLink), azureWords, path));
				found.push(...value);
			}
			return found;
		},
		begin,
		async finish(method, path, version, body) {
			await awaited(patience, `the end of ${method} ${path}`, await begin(method, path, version, body));
		},
	};
};
