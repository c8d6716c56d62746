import type {JsonObject} from '../types.ts';

export type Cause = {reason: string; message: string; field: string};

/** What a Status says about the object: `kind` is the resource in most answers and the kind in validation errors, as the real server has it. */
export type Details = {
	name?: string;
	group?: string;
	kind?: string;
	uid?: string;
	causes?: (Omit<Cause, 'field'> & {field?: string})[];
	retryAfterSeconds?: number;
};

export type StatusOptions = {reason?: string; details?: Details; headers?: Record<string, string>; continue?: string};

/** An answer that is a Kubernetes Status. Clients branch on `reason`. */
export class ApiError extends Error {
	override readonly name = 'ApiError';
	readonly code: number;
	readonly options: StatusOptions;

	constructor(code: number, message: string, options: StatusOptions = {}) {
		super(message);
		this.code = code;
		this.options = options;
	}

	/** The Status object, fields in the order of the real server. */
	status(): JsonObject {
		const {reason, details} = this.options;
		return {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: this.options.continue === undefined ? {} : {continue: this.options.continue},
			status: 'Failure',
			message: this.message,
			...(reason !== undefined && {reason}),
			...(details !== undefined && {details: clean(details)}),
			code: this.code,
		};
	}
}

function clean(details: Details): JsonObject {
	return {
		...(details.name !== undefined && details.name !== '' && {name: details.name}),
		...(details.group !== undefined && details.group !== '' && {group: details.group}),
		...(details.kind !== undefined && {kind: details.kind}),
		...(details.uid !== undefined && {uid: details.uid}),
		...(details.causes !== undefined && {causes: details.causes}),
		...(details.retryAfterSeconds !== undefined && {retryAfterSeconds: details.retryAfterSeconds}),
	};
}

type Named = {group: string; plural: string};

/** `pods` or `deployments.apps`: how messages name a resource. */
export function qualified(type: Named): string {
	return type.group === '' ? type.plural : `${type.plural}.${type.group}`;
}

function about(type: Named, name: string): Details {
	return {name, group: type.group, kind: type.plural};
}

export function notFound(type: Named, name: string): ApiError {
	return new ApiError(404, `${qualified(type)} "${name}" not found`, {reason: 'NotFound', details: about(type, name)});
}

/** For a resource, version or subresource that is not served. */
export function unknownResource(): ApiError {
	return new ApiError(404, 'the server could not find the requested resource', {reason: 'NotFound', details: {}});
}

export function alreadyExists(type: Named, name: string): ApiError {
	return new ApiError(409, `${qualified(type)} "${name}" already exists`, {
		reason: 'AlreadyExists',
		details: about(type, name),
	});
}

export const modifiedMeanwhile = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(type: Named, name: string, why: string, causes?: Cause[]): ApiError {
	return new ApiError(409, `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`, {
		reason: 'Conflict',
		details: {...about(type, name), ...(causes && {causes})},
	});
}

/** `why` completes the sentence `pods "x" is forbidden: …`. */
export function forbidden(type: Named, name: string, why: string, causes?: Cause[]): ApiError {
	const subject = name === '' ? qualified(type) : `${qualified(type)} "${name}"`;
	return new ApiError(403, `${subject} is forbidden: ${why}`, {
		reason: 'Forbidden',
		details: {...about(type, name), ...(causes && {causes})},
	});
}

export function badRequest(message: string): ApiError {
	return new ApiError(400, message, {reason: 'BadRequest'});
}

export function methodNotAllowed(): ApiError {
	return new ApiError(405, 'the server does not allow this method on the requested resource', {
		reason: 'MethodNotAllowed',
		details: {},
	});
}

export function unauthorized(): ApiError {
	return new ApiError(401, 'Unauthorized', {reason: 'Unauthorized'});
}

/** 422 with every problem at once. `kind` may carry its group: `{group: 'apps', kind: 'Deployment'}`. */
export function invalid(type: {group: string; kind: string}, name: string, causes: readonly Cause[]): ApiError {
	const kind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
	const texts = causes.map(cause => `${cause.field}: ${cause.message}`);
	const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
	return new ApiError(422, `${kind} "${name}" is invalid: ${list}`, {
		reason: 'Invalid',
		details: {name, group: type.group, kind: type.kind, causes: [...causes]},
	});
}

export function expired(message: string, continueToken?: string): ApiError {
	return new ApiError(410, message, {reason: 'Expired', ...(continueToken !== undefined && {continue: continueToken})});
}

const sqliteBusy = 5;
const sqliteFull = 13;

/** The answer to a failure that is no client's fault: it says what an administrator can act on and nothing else. */
export function internalError(error: unknown): ApiError {
	const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
	if (code === sqliteFull) return new ApiError(500, 'the disk that holds the store is full', {reason: 'InternalError'});
	if (code === sqliteBusy) {
		return new ApiError(503, 'the store is busy, try again', {
			reason: 'ServiceUnavailable',
			details: {retryAfterSeconds: 1},
			headers: {'Retry-After': '1'},
		});
	}
	return new ApiError(500, 'Internal error occurred', {reason: 'InternalError'});
}

/** The causes of `invalid`. */
export const cause = {
	required: (field: string, detail = ''): Cause => ({
		reason: 'FieldValueRequired',
		message: detail === '' ? 'Required value' : `Required value: ${detail}`,
		field,
	}),
	invalid: (field: string, value: unknown, detail: string): Cause => ({
		reason: 'FieldValueInvalid',
		message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
		field,
	}),
	forbidden: (field: string, detail: string): Cause => ({
		reason: 'FieldValueForbidden',
		message: `Forbidden: ${detail}`,
		field,
	}),
	type: (field: string, value: unknown, detail: string): Cause => ({
		reason: 'FieldValueTypeInvalid',
		message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
		field,
	}),
	notSupported: (field: string, value: string, supported: readonly string[]): Cause => ({
		reason: 'FieldValueNotSupported',
		message: `Unsupported value: ${value}: supported values: ${supported.map(entry => JSON.stringify(entry)).join(', ')}`,
		field,
	}),
};
