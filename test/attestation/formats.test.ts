import {createHash, verify} from 'node:crypto';
import test from 'ava';
import {verifyBlob} from '../../src/attestation/blob-signature.ts';
import {fromBase64, MalformedError} from '../../src/attestation/bytes.ts';
import {decodeCbor, encodeCbor} from '../../src/attestation/cbor.ts';
import {formatMeasurements, parseMeasurements, withMeasurement} from '../../src/attestation/measurements.ts';
import {formatPolicy, parsePolicy} from '../../src/attestation/policy.ts';
import {formatImageStatement, parseImageStatement} from '../../src/attestation/signed-measurements.ts';
import {parseStrictJson} from '../../src/attestation/strict-json.ts';
import {nameOf, parsePublicArea, publicKeyOf, writePublicArea} from '../../src/attestation/tpm/public-area.ts';
import {
	allRegisters,
	parseQuoteInfo,
	parseSignature,
	writeQuoteInfo,
	writeSignature,
} from '../../src/attestation/tpm/structures.ts';
import {AppError} from '../../src/errors.ts';
import {hex} from '../helpers/wire.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Made by a software TPM (libtpms): an ECC attestation key and its quote. */
const ecc = {
	public:
		'0023000b00050072000000100018000b000300100020f0d291c4b8752ea851f718658aaf972eb6fb284a78742080318e8cdacd54225b002027c4a442cee3641b3b24bb47b702b47cdcc10cfbfcfaf761ba2633a99aaf3fc5',
	quote:
		'ff54434780180022000b21089d1083217cd54193ae00b06bc86695e9e1412fd85bfdfcf3b7b0f651c95f0020bfcc1ef1a22179c1eb38771beb6e106a4ce3f18c95a0f1d8e7ce27b45486ee600000000000000531b0002193c14c4d9001ca8015a1be0785ed00000001000b03ffffff0020cb139882cd12a7468c36d2f10cae7410c27d6b8a1754b1b79dd4f66ebee084f0',
	signature:
		'0018000b002010aff828eabcfeb5ff5e385097301774561d31af3588123b2f79cba0389f6af90020217ec4f019a34f74eb16dc051dab4c33a578a399d0459d15488738f2904e7d77',
};
/** The RSA key of the same TPM. */
const rsaPublic = fromBase64(
	'AAEACwAFAHIAAAAQABQACwgAAAAAAAEA27L9cxEG94qOPzuQDjdUo1vNDCmoD7YSg31Hj168DNtDotqk3HmyBDL/jyEaheqNHuE3vmdZAzQTBilYp6xidxbyWSvCYbd66FaSKPpJpFTShF/cbDnKSb3anCtdIxWFjIeBJy/5f0FGmT+ISf65gzSl7lfE4w8BJLQZySvzpD7N9DdKZYOaytMiW5qEHfNr2VAfXTum03PGsf4AXlTEsK6g4NUVtWcm07/o7cib8rte8fyghSMA81EIahReuI+Oy3n57NeEZOCdrwwuhoUg7WDurXut3hnbOrBGew5DqUXQKnhq4V/j0TK/DFhS6/7qZoXfwJ58eJ5F7HL8YFo6Pw==',
	'vector',
);

test('structures of a real TPM are read and written back byte for byte', t => {
	const key = parsePublicArea(hex(ecc.public));
	const info = parseQuoteInfo(hex(ecc.quote));
	const signature = parseSignature(hex(ecc.signature));
	t.is(text(writePublicArea(key)), ecc.public);
	t.is(text(writeQuoteInfo(info)), ecc.quote);
	t.is(text(writeSignature(signature)), ecc.signature);
	t.is(text(writePublicArea(parsePublicArea(rsaPublic))), text(rsaPublic));
	t.is(text(nameOf(rsaPublic)), '000bb92755b0a049401f3ae471d903b141c43b256aaa5d556af305071c03e1323f6f');
	t.true(verify('sha256', hex(ecc.quote), {key: publicKeyOf(key), dsaEncoding: 'ieee-p1363'}, signature.value));
	t.deepEqual(info.selections, [{hash: 0x0b, registers: allRegisters}]);
	const extraData = createHash('sha256')
		.update('VerifyService')
		.update(Uint8Array.from({length: 32}, (_, index) => index))
		.digest();
	t.is(text(info.extraData), extraData.toString('hex'));
});

test('every shortened structure is refused with the name of a field, never read beyond its end', t => {
	const parsers = [
		[ecc.public, parsePublicArea],
		[ecc.quote, parseQuoteInfo],
		[ecc.signature, parseSignature],
		[text(rsaPublic), parsePublicArea],
	] as const;
	for (const [vector, parse] of parsers) {
		const bytes = hex(vector);
		for (let length = 0; length < bytes.length; length++)
			t.throws(() => parse(bytes.subarray(0, length)), {instanceOf: MalformedError});
	}
	// sizeofSelect of 255, a TPM2B of 64 KiB, four thousand million banks.
	for (const [at, value] of [
		[107, 'ff'],
		[42, 'ffff'],
		[101, 'ffffffff'],
	] as const) {
		const bytes = Buffer.from(ecc.quote, 'hex');
		bytes.set(hex(value), at);
		t.throws(() => parseQuoteInfo(bytes), {instanceOf: MalformedError});
	}
});

