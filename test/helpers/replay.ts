import {textOf} from '../../src/kubernetes/embedded/types.ts';
import type {Answer, ClientIdentity, TestServer} from './api-server.ts';

/** One recorded request and what the real server answered. Identifiers and revisions in it are placeholders, the same everywhere. */
export type Exchange = {
	method: string;
	path: string;
	accept?: string;
	type?: string;
	body?: unknown;
	text?: string;
	base64?: string;
	headers?: Record<string, string>;
	status: number;
	warning?: string | string[];
	answer?: unknown;
	answerText?: string;
	events?: unknown;
};

export type Step = {step: string; label?: string; user?: string; exchanges: Exchange[]};

/** A scenario: what was there before, and what was asked then. */
export type Scenario = {fixtures: RecordedObject[]; steps: Step[]};

export type RecordedObject = {kind: string; apiVersion: string; metadata: Record<string, unknown>; [field: string]: unknown};

export type Difference = {step: string; request: string; where: string; expected: unknown; actual: unknown};

export type ReplayOptions = {
	/** Exchanges that are about what is not served here. */
	skip?: (exchange: Exchange, step: Step) => boolean;
	/** Fields whose values need not be the recorded ones: `path` as in `.metadata.managedFields`. */
	ignore?: (path: string, expected: unknown, exchange: Exchange) => boolean;
	identityOf?: (step: Step) => ClientIdentity | null | undefined;
};

const uid = /00000000-0000-4000-8000-\d{12}/g;
const revision = /\b1\d{3}\b/g;
const token = /eyJ[\w-]{20,}/g;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/**
 * Sends recorded requests in order and compares: the status, and every field of the recorded answer (more fields are allowed). What the server
 * chooses (identifiers, revisions, times, ages) is learned from its answers and put into later requests.
 */
export async function replay(
	server: TestServer,
	{fixtures, steps}: Scenario,
	options: ReplayOptions = {},
): Promise<Difference[]> {
	const known = new Map<string, string>();
	const differences: Difference[] = [];
	const translate = (text: string): string =>
		text
			.replace(token, match => known.get(match) ?? match)
			.replace(uid, match => known.get(match) ?? match)
			.replace(revision, match => known.get(match) ?? match);

	for (const object of fixtures) await plant(object);
	for (const step of steps) {
		if (step.exchanges.some(exchange => options.skip?.(exchange, step))) continue;
		for (const exchange of step.exchanges) {
			if (exchange.events !== undefined || /[?&]watch=(true|1)/.test(exchange.path)) continue;
			const answer = await send(exchange, step);
			const request = `${exchange.method} ${exchange.path}`;
			const differ = (where: string, expected: unknown, actual: unknown) =>
				differences.push({step: step.label ?? step.step, request, where, expected, actual});
			if (answer.status !== exchange.status) {
				differ('status', `${exchange.status} ${shown(exchange.answer)}`, `${answer.status} ${answer.text.slice(0, 400)}`);
				continue;
			}
			if (exchange.answer !== undefined) compare(exchange, '', exchange.answer, answer.json, differ);
			if (exchange.warning !== undefined && !options.ignore?.('warning', exchange.warning, exchange)) {
				const expected = [exchange.warning].flat().join(', ');
				if (answer.headers['warning'] !== expected) differ('warning', expected, answer.headers['warning']);
			}
		}
	}
	return differences;

	function send(exchange: Exchange, step: Step): Promise<Answer> {
		const {body, text, base64, accept, type, method, path} = exchange;
		const raw =
			base64 === undefined
				? (text ?? (body === undefined ? undefined : translate(JSON.stringify(body))))
				: Buffer.from(base64, 'base64');
		const identity = options.identityOf?.(step);
		return server.request(translate(path), {
			method,
			...(raw !== undefined && {raw}),
			...(identity !== undefined && {identity}),
			headers: {
				...(accept !== undefined && {Accept: accept}),
				...(type !== undefined && {'Content-Type': type}),
				...exchange.headers,
			},
		});
	}

	/** Makes an object the recording started with. */
	async function plant(recorded: RecordedObject): Promise<void> {
		const {kind, apiVersion} = recorded;
		const {resourceVersion, uid: recordedUid, ...metadata} = recorded.metadata;
		const namespace = metadata['namespace'] === undefined ? '' : `/namespaces/${textOf(metadata['namespace'])}`;
		const collection = `/${apiVersion === 'v1' ? 'api' : 'apis'}/${apiVersion}${namespace}/${kind.toLowerCase()}s`;
		const body = {...recorded, metadata};
		const made = await server.request(collection, {method: 'POST', body});
		if (made.status !== 201) throw new Error(`${kind} ${String(metadata['name'])} was not made: ${made.text}`);
		let planted = made.json;
		if (recorded['status'] !== undefined && kind !== 'Namespace') {
			const name = String(metadata['name']);
			planted = (await server.request(`${collection}/${name}/status`, {method: 'PUT', body})).json;
		}
		known.set(String(recordedUid), String(at(at(planted, 'metadata'), 'uid')));
		known.set(String(resourceVersion), String(at(at(planted, 'metadata'), 'resourceVersion')));
	}

	function compare(
		exchange: Exchange,
		path: string,
		expected: unknown,
		actual: unknown,
		differ: (where: string, expected: unknown, actual: unknown) => void,
	): void {
		if (options.ignore?.(path, expected, exchange)) return;
		if (typeof expected === 'string' && typeof actual === 'string') {
			if (time.test(expected) && time.test(actual)) return;
			learn(expected, actual);
			if (translate(expected) !== actual) differ(path, translate(expected), actual);
		} else if (Array.isArray(expected)) {
			if (!Array.isArray(actual) || actual.length !== expected.length) {
				differ(path, expected, actual);
				return;
			}
			expected.forEach((entry, index) => compare(exchange, `${path}[${index}]`, entry, actual[index], differ));
		} else if (typeof expected === 'object' && expected !== null) {
			if (typeof actual !== 'object' || actual === null) {
				differ(path, expected, actual);
				return;
			}
			for (const [key, value] of Object.entries(expected)) compare(exchange, `${path}.${key}`, value, at(actual, key), differ);
		} else if (expected !== actual && !(expected === null && isNothing(actual))) {
			differ(path, expected, actual);
		}
	}

	/** A placeholder that stands alone is this server's value from now on. */
	function learn(expected: string, actual: string): void {
		const alone =
			expected
				.replace(uid, '')
				.replace(token, '')
				.replace(/^1\d{3}$/, '') === '';
		if (alone && expected !== '' && !known.has(expected)) known.set(expected, actual);
	}
}

/** Go writes an empty list as null here and as [] there. */
function isNothing(value: unknown): boolean {
	return value === undefined || (Array.isArray(value) && value.length === 0);
}

function shown(value: unknown): string {
	return value === undefined ? '' : JSON.stringify(value).slice(0, 300);
}

function at(value: unknown, key: string): unknown {
	return typeof value === 'object' && value !== null && key in value
		? Object.entries(value).find(([name]) => name === key)?.[1]
		: undefined;
}
