import {createHash, generateKeyPairSync} from 'node:crypto';
import test from 'ava';
import {AttestationRefused, type FindingCode} from '../../src/attestation/findings.ts';
import type {Measurements} from '../../src/attestation/measurements.ts';
import {algorithms, attributes} from '../../src/attestation/tpm/constants.ts';
import {allRegisters, parseSignature} from '../../src/attestation/tpm/structures.ts';
import {validatorOf} from '../../src/attestation/variant.ts';
import {decodeEvidence, encodeEvidence, type LocalEvidence} from '../../src/attestation/variants/local/evidence.ts';
import {akCertifier} from '../../src/machine/tpm/certify.ts';
import {forge, type Knobs, machine, maker, nonce, publicAreaOf, registers, userData} from '../helpers/forge.ts';
import {newMaker} from '../helpers/local-machine.ts';

const measurements: Measurements = new Map(
	[4, 9, 11, 12, 15].map(index => [index, {expected: registers[index] ?? new Uint8Array(), warnOnly: false}]),
);

function codesOf(
	document: Uint8Array,
	options: {nonce?: Uint8Array; userData?: Uint8Array; measurements?: Measurements; now?: number} = {},
): FindingCode[] {
	const policy = {
		variant: 'local-vtpm',
		measurements: options.measurements ?? measurements,
		makerKey: maker.publicKey,
		releaseKey: maker.publicKey,
	} as const;
	const validator = validatorOf(policy, {now: () => options.now ?? Date.now()});
	try {
		validator.validate(document, options.nonce ?? nonce, options.userData ?? userData);
		return [];
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings.map(({code}) => code);
		throw error;
	}
}

const otherKey = generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey;
const smallKey = generateKeyPairSync('rsa', {modulusLength: 1024}).privateKey;
const p384Key = generateKeyPairSync('ec', {namedCurve: 'secp384r1'}).privateKey;
const withTrailing = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, Buffer.from([0])]);
const withoutAttribute =
	(bit: number): NonNullable<Knobs['area']> =>
	area => ({...area, attributes: area.attributes & ~bit});
const flipped =
	(at: number) =>
	(bytes: Uint8Array): Uint8Array =>
		Buffer.from(bytes).fill((bytes.at(at) ?? 0) ^ 1, at < 0 ? bytes.length + at : at, (at < 0 ? bytes.length + at : at) + 1);
const changedRegister = (register: number): readonly Uint8Array[] =>
	registers.map((value, index) => (index === register ? flipped(0)(value) : value));
/** The same bytes, cut elsewhere: the digest over them stays the same. */
const resplit = registers.map((value, index) =>
	index === 3 ? value.subarray(0, 31) : index === 4 ? Buffer.concat([registers[3]?.subarray(31) ?? value, value]) : value,
);

/** Its digest is quoted, so only its length tells. */
const short = registers.map((value, index) => (index === 20 ? value.subarray(1) : value));
const shortRegister: Knobs = {
	pcrs: short,
	info: info => ({...info, pcrDigest: createHash('sha256').update(Buffer.concat(short)).digest()}),
};

