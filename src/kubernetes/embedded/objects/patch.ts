import {mediaType} from '../http/body.ts';
import {parseJson} from '../http/json.ts';
import {ApiError, badRequest} from '../http/status.ts';
import {mergePatch} from '../patches/merge.ts';
import {type ApiObject, isObject, type Json, type JsonObject} from '../types.ts';
import type {Call} from './api.ts';
import {type Body, conform, objectFrom} from './decode.ts';
import {clone} from './equal.ts';
import {writeOptions} from './options.ts';
import type {Part} from './prepare.ts';
import {storedOf, viewOf} from './views.ts';
import {change} from './write.ts';

type Result = {object: ApiObject; created: boolean};

/** PATCH in its four forms. The patch sees the object as the requested version shows it. */
export async function patch(call: Call, body: Body, part: Part): Promise<Result> {
	const options = writeOptions(call, 'PatchOptions');
	const kind = mediaType(body.contentType);
	if (!['application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/json-patch+json'].includes(kind))
		throw unsupported();
	const {value} = parseJson(body.bytes.toString(), message => badRequest(`error decoding patch: ${message}`));
	const {type} = call;
	const object = change(
		call,
		current => {
			const shown = clone(viewOf(type, current)) as JsonObject;
			const patched = apply(shown, value as Json);
			return storedOf(type, conform(call, objectFrom(patched), type, options.fieldValidation));
		},
		options,
		part,
	);
	return {object, created: false};
}

function apply(object: JsonObject, value: Json): JsonObject {
	const merged = mergePatch(object, value);
	if (!isObject(merged)) throw badRequest('the patch does not give an object');
	return merged;
}

function unsupported(): ApiError {
	return new ApiError(415, '415: Unsupported Media Type', {reason: 'UnsupportedMediaType', details: {}});
}
