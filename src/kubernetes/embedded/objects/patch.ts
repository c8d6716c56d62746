import {mediaType} from '../http/body.ts';
import {parseJson} from '../http/json.ts';
import {ApiError, badRequest, cause, invalid} from '../http/status.ts';
import {jsonPatch, PatchFailed} from '../patches/json-patch.ts';
import {mergePatch} from '../patches/merge.ts';
import {StrategicPatchFailed, strategicPatch} from '../patches/strategic.ts';
import {type ApiObject, isObject, type Json, type JsonObject, textOf} from '../types.ts';
import type {Call} from './api.ts';
import {type Body, conform, objectFrom} from './decode.ts';
import {clone} from './equal.ts';
import {type WriteOptions, writeOptions} from './options.ts';
import type {Part} from './prepare.ts';
import {serverSideApply} from './server-side-apply.ts';
import {storedOf, viewOf} from './views.ts';
import {changeScale} from './workloads/scale.ts';
import {change} from './write.ts';

export type Patched = {object: ApiObject; created: boolean};

type Apply = (call: Call, object: JsonObject, patch: unknown) => unknown;

const kinds: Readonly<Record<string, Apply>> = {
	'application/merge-patch+json': (_call, object, patch) => mergePatch(object, patch as Json),
	'application/json-patch+json': (_call, object, patch) => jsonPatch(object, patch),
	'application/strategic-merge-patch+json': strategic,
};

/** PATCH in its four forms. The patch sees the object as the requested version shows it. */
export async function patch(call: Call, body: Body, part: Part): Promise<Patched> {
	const options = writeOptions(call, 'PatchOptions');
	if (mediaType(body.contentType) === 'application/apply-patch+yaml') return serverSideApply(call, body, options, part);
	const {apply, value} = parsePatch(call, body);
	const named: WriteOptions = {...options, fieldManager: options.fieldManager || call.userAgent};
	const object = change(call, current => patched(call, current, value, apply, named), named, part);
	return {object, created: false};
}

/** PATCH of a Scale, which has no schema of its own. */
export function patchScale(call: Call, body: Body): ApiObject {
	const {apply, value} = parsePatch(call, body);
	return changeScale(
		call,
		scale => attempt(() => apply(call, scale as JsonObject, value), value),
		writeOptions(call, 'PatchOptions'),
	);
}

function parsePatch(call: Call, body: Body): {apply: Apply; value: unknown} {
	const kind = mediaType(body.contentType);
	const apply = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
	if (!apply || (kind === 'application/strategic-merge-patch+json' && call.type.custom)) throw unsupported();
	const {value} = parseJson(body.bytes.toString(), message => badRequest(`error decoding patch: ${message}`));
	return {apply, value};
}

function patched(call: Call, current: ApiObject, value: unknown, apply: Apply, options: WriteOptions): ApiObject {
	const {type} = call;
	const shown = clone(viewOf(type, current)) as JsonObject;
	const result = attempt(() => apply(call, shown, value), value);
	if (!isObject(result) || !isObject(result['metadata'])) throw rejected();
	if (result['kind'] !== type.kind) throw badRequest(`the kind of the object cannot be changed to ${textOf(result['kind'])}`);
	return storedOf(
		type,
		attempt(() => conform(call, objectFrom(result), type, options.fieldValidation), value),
	);
}

/** What a patch makes impossible is the patch's fault: 422 with the patch as the invalid value. */
function attempt<T>(work: () => T, value: unknown): T {
	try {
		return work();
	} catch (error) {
		if (error instanceof PatchFailed) throw rejected();
		if (
			error instanceof StrategicPatchFailed ||
			(error instanceof ApiError && error.message.includes('json: cannot unmarshal'))
		) {
			throw invalid({group: '', kind: ''}, '', [cause.invalid('patch', value, error.message.replace(/^.*?json: /, ''))]);
		}
		throw error;
	}
}

function strategic(call: Call, object: JsonObject, patch: unknown): JsonObject {
	if (!isObject(patch)) throw badRequest('error decoding patch: a strategic merge patch is an object');
	const {schemas} = call.api;
	return strategicPatch(schemas, schemas.ofResource(call.type) ?? {}, object, patch);
}

function rejected(): ApiError {
	return new ApiError(422, 'the server rejected our request due to an error in our request', {reason: 'Invalid', details: {}});
}

function unsupported(): ApiError {
	return new ApiError(415, '415: Unsupported Media Type', {reason: 'UnsupportedMediaType', details: {}});
}