const forgeries: readonly (readonly [name: string, knobs: Knobs, codes: readonly FindingCode[]])[] = [
	['a register value that is not the quoted one', {pcrs: changedRegister(4)}, ['quote-digest', 'register-mismatch']],
	['an unexpected register that is not the quoted one', {pcrs: changedRegister(23)}, ['quote-digest']],
	['registers cut elsewhere', {pcrs: resplit}, ['document-malformed']],
	['a register of 31 bytes', shortRegister, ['document-malformed']],
	['23 registers', {pcrs: registers.slice(0, 23)}, ['registers-malformed', 'quote-digest']],
	[
		'another bank',
		{info: info => ({...info, selections: [{hash: algorithms.sha384, registers: allRegisters}]})},
		['quote-selection'],
	],
	[
		'two banks',
		{info: info => ({...info, selections: [...info.selections, {hash: algorithms.sha384, registers: [4]}]})},
		['quote-selection'],
	],
	['no bank', {info: info => ({...info, selections: []})}, ['quote-selection']],
	[
		'a register left out of the selection',
		{info: info => ({...info, selections: [{hash: algorithms.sha256, registers: allRegisters.slice(0, 23)}]})},
		['quote-selection'],
	],
	['another magic', {attestBytes: flipped(0)}, ['quote-magic']],
	['a time stamp instead of a quote', {attestBytes: flipped(5)}, ['quote-type']],
	['another challenge', {info: info => ({...info, extraData: Buffer.alloc(32)})}, ['quote-challenge']],
	[
		'a challenge with zeros behind it',
		{info: info => ({...info, extraData: Buffer.concat([info.extraData, Buffer.alloc(8)])})},
		['quote-challenge'],
	],
	['no challenge', {info: info => ({...info, extraData: new Uint8Array()})}, ['quote-challenge']],
	['a byte after the quote', {attestBytes: withTrailing}, ['quote-malformed']],
	['a quote that ends early', {attestBytes: bytes => bytes.subarray(0, -1)}, ['quote-malformed']],
	['a quote changed after signing', {attestAfter: flipped(80)}, ['signature-invalid']],
	[
		'a signature with one other bit',
		{signature: signature => ({...signature, value: flipped(-1)(signature.value)})},
		['signature-invalid'],
	],
	['a signature of another key', {signer: otherKey}, ['signature-invalid']],
	[
		'a signature over SHA-384',
		{hash: 'sha384', signature: signature => ({...signature, hash: algorithms.sha384})},
		['signature-scheme'],
	],
	['a signature that claims SHA-1', {signature: signature => ({...signature, hash: algorithms.sha1})}, ['signature-scheme']],
	['RSAPSS', {signature: signature => ({...signature, scheme: algorithms.rsapss})}, ['signature-scheme']],
	['no signature scheme', {signatureBytes: () => Buffer.from([0, 0x10])}, ['signature-malformed']],
	['a byte after the signature', {signatureBytes: withTrailing}, ['signature-malformed']],
	['a key that is not restricted', {area: withoutAttribute(attributes.restricted)}, ['key-template', 'key-attributes']],
	['a key that does not sign', {area: withoutAttribute(attributes.sign)}, ['key-template', 'key-attributes']],
	['a key that may leave the TPM', {area: withoutAttribute(attributes.fixedTpm)}, ['key-template', 'key-attributes']],
	['a key that came from outside', {area: withoutAttribute(attributes.sensitiveDataOrigin)}, ['key-template', 'key-attributes']],
	[
		'a key that also decrypts',
		{area: area => ({...area, attributes: area.attributes | attributes.decrypt})},
		['key-template', 'key-attributes'],
	],
	['a key named with SHA-1', {area: area => ({...area, nameAlgorithm: algorithms.sha1})}, ['key-template', 'key-attributes']],
	[
		'a key with a scheme of its own',
		{area: area => ({...area, scheme: {algorithm: algorithms.rsapss, hash: algorithms.sha256}})},
		['key-template', 'signature-scheme'],
	],
	['a further attribute', {area: area => ({...area, attributes: area.attributes | 0x400})}, ['key-template']],
	['an authorization policy', {area: area => ({...area, authPolicy: Buffer.alloc(32)})}, ['key-template']],
	['no scheme in the key', {area: area => withoutKey(area, 'scheme')}, ['key-template']],
	['another way to write the exponent', {areaBytes: writeExponent}, ['key-template']],
	['a byte after the key', {areaBytes: withTrailing}, ['key-malformed', 'key-certificate-mismatch']],
	['a key of 1024 bits', {area: () => publicAreaOf(smallKey)}, ['key-malformed', 'key-certificate-mismatch']],
	[
		'a key with exponent 3',
		{area: area => ({...area, key: {...area.key, exponent: 3}})},
		['key-malformed', 'key-certificate-mismatch'],
	],
	['a key on P-384', {key: 'ecc', area: () => publicAreaOf(p384Key)}, ['key-malformed', 'key-certificate-mismatch']],
	[
		'a point off the curve',
		{key: 'ecc', area: area => ({...area, key: {type: 'ecc', curve: 3, x: Buffer.alloc(32, 1), y: Buffer.alloc(32, 1)}})},
		['key-malformed', 'key-certificate-mismatch'],
	],
	['another key than the certified one', {area: () => publicAreaOf(otherKey), signer: otherKey}, ['key-certificate-mismatch']],
	['no certificate', {evidence: evidence => withoutKey(evidence, 'akCertificate')}, ['key-certificate-missing']],
	[
		'a certificate of another maker',
		{evidence: async evidence => certifiedBy(newMaker(), evidence)},
		['key-certificate-untrusted'],
	],
	['a certificate with one other bit', {evidence: changedCertificate(flipped(-1))}, ['key-certificate-untrusted']],
	['a byte after the certificate', {evidence: changedCertificate(withTrailing)}, ['key-certificate-malformed']],
	['no X.509 at all', {evidence: changedCertificate(() => Buffer.from('x'))}, ['key-certificate-malformed']],
	[
		'a machine name with a space',
		{evidence: async evidence => certifiedBy(maker, evidence, {name: 'a b'})},
		['key-certificate-malformed'],
	],
	[
		'a name that smuggles a role',
		{evidence: async evidence => certifiedBy(maker, evidence, {name: 'a\nOU=control-plane'})},
		['key-certificate-malformed'],
	],
	[
		'a disk that is no UUID',
		{evidence: async evidence => certifiedBy(maker, evidence, {diskUuid: '../../x'})},
		['key-certificate-malformed'],
	],
	[
		'user data of another request',
		{evidence: evidence => ({...evidence, userData: Buffer.alloc(32)})},
		['user-data-mismatch', 'quote-challenge'],
	],
	[
		'an event log that leads elsewhere',
		{evidence: evidence => ({...evidence, events: [{register: 4, digest: Buffer.alloc(32), description: 'x'}]})},
		['event-log-mismatch'],
	],
];

