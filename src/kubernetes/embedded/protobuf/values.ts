import {parseJson} from '../http/json.ts';
import type {Json} from '../types.ts';
import {asBytes, asNumber, asText, fieldOf, ProtobufError} from './wire.ts';

type Value = bigint | Uint8Array;

/** How the types of the field tables that are not messages become JSON. */
export const scalars: Readonly<Record<string, (value: Value) => Json>> = {
	string: asText,
	bytes: value => Buffer.from(asBytes(value)).toString('base64'),
	bool: value => asNumber(value) !== 0,
	int32: asNumber,
	int64: asNumber,
	double: value => {
		const bytes = Buffer.from(asBytes(value));
		if (bytes.length !== 8) throw new ProtobufError('a protobuf double is not eight bytes long');
		return bytes.readDoubleLE(0);
	},
	Time: value => time(asBytes(value), false),
	MicroTime: value => time(asBytes(value), true),
	Duration: value => `${asNumber(fieldOf(asBytes(value), 1)) / 1e9}s`,
	Quantity: value => asText(fieldOf(asBytes(value), 1)),
	IntOrString: value => {
		const bytes = asBytes(value);
		return asNumber(fieldOf(bytes, 1)) === 0 ? asNumber(fieldOf(bytes, 2)) : asText(fieldOf(bytes, 3));
	},
	RawExtension: raw,
	FieldsV1: raw,
	JSON: raw,
};

/** An empty time is null; the others are UTC, with six digits of a second where the type has them. */
function time(bytes: Uint8Array, micro: boolean): Json {
	const seconds = fieldOf(bytes, 1);
	if (seconds === undefined) return null;
	const date = new Date(asNumber(seconds) * 1000);
	if (Number.isNaN(date.getTime())) throw new ProtobufError('a protobuf time is out of range');
	const text = date.toISOString().slice(0, 19);
	if (!micro) return `${text}Z`;
	const micros = Math.floor(asNumber(fieldOf(bytes, 2)) / 1000);
	return `${text}.${String(micros).padStart(6, '0')}Z`;
}

function raw(value: Value): Json {
	const text = asText(fieldOf(asBytes(value), 1));
	if (text === '') return null;
	return parseJson(text, message => new ProtobufError(`a protobuf field that should hold JSON does not: ${message}`))
		.value as Json;
}
