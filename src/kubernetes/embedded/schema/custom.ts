import {type Cause, cause} from '../http/status.ts';
import {isObject, type Json, type JsonObject, type Schema} from '../types.ts';

/** Everything in a custom resource that its schema does not allow, worded as the real server does (causes of a 422). */
export function customCauses(schema: Schema, object: JsonObject): Cause[] {
	return check(schema, object, '');
}

/** Fills in the defaults of a custom resource's schema; gives a new object. */
export function withDefaults(schema: Schema, value: Json): Json {
	if (Array.isArray(value)) return value.map(item => (schema.items ? withDefaults(schema.items, item) : item));
	if (!isObject(value)) return value;
	const result: JsonObject = {...value};
	for (const [name, property] of Object.entries(schema.properties ?? {})) {
		const given = result[name];
		const missing = given === undefined || (given === null && property.nullable !== true && property.default !== undefined);
		if (missing && property.default !== undefined) result[name] = structuredClone(property.default);
		const filled = result[name];
		if (filled !== undefined) result[name] = withDefaults(property, filled);
	}
	const additional = schema.additionalProperties;
	if (typeof additional === 'object') {
		for (const [name, entry] of Object.entries(value)) result[name] = withDefaults(additional, entry);
	}
	return result;
}

function check(schema: Schema, value: Json, path: string): Cause[] {
	if (value === null) return schema.nullable === true || schema.type === undefined ? [] : [wrongType(path, 'null', schema.type)];
	const type = typeOf(value);
	if (schema['x-kubernetes-int-or-string'] === true) {
		return type === 'integer' || type === 'string' ? [] : [wrongType(path, type, 'integer,string')];
	}
	const fits = schema.type === undefined || schema.type === type || (schema.type === 'number' && type === 'integer');
	if (!fits) return [wrongType(path, type, schema.type ?? '')];
	return [...enumCauses(schema, value, path), ...valueCauses(schema, value, path)];
}

function valueCauses(schema: Schema, value: Json, path: string): Cause[] {
	if (typeof value === 'string') return textCauses(schema, value, path);
	if (typeof value === 'number') return numberCauses(schema, value, path);
	if (Array.isArray(value)) return listCauses(schema, value, path);
	return isObject(value) ? objectCauses(schema, value, path) : [];
}

function objectCauses(schema: Schema, value: JsonObject, path: string): Cause[] {
	const missing = (schema.required ?? []).filter(name => value[name] === undefined).map(name => cause.required(join(path, name)));
	const inside = Object.entries(value).flatMap(([name, entry]) => {
		const property = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
		const additional = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
		const inner = property ?? additional;
		return inner ? check(inner, entry, join(path, name)) : [];
	});
	return [...missing, ...inside];
}

function listCauses(schema: Schema, value: Json[], path: string): Cause[] {
	const causes = value.flatMap((item, index) => (schema.items ? check(schema.items, item, `${path}[${index}]`) : []));
	const {minItems = 0, maxItems = Number.POSITIVE_INFINITY} = schema;
	if (value.length < minItems)
		causes.unshift(cause.invalid(path, value.length, `${path} in body should have at least ${minItems} items`));
	if (value.length > maxItems) {
		const message = `Too many: ${value.length}: must have at most ${maxItems} items`;
		causes.unshift({reason: 'FieldValueTooMany', message, field: path});
	}
	return causes;
}

function textCauses(schema: Schema, value: string, path: string): Cause[] {
	const causes: Cause[] = [];
	const length = Array.from(value).length;
	if (schema.maxLength !== undefined && length > schema.maxLength) {
		const message = `Too long: may not be more than ${schema.maxLength} bytes`;
		causes.push({reason: 'FieldValueTooLong', message, field: path});
	}
	if (schema.minLength !== undefined && length < schema.minLength) {
		causes.push(cause.invalid(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
	}
	if (schema.pattern !== undefined && !matches(schema.pattern, value)) {
		causes.push(cause.invalid(path, value, `${path} in body should match '${schema.pattern}'`));
	}
	if (schema.format === 'date-time' && Number.isNaN(Date.parse(value))) {
		causes.push(cause.type(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`));
	}
	return causes;
}

function numberCauses({minimum, maximum}: Schema, value: number, path: string): Cause[] {
	if (minimum !== undefined && value < minimum) {
		return [cause.invalid(path, value, `${path} in body should be greater than or equal to ${minimum}`)];
	}
	if (maximum !== undefined && value > maximum) {
		return [cause.invalid(path, value, `${path} in body should be less than or equal to ${maximum}`)];
	}
	return [];
}

function enumCauses(schema: Schema, value: Json, path: string): Cause[] {
	const text = JSON.stringify(value);
	if (schema.enum === undefined || schema.enum.some(allowed => JSON.stringify(allowed) === text)) return [];
	return [cause.notSupported(path, text, schema.enum.map(String))];
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);
const wrongType = (path: string, got: string, wanted: string) =>
	cause.type(path, got, `${path} in body must be of type ${wanted}: ${JSON.stringify(got)}`);

function typeOf(value: Json): string {
	if (Array.isArray(value)) return 'array';
	if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
	return value === null ? 'null' : typeof value;
}

function matches(pattern: string, value: string): boolean {
	try {
		return new RegExp(pattern, 'u').test(value);
	} catch {
		// A pattern that cannot be read here allows nothing.
		return false;
	}
}