function withoutKey<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
	const copy = {...value};
	Reflect.deleteProperty(copy, key);
	return copy;
}

/** 65537 as a number instead of the 0 that stands for it. */
function writeExponent(bytes: Uint8Array): Uint8Array {
	const copy = Buffer.from(bytes);
	copy.writeUInt32BE(65_537, 18);
	return copy;
}

async function certifiedBy(
	by: typeof maker,
	evidence: LocalEvidence,
	identity: {name?: string; diskUuid?: string} = {},
): Promise<LocalEvidence> {
	return {...evidence, akCertificate: await akCertifier(by, {...machine, ...identity})(evidence.akPublic)};
}

function changedCertificate(change: (bytes: Uint8Array) => Uint8Array): NonNullable<Knobs['evidence']> {
	return evidence => ({...evidence, akCertificate: change(evidence.akCertificate ?? new Uint8Array())});
}

for (const [name, knobs, codes] of forgeries) {
	test(`refused: ${name}`, async t => {
		t.deepEqual(codesOf(await forge(knobs)), codes);
	});
}

test('what the forgeries start from is accepted, with an RSA and with an ECC key', async t => {
	t.deepEqual(codesOf(await forge()), []);
	t.deepEqual(codesOf(await forge({key: 'ecc'})), []);
});

test('ECDSA numbers with leading zeros cut off are accepted', async t => {
	for (let tries = 0; tries < 2000; tries++) {
		const document = await forge({key: 'ecc', info: info => ({...info, clock: BigInt(tries)})});
		const evidence = decodeEvidence(document);
		const {value} = parseSignature(evidence.signature);
		if (value[0] !== 0) continue;
		const [r, s] = [value.subarray(1, 32), value.subarray(32)];
		const signature = Buffer.concat([Buffer.from('0018000b001f', 'hex'), r, Buffer.from('0020', 'hex'), s]);
		t.deepEqual(codesOf(encodeEvidence({...evidence, signature})), []);
		return;
	}
	t.fail('no short number came up');
});

