import type {GoogleAuth} from 'google-auth-library';
import {AppError, exitCodes} from '../../errors.ts';
import {awaited, type Patience} from '../awaited.ts';

/** The Compute Engine API of one project (compute/v1 REST). `base` ends with the project. */
export type ComputeApi = {
	get: <T>(path: string, query?: Readonly<Record<string, string>>) => Promise<T>;
	/** All items of a list, page by page. */
	list: <T>(path: string, query?: Readonly<Record<string, string>>) => Promise<T[]>;
	/** Starts an operation and waits for its end. */
	post: (path: string, body: unknown, query?: Readonly<Record<string, string>>) => Promise<void>;
};

type Operation = {
	name?: string;
	status?: string;
	zone?: string;
	error?: {errors?: {code?: string; message?: string}[]};
};

export const computeApi = (auth: Pick<GoogleAuth, 'request'>, base: string, patience: Patience): ComputeApi => {
	const call = async <T>(
		method: 'GET' | 'POST',
		path: string,
		query: Readonly<Record<string, string>>,
		data?: unknown,
	): Promise<T> => {
		const url = new URL(`${base}/${path}`);
		for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
		const answer = await auth.request<T>({url: url.href, method, ...(data === undefined ? {} : {data}), timeout: 30_000});
		return answer.data;
	};
	const get: ComputeApi['get'] = (path, query = {}) => call('GET', path, query);
	return {
		get,
		async list<T>(path: string, query: Readonly<Record<string, string>> = {}) {
			const items: T[] = [];
			let pageToken = '';
			do {
				const page = await get<{items?: T[]; nextPageToken?: string}>(path, {...query, ...(pageToken === '' ? {} : {pageToken})});
				items.push(...(page.items ?? []));
				pageToken = page.nextPageToken ?? '';
			} while (pageToken !== '');
			return items;
		},
		async post(path, body, query = {}) {
			const started = await call<Operation>('POST', path, query, body);
			const zone = started.zone?.split('/').at(-1);
			const place = zone === undefined ? 'global' : `zones/${zone}`;
			const ended = await awaited(patience, `the end of ${path}`, async () => {
				const operation = await get<Operation>(`${place}/operations/${started.name ?? ''}`);
				return operation.status === 'DONE' ? operation : undefined;
			});
			const [failure] = ended.error?.errors ?? [];
			if (failure !== undefined) throw refused(path, failure.code ?? '', failure.message ?? '');
		},
	};
};

const refused = (path: string, code: string, message: string): AppError =>
	new AppError(`Google Cloud refused ${path.split('/').at(-1) ?? path}: ${message}`, {
		code: 'cloud-refused',
		exitCode: exitCodes.infrastructure,
		next: ['Quotas, permissions and stock are the usual reasons; the message above says which.'],
		details: {reason: code},
	});