test('CBOR: what is written is read, every other way to write it is refused', t => {
	const value = {v: 1, bytes: Buffer.alloc(300, 7), list: [{a: 0}, {b: 70_000}], text: 'é', yes: true};
	const limits = {bytes: 1000, depth: 4, items: 50};
	const encoded = encodeCbor(value);
	t.deepEqual(decodeCbor(encoded, limits), value);
	const refused = {
		a2616101616102: 'a key twice',
		a161611801: 'a long integer',
		a16161190001: 'a longer integer',
		a16161f90000: 'a float',
		a1616120: 'a negative number',
		a16161c000: 'a tag',
		a16161d81c8101: 'a shared reference',
		'5f4101ff': 'an indefinite string',
		'9fff': 'an indefinite list',
		bf616101ff: 'an indefinite map',
		a1010a: 'a key that is a number',
		a16161f6: 'null',
		a16161f7: 'undefined',
		a16161f818: 'a wide simple value',
		a161611b0000000000000001: 'a 64-bit integer',
		a1616161: 'a text that ends early',
		a1616101ff: 'bytes behind it',
		'8181818101': 'depth',
		a161615affffffff: 'a string of four gigabytes',
		a1695f5f70726f746f5f5fa0: 'a prototype',
		a261620161610260: 'a map with something behind it',
		'': 'nothing',
	};
	for (const [bytes, what] of Object.entries(refused))
		t.throws(() => decodeCbor(hex(bytes), limits), {instanceOf: MalformedError}, what);
	t.throws(() => decodeCbor(encoded, {...limits, bytes: 100}), {message: /at most 100/});
	t.throws(() => decodeCbor(hex(`98ff${'00'.repeat(255)}`), limits), {message: /too many items/});
});

test('JSON: what readers disagree about is refused', t => {
	const limits = {bytes: 1000, depth: 4};
	const read = (json: string | Uint8Array): unknown =>
		parseStrictJson(typeof json === 'string' ? Buffer.from(json) : json, limits);
	t.deepEqual(read(' {"a": [1, -2, 0, true, null, "\\u00e9\\n"], "b": {}} \n'), {a: [1, -2, 0, true, null, 'é\n'], b: {}});
	const hostile = read('{"__proto__": {"admin": true}}');
	t.is(Object.getPrototypeOf(hostile), Object.prototype);
	const refused = [
		'{"a":1,"a":2}',
		'{"a":1,"\\u0061":2}',
		'[1.0]',
		'[1e1]',
		'[01]',
		'[+1]',
		'[1,]',
		'{"a":1,}',
		'{a:1}',
		"['a']",
		'[NaN]',
		'1 2',
		'',
		'[[[[1]]]]',
		'"\t"',
		'"\\x"',
		'{"a"}',
		'[1 2]',
		'/**/1',
		'[',
		'\uFEFF1',
		' '.repeat(1001),
	];
	for (const json of refused) t.throws(() => read(json), {instanceOf: MalformedError}, json);
	t.throws(() => read(Buffer.from([0x22, 0xff, 0x22])), {message: /UTF-8/});
});

test('base64 has one spelling', t => {
	t.deepEqual(Buffer.from(fromBase64('+/8=', 'x')), Buffer.from([0xfb, 0xff]));
	for (const bad of ['-_8=', '+/8', '+/9=', '+/8=\n', ' +/8=', 'A', 'AA=A', '===='])
		t.throws(() => fromBase64(bad, 'x'), {instanceOf: MalformedError}, bad);
});

const zero = '0'.repeat(64);

test('measurements: the v2.9 forms are read, every problem is named', t => {
	const read = parseMeasurements({'15': {expected: zero}, '4': 'AB'.repeat(32), '9': {expected: zero, warnOnly: true}});
	t.deepEqual([...read.keys()], [4, 9, 15]);
	t.deepEqual(formatMeasurements(read), {
		'4': {expected: 'ab'.repeat(32), warnOnly: false},
		'9': {expected: zero, warnOnly: true},
		'15': {expected: zero, warnOnly: false},
	});
	const error = t.throws(
		() =>
			parseMeasurements({
				'24': zero,
				'04': zero,
				x: zero,
				'1': null,
				'2': {expected: Buffer.alloc(32).toString('base64')},
				'3': {expected: zero, warnOnly: 'no'},
				'5': `${zero}00`,
			}),
		{instanceOf: AppError},
	);
	t.deepEqual(error.problems.map(({path}) => path).toSorted(), ['04', '1', '2', '24', '3', '5', 'x']);
	t.throws(() => parseMeasurements([]), {instanceOf: AppError});
	const changed = withMeasurement(read, 9, Buffer.alloc(32, 1));
	t.true(changed.get(9)?.warnOnly);
	t.is(text(read.get(9)?.expected ?? Buffer.alloc(0)), zero);
});