test('the verifier’s own input counts: nonce, user data, clock, policy', async t => {
	const document = await forge();
	t.deepEqual(codesOf(document, {nonce: Buffer.alloc(32)}), ['quote-challenge']);
	t.deepEqual(codesOf(document, {nonce: nonce.subarray(1)}), ['nonce-length', 'quote-challenge']);
	t.deepEqual(codesOf(document, {nonce: new Uint8Array()}), ['nonce-length', 'quote-challenge']);
	t.deepEqual(codesOf(document, {userData: Buffer.alloc(32)}), ['user-data-mismatch']);
	// A longer user data and a shorter nonce with the same bytes in a row are another request.
	t.deepEqual(codesOf(document, {userData: Buffer.concat([userData, nonce.subarray(0, 1)]), nonce: nonce.subarray(1)}), [
		'nonce-length',
		'user-data-mismatch',
		'quote-challenge',
	]);
	t.deepEqual(codesOf(document, {now: Date.now() - 86_400_000}), ['key-certificate-expired']);
	t.deepEqual(codesOf(document, {now: Date.now() + 20 * 365 * 86_400_000}), ['key-certificate-expired']);
	t.deepEqual(codesOf(document, {measurements: new Map()}), ['policy-empty', 'policy-register-missing']);
	const [entry] = measurements;
	t.deepEqual(codesOf(document, {measurements: new Map(entry ? [entry] : [])}), ['policy-register-missing']);
	const warning = new Map([...measurements].map(([index, value]) => [index, {...value, warnOnly: true}]));
	t.deepEqual(codesOf(document, {measurements: warning}), ['policy-empty', 'policy-register-missing']);
});

test('every register of the policy that differs is reported, warnings do not refuse', t => {
	const wrong = new Map([...measurements].map(([index, value]) => [index, {...value, expected: new Uint8Array(32)}]));
	const policy = {variant: 'local-vtpm', measurements: wrong, makerKey: maker.publicKey, releaseKey: maker.publicKey} as const;
	return forge().then(document => {
		const error = t.throws(() => validatorOf(policy).validate(document, nonce, userData), {instanceOf: AttestationRefused});
		t.deepEqual(
			error.findings.map(({code, register, expected, actual}) => ({code, register, expected, actual})),
			[...wrong.keys()].map(register => ({
				code: 'register-mismatch' as const,
				register,
				expected: '0'.repeat(64),
				actual: Buffer.from(registers[register] ?? []).toString('hex'),
			})),
		);
		const soft = new Map([...measurements, [9, {expected: new Uint8Array(32), warnOnly: true}] as const]);
		const attested = validatorOf({...policy, measurements: soft}).validate(document, nonce, userData);
		t.deepEqual(
			attested.findings.map(({register, severity}) => ({register, severity})),
			[{register: 9, severity: 'warn'}],
		);
		t.deepEqual(attested.machine, machine);
	});
});

test('random changes of a document are refused and never crash', async t => {
	const document = await forge({
		evidence: evidence => ({...evidence, events: [{register: 3, digest: Buffer.alloc(32), description: 'x'}]}),
	});
	const honest = await forge();
	t.notDeepEqual(codesOf(document), []);
	// A small generator with a fixed start, so that a failure comes again.
	let state = 0x9e37_79b9;
	const random = (below: number): number => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
	for (let round = 0; round < 3000; round++) {
		const bytes = Buffer.from(honest);
		const kind = random(4);
		const at = random(bytes.length);
		if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
		else if (kind === 1) bytes[at] = random(256) ^ (bytes[at] === 0 ? 1 : 0);
		const changed =
			kind === 2
				? bytes.subarray(0, at)
				: kind === 3
					? Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)])
					: bytes;
		if (changed.equals(honest)) continue;
		if (codesOf(changed).length === 0) return t.fail(`accepted after a change at ${at} (kind ${kind})`);
	}
	t.pass();
});
