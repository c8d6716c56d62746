import {readFileSync} from 'node:fs';
import test from 'ava';
import {createProtobufDecoder, loadProtobufDecoder, ProtobufError} from '../../../src/kubernetes/embedded/protobuf/decode.ts';

type Vector = {command: string; base64: string; json: unknown};
const vectors = JSON.parse(readFileSync('test/fixtures/kube-api/protobuf.json', 'utf8')) as Record<string, Vector>;
const decode = await loadProtobufDecoder();

/** Go prints unset times as null and unset structs as {}; both mean absent. */
function normal(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(normal);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).map(([key, entry]) => [key, normal(entry)] as const);
	return Object.fromEntries(
		entries.filter(([, entry]) => entry !== null && !(typeof entry === 'object' && Object.keys(entry).length === 0)),
	);
}

for (const [kind, {base64, json, command}] of Object.entries(vectors)) {
	test(`decodes ${kind} as sent by: ${command}`, t => {
		const decoded = decode(Buffer.from(base64, 'base64'));
		t.deepEqual(normal(decoded.object), normal(json));
		t.is(`${decoded.apiVersion} ${decoded.kind}`, kind);
	});
}

test('every prefix of a body is refused or decodes to less, and never throws anything else', t => {
	const body = Buffer.from(vectors['v1 Secret']?.base64 ?? '', 'base64');
	for (let length = 0; length < body.length; length++) {
		try {
			decode(body.subarray(0, length));
		} catch (error) {
			t.true(error instanceof ProtobufError, `${length}: ${String(error)}`);
		}
	}
	t.pass();
});

test('refuses unknown kinds by name, foreign bodies, and bottomless nesting', t => {
	const unknown = Buffer.from('k8s\0\n\x0f\n\x07apps/v1\x12\x04Boat');
	t.throws(() => decode(unknown), {instanceOf: ProtobufError, message: /"Boat" of "apps\/v1"/});
	t.throws(() => decode(Buffer.from('{"kind":"Secret"}')), {instanceOf: ProtobufError});

	const nested = createProtobufDecoder({kinds: {'v1/Loop': 'Loop'}, messages: {Loop: {'1': ['next', 'Loop']}}});
	let inner = Buffer.alloc(0);
	for (let depth = 0; depth < 60; depth++) inner = Buffer.concat([Buffer.from([0x0a, inner.length]), inner]);
	const type = Buffer.from('\n\x0a\n\x02v1\x12\x04Loop');
	const body = Buffer.concat([Buffer.from('k8s\0'), type, Buffer.from([0x12, inner.length]), inner]);
	t.throws(() => nested(body), {instanceOf: ProtobufError, message: /nested/});
});

test('a map key of __proto__ stays a key', t => {
	const tables = {kinds: {'v1/Map': 'Map'}, messages: {Map: {'1': ['data', 'string', 'm']}}};
	const type = Buffer.from('\n\x09\n\x02v1\x12\x03Map');
	const entry = Buffer.from('\x0a\x0e\x0a\x09__proto__\x12\x01x');
	const body = Buffer.concat([Buffer.from('k8s\0'), type, Buffer.from([0x12, entry.length]), entry]);
	const {data} = createProtobufDecoder(tables)(body).object;
	t.deepEqual(Object.entries(data as object), [['__proto__', 'x']]);
});
