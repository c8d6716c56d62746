import {mediaType} from '../http/body.ts';
import {type ParsedJson, parseJson} from '../http/json.ts';
import {ApiError, badRequest, forbidden} from '../http/status.ts';
import {ProtobufError} from '../protobuf/decode.ts';
import {validateObject} from '../schema/validate.ts';
import {type ApiObject, type ApiResource, groupVersion, isObject, type Json, type JsonObject, textOf} from '../types.ts';
import type {Call} from './api.ts';
import type {FieldValidation} from './options.ts';

/** A body and what it calls itself. */
export type Body = {bytes: Buffer; contentType: string | undefined};

/** Which kind a body is expected to be. */
export type Expected = {group: string; version: string; kind: string};

/** Reads JSON, YAML or protobuf. `unreadable` words what is not even that. */
async function readRaw(call: Call, body: Body, unreadable: (message: string) => Error): Promise<ParsedJson> {
	const type = mediaType(body.contentType) || 'application/json';
	if (type === 'application/json') {
		return parseJson(body.bytes.toString(), unreadable);
	}
	if (type === 'application/yaml') return {value: await parseYaml(body.bytes.toString(), unreadable), duplicates: []};
	if (type === 'application/vnd.kubernetes.protobuf') {
		try {
			const {apiVersion, kind, object} = (await call.api.protobuf())(body.bytes);
			return {value: {...object, apiVersion, kind}, duplicates: []};
		} catch (error) {
			// Of kinds that are not taken here there are no field tables, either.
			if (call.type.refusal !== undefined) throw forbidden(call.type, '', call.type.refusal);
			if (error instanceof ProtobufError) throw badRequest(error.message);
			throw error;
		}
	}
	throw new ApiError(
		415,
		'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
		{reason: 'UnsupportedMediaType'},
	);
}

/** YAML of bounded size without aliases, so that a small text cannot become a huge object. */
export async function parseYaml(text: string, unreadable: (message: string) => Error): Promise<unknown> {
	const {parse} = await import('yaml');
	try {
		return parse(text, {maxAliasCount: 0, schema: 'core'});
	} catch (error) {
		throw unreadable(error instanceof Error ? error.message : 'invalid YAML');
	}
}

/** The object in a body, with the expected kind and the fields its schema knows. Unknown and double fields are refused or warned of. */
export async function decodeObject(call: Call, body: Body, expected: Expected, validation: FieldValidation): Promise<ApiObject> {
	const raw = await readRaw(call, body, message => {
		const shown = body.bytes.length === 0 ? '<empty>' : body.bytes.subarray(0, 200).toString();
		return unrecognized(expected, `${message} (${shown})`);
	});
	if (!isObject(raw.value))
		throw unrecognized(expected, `${notAnObject(raw.value)} (${body.bytes.subarray(0, 100).toString('hex')})`);
	const object = checkKind(raw.value, expected);
	return conform(call, object, expected, validation, raw.duplicates);
}

function unrecognized(expected: Expected, why: string): ApiError {
	return badRequest(
		`the object provided is unrecognized (must be of type ${expected.kind}): couldn't get version/kind; json parse error: ${why}`,
	);
}

function typeName(value: unknown): string {
	return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}

/** The words of a Go program that expected the head of an object. */
function notAnObject(value: unknown): string {
	const head = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
	return `json: cannot unmarshal ${typeName(value)} into Go value of type ${head}`;
}

function cannotBeHandled(kind: string, expected: Expected, why: string): ApiError {
	return badRequest(`${kind} in version "${expected.version}" cannot be handled as a ${expected.kind}: ${why}`);
}

function checkKind(value: JsonObject, expected: Expected): ApiObject {
	const {kind = expected.kind, apiVersion = groupVersion(expected)} = value;
	if (kind !== expected.kind && kind !== '') {
		const version = textOf(apiVersion).split('/').at(-1);
		throw cannotBeHandled(
			textOf(kind),
			expected,
			`converting (${version}.${textOf(kind)}) to (${expected.group.split('.')[0] || 'core'}.${expected.kind}): unknown conversion`,
		);
	}
	if (apiVersion !== groupVersion(expected) && apiVersion !== '') {
		throw cannotBeHandled(
			expected.kind,
			expected,
			`no kind "${expected.kind}" is registered for version "${textOf(apiVersion)}" in scheme "pkg/runtime/scheme.go:100"`,
		);
	}
	const {metadata = {}} = value;
	if (metadata !== null && !isObject(metadata)) {
		throw cannotBeHandled(
			expected.kind,
			expected,
			`json: cannot unmarshal ${typeName(metadata)} into Go struct field ObjectMeta`,
		);
	}
	return objectFrom({...value, kind: expected.kind, apiVersion: groupVersion(expected), metadata: metadata ?? {}});
}

/** A JSON object with kind, apiVersion and metadata in place. Names are checked later, when an object is written. */
export function objectFrom(value: JsonObject): ApiObject {
	return value as ApiObject;
}

/** Compares an object with the schema of its kind: unknown fields go (or are refused), wrong types are 400. */
export function conform(
	call: Call,
	object: ApiObject,
	expected: Expected,
	validation: FieldValidation,
	duplicates: readonly string[] = [],
): ApiObject {
	const {schemas} = call.api;
	const custom = isCustom(call.type, expected);
	const schema = custom ? schemas.ofResource(call.type) : schemas.schemaOf(expected)?.schema;
	const checked = schema
		? validateObject(schemas, schema, object as JsonObject, {kind: expected.kind, custom})
		: {object: object as JsonObject, unknown: []};
	const typeError = custom ? metadataError(call, object) : checked.typeError;
	if (typeError !== undefined) throw cannotBeHandled(expected.kind, expected, typeError);
	const problems = [...duplicates.map(path => `duplicate field "${path}"`), ...checked.unknown];
	if (problems.length > 0 && validation === 'Strict') {
		throw cannotBeHandled(expected.kind, expected, `strict decoding error: ${problems.join(', ')}`);
	}
	if (validation === 'Warn') call.warnings.push(...problems);
	const kept = custom ? checked.object : withoutNulls(checked.object);
	return withPlainMetadata(isObject(kept) ? kept : checked.object);
}

/** Metadata has the same types in every kind; the rest of a custom resource is checked against its own schema, with all problems at once. */
function metadataError({api: {schemas}}: Call, object: ApiObject): string | undefined {
	const any = schemas.schemaOf({group: '', version: 'v1', kind: 'ConfigMap'});
	if (!any) return undefined;
	return validateObject(schemas, any.schema, {metadata: object.metadata as JsonObject}, {kind: object.kind}).typeError;
}

function isCustom(type: ApiResource, expected: Expected): boolean {
	return type.custom !== undefined && type.kind === expected.kind;
}

/** Metadata without what is null (Go programs send `creationTimestamp: null` for unset times), and with a name, be it empty. */
function withPlainMetadata(object: JsonObject): ApiObject {
	const given = withoutNulls(object['metadata'] ?? {});
	const metadata: JsonObject = {name: '', ...(isObject(given) ? given : {})};
	for (const [key, value] of Object.entries(metadata)) {
		if (Array.isArray(value)) metadata[key] = value.filter(entry => entry !== null);
	}
	return objectFrom({...object, metadata});
}

/** Null in a built-in kind means unset. */
function withoutNulls(value: Json): Json {
	if (Array.isArray(value)) return value.map(withoutNulls);
	if (!isObject(value)) return value;
	const entries = Object.entries(value).filter(([, entry]) => entry !== null);
	return Object.fromEntries(entries.map(([key, entry]) => [key, withoutNulls(entry)]));
}