test('a policy that would accept anything cannot be read', t => {
	const key =
		'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEu78QgxOOcao6U91CSzEXxrKhvFTtJHNy+eX6EMePtDm8CnDF9HSwnTlD0itGJ/XHPQA5YX10fJAqI1y+ehlFMw==';
	const good = {
		measurements: {'4': {expected: zero, warnOnly: false}, '15': {expected: zero, warnOnly: false}},
		makerKey: key,
		releaseKey: key,
	};
	t.deepEqual(formatPolicy(parsePolicy('local-vtpm', good)), good);
	const problemsOf = (variant: string, json: unknown): string[] => {
		const error = t.throws(() => parsePolicy(variant, json), {instanceOf: AppError});
		return error.problems.map(({path, message}) => `${path}: ${message}`);
	};
	t.snapshot(problemsOf('local-vtpm', {measurements: {}, makerKey: 'x'}));
	t.snapshot(problemsOf('local-vtpm', {...good, measurements: {'4': zero, '77': zero}}));
	t.snapshot(problemsOf('qemu-vtpm', {measurements: {'4': {expected: zero, warnOnly: true}, '15': zero.slice(1)}}));
	t.snapshot(problemsOf('dummy', good));
	t.snapshot(problemsOf('local-vtpm', null));
});

test('blob signatures are those of cosign', t => {
	const vectors = [
		[
			`{"version":"v1.0.0-test","ref":"-","stream":"stable","list":[{"csp":"Unknown","attestationVariant":"dummy","measurements":{"0":{"expected":"${zero}","warnOnly":false}}}]}`,
			'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEu78QgxOOcao6U91CSzEXxrKhvFTtJHNy+eX6EMePtDm8CnDF9HSwnTlD0itGJ/XHPQA5YX10fJAqI1y+ehlFMw==',
			'MEUCIHuW2420EqN4Kj6OEaVMmufH7d01vyR1J+SWg8H4elyBAiEA1Ki5Hfq0iI70qpViYbrTFrd8e840NjtdAxGqJKiJgbA=',
		],
		[
			'This is some content to be signed!\n',
			'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElWUhon39eAqzEC+/GP03oY4/MQg+gCDlEzkuOCybCHf+q766bve799L7Y5y5oRsHY1MrUCUwYF/tL7Sg7EYMsA==',
			'MEUCIQDzMN3yaiO9sxLGAaSA9YD8rLwzvOaZKWa/bzkcjImUFAIgXLLGzClYUd1dGbuEiY3O/g/eiwQYlyxqLQalxjFmz+8=',
		],
	] as const;
	for (const [content, key, signature] of vectors) {
		const check = (changed: {content?: string; key?: string; signature?: string}): boolean =>
			verifyBlob(
				Buffer.from(changed.content ?? content),
				Buffer.from(changed.signature ?? signature),
				Buffer.from(changed.key ?? key, 'base64'),
			);
		t.true(check({}));
		t.true(check({signature: `${signature}\n`}));
		t.false(check({content: `${content} `}));
		t.false(check({signature: signature.replace('M', 'N')}));
		t.false(check({signature: ''}));
		t.false(check({signature: 'A'.repeat(2000)}));
		t.false(check({key: key.slice(8)}));
	}
});

test('the signed file of an image has the v2.9 shape', t => {
	const measurements = parseMeasurements({'4': zero});
	const bytes = formatImageStatement({version: 'v1.2.3', arguments: ['--x'], measurements});
	t.is(
		Buffer.from(bytes).toString(),
		`{"version":"v1.2.3","ref":"-","stream":"stable","list":[{"csp":"Local","attestationVariant":"local-vtpm","measurements":{"4":{"expected":"${zero}","warnOnly":false}}}],"arguments":["--x"]}`,
	);
	t.deepEqual(parseImageStatement(bytes), {version: 'v1.2.3', arguments: ['--x'], measurements});
	const changed = (from: string, to: string): Uint8Array => Buffer.from(Buffer.from(bytes).toString().replace(from, to));
	for (const [from, to] of [
		['v1.2.3', '../x'],
		['"-"', '"main"'],
		['stable', 'nightly'],
		['Local', 'QEMU'],
		['local-vtpm', 'dummy'],
		['["--x"]', '"--x"'],
		['"4"', '"44"'],
	] as const)
		t.throws(() => parseImageStatement(changed(from, to)), undefined, to);
});
