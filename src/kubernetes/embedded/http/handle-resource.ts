import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Authenticator} from '../access/authenticate.ts';
import {review} from '../access/reviews.ts';
import type {Call} from '../objects/api.ts';
import {decodeObject} from '../objects/decode.ts';
import {writeOptions} from '../objects/options.ts';
import {patch, patchScale} from '../objects/patch.ts';
import type {Part} from '../objects/prepare.ts';
import {list, read} from '../objects/read.ts';
import {deleteOptions, remove, removeCollection, removedStatus} from '../objects/remove.ts';
import {requestToken, sendLog} from '../objects/subresources.ts';
import {watch, watchOptions} from '../objects/watch.ts';
import {bind} from '../objects/workloads/binding.ts';
import {evict} from '../objects/workloads/eviction.ts';
import {changeScale, scaleOf} from '../objects/workloads/scale.ts';
import {create, replace} from '../objects/write.ts';
import {type ApiObject, type JsonObject} from '../types.ts';
import {readBody} from './body.ts';
import {negotiate} from './negotiate.ts';
import {listValue, objectValue} from './present.ts';
import {sendValue} from './respond.ts';
import {methodNotAllowed} from './status.ts';
import {watchSink} from './watch-sink.ts';

const parts: Readonly<Record<string, Part>> = {'': 'main', status: 'status', finalize: 'finalize', approval: 'approval'};

type Exchange = {call: Call; request: IncomingMessage; response: ServerResponse; authenticator: Authenticator};

/** Carries out one authorized request on a resource and answers it. */
export async function handleResource(exchange: Exchange): Promise<void> {
	const {call, request, response} = exchange;
	const {type, path, verb} = call;
	if (path.subresource === 'log') return sendLog(call, response);
	const representation = negotiate(request.headers.accept, true);
	if (path.subresource === 'scale') return handleScale(exchange, representation.form);
	const answer = (code: number, object: ApiObject) =>
		sendValue(response, code, objectValue(call, object, representation), representation.form, call.warnings);
	const plain = (code: number, value: JsonObject | ApiObject) =>
		sendValue(response, code, value, representation.form, call.warnings);

	switch (verb) {
		case 'get':
			return answer(200, read(call));
		case 'list':
			return plain(200, listValue(call, await list(call), representation));
		case 'watch': {
			const options = watchOptions(call, representation);
			watch(call, options, watchSink(call, response, representation));
			return;
		}
		case 'create': {
			if (path.subresource === '' && path.name !== '') throw methodNotAllowed();
			await created(exchange, answer, plain);
			return;
		}
		case 'update': {
			const part = parts[path.subresource];
			if (part === undefined) throw methodNotAllowed();
			const options = writeOptions(call, 'UpdateOptions');
			const sent = await body(exchange, type, options.fieldValidation);
			const {object, created: isNew} = replace(call, sent, options, part);
			return answer(isNew ? 201 : 200, object);
		}
		case 'patch': {
			const part = parts[path.subresource];
			if (part === undefined || part === 'finalize') throw methodNotAllowed();
			const result = await patch(call, {bytes: await readBody(request), contentType: request.headers['content-type']}, part);
			return answer(result.created ? 201 : 200, result.object);
		}
		case 'delete': {
			const removed = remove(call, deleteOptions(call, await optionsBody(exchange)));
			if (removed.gone && type.storage !== 'pods') return plain(200, removedStatus(call, removed.object));
			return answer(200, removed.object);
		}
		case 'deletecollection': {
			const removed = await removeCollection(call, deleteOptions(call, await optionsBody(exchange)));
			return plain(200, listValue(call, removed, representation));
		}
		default:
			throw methodNotAllowed();
	}
}

const scaleKind = {group: 'autoscaling', version: 'v1', kind: 'Scale'};

async function handleScale(exchange: Exchange, form: 'json' | 'yaml'): Promise<void> {
	const {call, request, response} = exchange;
	const scaled = async (): Promise<ApiObject> => {
		if (call.verb === 'get') return scaleOf(read(call));
		if (call.verb === 'patch') {
			return patchScale(call, {bytes: await readBody(request), contentType: request.headers['content-type']});
		}
		if (call.verb !== 'update') throw methodNotAllowed();
		const options = writeOptions(call, 'UpdateOptions');
		const sent = await body(exchange, scaleKind, options.fieldValidation);
		return changeScale(call, () => sent, options);
	};
	return sendValue(response, 200, await scaled(), form, call.warnings);
}

async function created(
	exchange: Exchange,
	answer: (code: number, object: ApiObject) => Promise<void>,
	plain: (code: number, value: JsonObject | ApiObject) => Promise<void>,
): Promise<void> {
	const {call, authenticator} = exchange;
	const {type, path} = call;
	const options = writeOptions(call, 'CreateOptions');
	const subresource = type.subresources.find(({name}) => name === path.subresource);
	if (subresource) {
		const expected = {
			group: subresource.group ?? type.group,
			version: subresource.version ?? type.version,
			kind: subresource.kind,
		};
		const sent = await body(exchange, expected, options.fieldValidation);
		if (subresource.name === 'token') return plain(201, requestToken(call, sent));
		if (subresource.name === 'eviction') return plain(201, evict(call, sent as JsonObject));
		if (subresource.name === 'binding') return plain(201, bind(call, sent as JsonObject, options.dryRun));
		throw methodNotAllowed();
	}
	const sent = await body(exchange, type, options.fieldValidation);
	const isReview = type.group === 'authorization.k8s.io' || type.group === 'authentication.k8s.io';
	if (isReview) return plain(201, review(call, sent, authenticator));
	return answer(201, create(call, sent, options));
}

async function body(
	{call, request}: Exchange,
	expected: {group: string; version: string; kind: string},
	validation: 'Strict' | 'Warn' | 'Ignore',
): Promise<ApiObject> {
	const {group, version, kind} = expected;
	const bytes = await readBody(request);
	return decodeObject(call, {bytes, contentType: request.headers['content-type']}, {group, version, kind}, validation);
}

/** DeleteOptions; an empty body means none. */
async function optionsBody({call, request}: Exchange): Promise<JsonObject> {
	const bytes = await readBody(request);
	if (bytes.length === 0) return {};
	const options = await decodeObject(
		call,
		{bytes, contentType: request.headers['content-type']},
		{group: '', version: 'v1', kind: 'DeleteOptions'},
		'Ignore',
	);
	return options as JsonObject;
}
