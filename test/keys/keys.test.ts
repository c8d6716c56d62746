import {readFileSync} from 'node:fs';
import {inspect} from 'node:util';
import test from 'ava';
import {decodeBase64, encodeBase64} from '../../src/keys/base64.ts';
import {readClusterId, showClusterId} from '../../src/keys/cluster-id.ts';
import {clusterId, dataKey, hkdf, measurementSecret, registerWithClusterId} from '../../src/keys/derive.ts';
import {equalBytes} from '../../src/keys/equal.ts';
import {decodeKmsUri, encodeKmsUri} from '../../src/keys/kms-uri.ts';
import {formatMasterSecret, generateMasterSecret, parseMasterSecret} from '../../src/keys/master-secret.ts';
import {Secret} from '../../src/secret.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const range = (from: number, to: number) => Uint8Array.from({length: to - from}, (_, index) => from + index);
const vectors = <Case>(name: string) =>
	(JSON.parse(readFileSync(new URL(`../fixtures/wire/${name}.json`, import.meta.url), 'utf8')) as {cases: Case[]}).cases;

type KeyCase = {
	id: string;
	masterKeyHex: string;
	masterSaltHex: string;
	measurementSaltHex: string;
	measurementSecretHex: string;
	clusterIdHex: string;
	kmsUri: string;
	pcr15Sha256AfterMarkingHex: string;
	prediction?: {oldPcr15Hex: string; newPcr15Hex: string};
	stateDiskUuid: string;
	stateDiskKeyHex: string;
	dataKeys: {keyId: string; length: number; keyHex: string}[];
};

for (const vector of vectors<KeyCase>('keys')) {
	test(`derives the keys of v2.9: ${vector.id}`, t => {
		const master = {key: new Secret(bytes(vector.masterKeyHex)), salt: new Secret(bytes(vector.masterSaltHex))};
		for (const {keyId, length, keyHex} of vector.dataKeys) t.is(hex(dataKey(master, keyId, length)), keyHex, keyId);
		t.is(hex(dataKey(master, vector.stateDiskUuid, 32)), vector.stateDiskKeyHex);
		const secret = measurementSecret(master);
		t.is(hex(secret), vector.measurementSecretHex);
		const id = clusterId(secret, bytes(vector.measurementSaltHex));
		t.is(hex(id), vector.clusterIdHex);
		t.is(hex(registerWithClusterId(new Uint8Array(32), id)), vector.pcr15Sha256AfterMarkingHex);
		if (vector.prediction) {
			t.is(hex(registerWithClusterId(bytes(vector.prediction.oldPcr15Hex), id)), vector.prediction.newPcr15Hex);
		}
		t.is(encodeKmsUri(master), vector.kmsUri);
	});
}

test('derives as RFC 5869 says', t => {
	const ikm = new Uint8Array(22).fill(0x0b);
	t.is(
		hex(hkdf(ikm, range(0, 13), range(0xf0, 0xfa), 42)),
		'3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
	);
	t.is(
		hex(hkdf(ikm, new Uint8Array(), new Uint8Array(), 42)),
		'8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
	);
	t.is(hkdf(ikm, ikm, 'x', 8160).length, 8160);
	t.throws(() => hkdf(ikm, ikm, 'x', 8161), {instanceOf: RangeError});
	t.throws(() => hkdf(ikm, ikm, 'x', 0), {instanceOf: RangeError});
});

type UriCase = {id: string; uri: string; verdict: string; keyHex?: string; saltHex?: string};

for (const {id, uri, verdict, keyHex, saltHex} of vectors<UriCase>('kms-uri')) {
	test(`key management URI: ${id} → ${verdict}`, t => {
		if (verdict !== 'accept') {
			t.throws(() => decodeKmsUri(uri), {code: 'kms-uri-invalid'});
			return;
		}
		const master = decodeKmsUri(uri);
		t.is(hex(master.key.reveal()), keyHex ?? '');
		t.is(hex(master.salt.reveal()), saltHex ?? '');
	});
}

test('an empty key or salt in a key management URI is refused', t => {
	t.throws(() => decodeKmsUri('kms://cluster-kms?key=&salt=AQ=='), {code: 'kms-uri-invalid'});
	t.throws(() => decodeKmsUri(`kms://cluster-kms?key=${'A'.repeat(5000)}&salt=AQ==`), {code: 'kms-uri-invalid'});
});

test('the master secret survives its file and never shows itself', t => {
	const master = generateMasterSecret();
	const text = formatMasterSecret(master);
	t.deepEqual(Object.keys(JSON.parse(text) as object), ['key', 'salt']);
	const read = parseMasterSecret(text);
	t.deepEqual(read.key.reveal(), new Uint8Array(master.key.reveal()));
	t.deepEqual(read.salt.reveal(), new Uint8Array(master.salt.reveal()));
	t.is(`${String(read.key)} ${inspect(read)} ${JSON.stringify(read)}`.match(/\[secret\]/g)?.length, 5);
});

const refusedFiles = {
	'no JSON': 'canary-not-json',
	'no object': '"canary"',
	null: 'null',
	'no salt': '{"key":"AAAAAAAAAAAAAAAAAAAAAA=="}',
	'short key': '{"key":"AAAA","salt":"AAAAAAAAAAAAAAAAAAAAAA=="}',
	'short salt': '{"key":"AAAAAAAAAAAAAAAAAAAAAA==","salt":"AAAA"}',
	'URL alphabet': '{"key":"________________AAAAAA==","salt":"AAAAAAAAAAAAAAAAAAAAAA=="}',
};

for (const [name, text] of Object.entries(refusedFiles)) {
	test(`refuses a master secret file without quoting it: ${name}`, t => {
		const error = t.throws(() => parseMasterSecret(text), {code: 'master-secret-invalid'});
		t.notRegex(inspect(error), /canary|AAAA/);
	});
}

test('base64 is read strictly', t => {
	for (const text of ['AA', 'AA=', 'AB==', 'A A=', 'AAA\n', 'AA==AA==', '-_8=']) t.is(decodeBase64(text), undefined, text);
	t.deepEqual(decodeBase64('+/8='), Uint8Array.of(0xfb, 0xff));
	t.deepEqual(decodeBase64('-_8=', 'url'), Uint8Array.of(0xfb, 0xff));
	t.is(encodeBase64(Uint8Array.of(0xfb, 0xff), 'url'), '-_8=');
	t.deepEqual(decodeBase64(''), new Uint8Array());
});

test('a cluster ID is shown as base64 and read as hex or base64', t => {
	const id = range(0, 32);
	t.is(showClusterId(id), Buffer.from(id).toString('base64'));
	t.deepEqual(readClusterId(showClusterId(id)), id);
	t.deepEqual(readClusterId(hex(id).toUpperCase()), id);
	for (const text of ['', 'abc', hex(id).slice(2), `${showClusterId(id)}\n`]) t.is(readClusterId(text), undefined);
});

test('bytes of different length are unequal', t => {
	t.true(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2)));
	t.false(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)));
	t.false(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)));
	t.true(equalBytes(new Uint8Array(), new Uint8Array()));
});
