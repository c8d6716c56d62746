import {createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, webcrypto} from 'node:crypto';
import {mkdtempSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {MalformedError} from '../../src/attestation/bytes.ts';
import {encodeCbor} from '../../src/attestation/cbor.ts';
import {formatPolicy, type LocalPolicy} from '../../src/attestation/policy.ts';
import {formatImageStatement} from '../../src/attestation/signed-measurements.ts';
import {AppError} from '../../src/errors.ts';
import type {Event} from '../../src/events.ts';
import {listReceipts, openReceiptFile, verifyReceiptFile} from '../../src/flows/receipt-check.ts';
import {expectationsOf, writeReceipt} from '../../src/flows/receipts.ts';
import type {Image} from '../../src/releases/image.ts';
import {encodeCanonical} from '../../src/trust/receipt/canonical.ts';
import {checkReceipt, unchangedSentence} from '../../src/trust/receipt/check.ts';
import {keyIdOf, signMessage} from '../../src/trust/receipt/cose.ts';
import {checkRows, receiptJson, receiptLines} from '../../src/trust/receipt/describe.ts';
import {openReceipt, type ReceiptFacts, sealReceipt} from '../../src/trust/receipt/receipt.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {ensureReceiptKey} from '../../src/workspace/receipts.ts';
import {answerBytes, leafOf, newLog} from '../helpers/forge-log.ts';
import {golden} from '../helpers/golden.ts';

const newKey = (): KeyObject => generateKeyPairSync('ec', {namedCurve: 'P-256'}).privateKey;
const spkiOf = (key: KeyObject) => new Uint8Array(createPublicKey(key).export({format: 'der', type: 'spki'}));
const [key, release] = [newKey(), newKey()];
const value = (fill: number) => ({expected: new Uint8Array(32).fill(fill), warnOnly: false});
const measurements = new Map([
	[4, value(4)],
	[9, value(9)],
	[15, value(0)],
]);
const policy: LocalPolicy = {variant: 'local-vtpm', measurements, makerKey: spkiOf(release), releaseKey: spkiOf(release)};
const signedFile = formatImageStatement({version: 'v0.1.0', arguments: [], measurements});

const facts: ReceiptFacts = {
	what: 'apply',
	outcome: 'accepted',
	time: '2026-11-22T18:30:00.000Z',
	tool: '0.1.0',
	cluster: {id: new Uint8Array(32).fill(7), name: 'demo', uid: '0a1b2c3d'},
	config: new Uint8Array(32).fill(8),
	policy: {variant: 'local-vtpm', attestationConfig: JSON.stringify(formatPolicy(policy)), generation: 1},
	measurements: {
		source: 'image v0.1.0 on this machine, computed from its files',
		file: signedFile,
		signature: signBlob(signedFile, release),
		key: spkiOf(release),
	},
	nodes: [
		{
			name: 'control-plane-0',
			role: 'control-plane',
			attestationKey: 'ab'.repeat(32),
			image: 'v0.1.0',
			judgedBy: 'this-tool',
			findings: [],
		},
		{
			name: 'worker-0',
			role: 'worker',
			attestationKey: 'cd'.repeat(32),
			judgedBy: 'join-service',
			findings: [
				{
					code: 'register-mismatch',
					severity: 'warn',
					message: 'Register 1 has another value.',
					register: 1,
					expected: '00',
					actual: '01',
				},
			],
		},
	],
	exceptions: ['worker-0: Register 1 has another value.'],
};
const receipt = sealReceipt(facts, key);

test('what was sealed is read back, and is a COSE_Sign1 message that others can check', async t => {
	const {receipt: read, signedBy} = openReceipt(receipt);
	t.is(read.nodes.length, 2);
	t.is(read.cluster.name, 'demo');
	t.deepEqual(Buffer.from(signedBy), Buffer.from(spkiOf(key)));
	// RFC 9052 by hand: tag 18, array of four, then the parts as byte strings.
	t.deepEqual([...receipt.subarray(0, 2)], [0xd2, 0x84]);
	const bstr = (at: number): {start: number; end: number} => {
		const first = receipt[at] ?? 0;
		const size = first - 0x40;
		if (size < 24) return {start: at + 1, end: at + 1 + size};
		if (size === 24) return {start: at + 2, end: at + 2 + (receipt[at + 1] ?? 0)};
		return {start: at + 3, end: at + 3 + Buffer.from(receipt).readUInt16BE(at + 1)};
	};
	const header = bstr(2);
	t.is(receipt[header.end], 0xa0);
	const payload = bstr(header.end + 1);
	const signature = bstr(payload.end);
	t.is(signature.end, receipt.length);
	t.is(signature.end - signature.start, 64);
	const [protectedBytes, payloadBytes] = [receipt.subarray(2, header.end), receipt.subarray(header.end + 1, payload.end)];
	const toBeSigned = Buffer.concat([
		Buffer.from([0x84, 0x6a]),
		Buffer.from('Signature1'),
		protectedBytes,
		Buffer.from([0x40]),
		payloadBytes,
	]);
	const algorithm = {name: 'ECDSA', namedCurve: 'P-256'};
	const publicKey = await webcrypto.subtle.importKey('spki', spkiOf(key), algorithm, false, ['verify']);
	const bytes = new Uint8Array(receipt.subarray(signature.start, signature.end));
	t.true(await webcrypto.subtle.verify({name: 'ECDSA', hash: 'SHA-256'}, publicKey, bytes, toBeSigned));
	const text = Buffer.from(receipt.subarray(header.start, header.end));
	t.is(text.subarray(0, 4).toString('hex'), 'a3012603', 'algorithm ES256, then the content type');
	t.deepEqual(text.subarray(-32), Buffer.from(keyIdOf(spkiOf(key))));
});

test('any flipped byte, any missing byte and any byte more fails', t => {
	for (let at = 0; at < receipt.length; at++) {
		const changed = Buffer.from(receipt);
		changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
		t.throws(() => openReceipt(changed), {instanceOf: MalformedError}, `byte ${at}`);
		t.throws(() => openReceipt(receipt.subarray(0, at)), {instanceOf: MalformedError}, `${at} bytes`);
	}
	// More of every byte that is structure rather than content.
	const structure = [
		...Array.from({length: 120}, (_, at) => at),
		...Array.from({length: 70}, (_, at) => receipt.length - 70 + at),
	];
	for (const at of structure) {
		for (const xor of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
			const changed = Buffer.from(receipt);
			changed[at] = (changed[at] ?? 0) ^ xor;
			t.throws(() => openReceipt(changed), {instanceOf: MalformedError}, `byte ${at} ^ ${xor}`);
		}
	}
	for (const more of [[0], [0xa0], [...receipt]])
		t.throws(() => openReceipt(Buffer.concat([receipt, Buffer.from(more)])), {instanceOf: MalformedError});
	t.throws(() => openReceipt(new Uint8Array(2 * 1024 * 1024)), {message: /at most/});
	t.throws(() => openReceipt(receipt.subarray(1)), {message: /COSE_Sign1/}, 'the tag is part of it');
});

const payloadOf = (change: object): Record<string, unknown> => ({...facts, v: 1, publicKey: spkiOf(key), ...change});
const forged: [string, Uint8Array, RegExp][] = [
	['an unknown field', signMessage(encodeCanonical(payloadOf({more: 1})), key), /fields/],
	['a missing field', signMessage(encodeCanonical(payloadOf({nodes: undefined})), key), /fields/],
	['a field of another type', signMessage(encodeCanonical(payloadOf({time: 1})), key), /fields/],
	['a later version', signMessage(encodeCanonical(payloadOf({v: 2})), key), /newer/],
	['keys out of order', signMessage(encodeCbor(payloadOf({})), key), /order/],
	['bytes behind the payload', signMessage(Buffer.concat([encodeCanonical(payloadOf({})), Buffer.from([0])]), key), /CBOR/],
	['another key than the one inside', signMessage(encodeCanonical(payloadOf({publicKey: spkiOf(release)})), key), /changed/],
	['no key', signMessage(encodeCanonical(payloadOf({publicKey: new Uint8Array(91)})), key), /changed/],
	[
		'a claim by another key',
		withHeader(receipt, header => Buffer.concat([header.subarray(0, -32), Buffer.alloc(32)])),
		/changed/,
	],
	['an algorithm of the same length, signed', signedWith(header => header.with(2, 0x25)), /algorithm/],
	[
		'a key that is named as another',
		signedWith(header => Buffer.concat([header.subarray(0, -32), keyIdOf(spkiOf(release))])),
		/changed/,
	],
	[
		'another algorithm',
		withHeader(receipt, header => Buffer.concat([header.subarray(0, 2), Buffer.from([0x38, 0x22]), header.subarray(3)])),
		/algorithm/,
	],
	['an unprotected header', withUnprotected(receipt), /unprotected/],
];
for (const [name, file, pattern] of forged) {
	test(`refused: ${name}`, t => {
		t.throws(() => openReceipt(file), {instanceOf: MalformedError, message: pattern});
	});
}

/** The receipt with another protected header of at most 255 bytes. */
function withHeader(file: Uint8Array, change: (header: Buffer) => Uint8Array): Uint8Array {
	const size = file[3] ?? 0;
	const header = change(Buffer.from(file.subarray(4, 4 + size)));
	return Buffer.concat([file.subarray(0, 3), Buffer.from([header.length]), header, file.subarray(4 + size)]);
}

/** A message with another protected header, which its key signed all the same. */
function signedWith(change: (header: Uint8Array) => Uint8Array): Uint8Array {
	const payload = encodeCanonical(payloadOf({}));
	const header = change(new Uint8Array(receipt.subarray(4, 4 + (receipt[3] ?? 0))));
	const signature = sign('sha256', encodeCbor(['Signature1', header, new Uint8Array(), payload]), {
		key,
		dsaEncoding: 'ieee-p1363',
	});
	return Buffer.concat([receipt.subarray(0, 1), encodeCbor([header, {}, payload, signature])]);
}

function withUnprotected(file: Uint8Array): Uint8Array {
	const at = 4 + (file[3] ?? 0);
	return Buffer.concat([file.subarray(0, at), encodeCbor({a: 1}), file.subarray(at + 1)]);
}

const verdictsOf = (file: Uint8Array, wanted?: Uint8Array) =>
	Object.fromEntries(checkReceipt(file, wanted).checks.map(({check, verdict}) => [check, verdict]));
const good = {signature: 'ok', key: 'not-checked', measurements: 'ok', log: 'not-checked', policy: 'ok', outcome: 'ok'};

test('what a receipt brings along is checked again; whose key it is, only against one that was kept', t => {
	t.deepEqual(verdictsOf(receipt), good);
	t.is(checkReceipt(receipt).checks[0]?.detail, 'Unchanged since signed by this workspace’s key.');
	t.is(unchangedSentence, 'Unchanged since signed by this workspace’s key.');
	t.is(verdictsOf(receipt, keyIdOf(spkiOf(key)))['key'], 'ok');
	t.is(verdictsOf(receipt, keyIdOf(spkiOf(release)))['key'], 'failed');
	const other = new Map(measurements).set(9, value(1));
	const otherFile = formatImageStatement({version: 'v0.1.0', arguments: [], measurements: other});
	const weak = {...policy, measurements: new Map(measurements).set(9, {...value(9), warnOnly: true})};
	const refusal = [{code: 'quote-bank', severity: 'refuse' as const, message: 'No.'}];
	const [node] = facts.nodes;
	const log = newLog();
	const posing = newLog('rekor.sigstore.dev');
	const {measurements: own} = facts;
	const logged = (file: Uint8Array, signature: Uint8Array, key: Uint8Array, by = log) => {
		const publicKey = createPublicKey(release).export({format: 'pem', type: 'spki'});
		const entry = answerBytes(by.answer(by.partsOf(leafOf({content: file, signature, publicKey}))));
		return {measurements: {...own, log: {name: by.log.name, key, entry}}};
	};
	const sig = own.signature ?? new Uint8Array();
	const cases: [string, Partial<ReceiptFacts>, Record<string, string>][] = [
		['no signed file', {measurements: {source: 'somewhere'}}, {measurements: 'not-checked'}],
		['a proof of the log', logged(signedFile, sig, log.log.key), {log: 'ok'}],
		['a proof by another log', logged(signedFile, sig, newLog().log.key), {log: 'failed'}],
		['a proof for another file', logged(otherFile, sig, log.log.key), {log: 'failed'}],
		['a proof in the name of the public log', logged(signedFile, sig, posing.log.key, posing), {log: 'failed'}],
		[
			'a file that was changed',
			{measurements: {...facts.measurements, file: otherFile}},
			{measurements: 'failed', policy: 'failed'},
		],
		[
			'a file that says something else',
			{measurements: {...facts.measurements, file: otherFile, signature: signBlob(otherFile, release)}},
			{policy: 'failed'},
		],
		[
			'a policy that only warns',
			{policy: {...facts.policy, attestationConfig: JSON.stringify(formatPolicy(weak))}},
			{policy: 'failed'},
		],
		['a policy that is none', {policy: {...facts.policy, attestationConfig: '{'}}, {policy: 'failed'}],
		['a policy without measurements', {policy: {...facts.policy, attestationConfig: '{}'}}, {policy: 'failed'}],
		['accepted with a refusal', {nodes: node ? [{...node, findings: refusal}] : []}, {outcome: 'failed'}],
		['refused without one', {outcome: 'refused'}, {outcome: 'failed'}],
	];
	for (const [name, change, differs] of cases)
		t.deepEqual(verdictsOf(sealReceipt({...facts, ...change}, key)), {...good, ...differs}, name);
	t.throws(() => sealReceipt({...facts, tool: 'x'.repeat(1000)}, key), {instanceOf: Error}, 'what does not fit is never signed');
});

test('the receipt for people', t => {
	const checked = checkReceipt(receipt);
	const checks = checkRows(checked).map(([lead, words]) => lead + words);
	golden(t, 'receipt/show.txt', [...receiptLines(checked.receipt), '', ...checks, ''].join('\n'));
	const json = receiptJson(checked.receipt);
	t.notThrows(() => JSON.stringify(json));
	t.like(json, {what: 'apply', v: 1, config: '08'.repeat(32)});
});

test('a run leaves a receipt in its workspace: a key of its own, no secret, never over another file', async t => {
	const workspace = workspaceAt(mkdtempSync(path.join(tmpdir(), 'receipt-')));
	const canary = 'Y2FuYXJ5LWNhbmFyeS1jYW5hcnk=';
	writeFileSync(workspace.path('masterSecret'), JSON.stringify({key: canary, salt: canary}));
	writeFileSync(workspace.path('config'), 'name: demo\n');
	const image: Image = {
		version: 'v0.1.0',
		folder: '/nowhere',
		manifest: {
			version: 'v0.1.0',
			created: '',
			launcher: 'machine.mjs',
			bundle: 'node.mjs',
			runtime: 'node',
			arguments: [],
			source: '',
		},
		measurements: signedFile,
		signature: signBlob(signedFile, release),
		releaseKey: spkiOf(release),
		registers: measurements,
	};
	const run = {
		what: 'scale',
		outcome: 'accepted',
		cluster: facts.cluster,
		expectations: expectationsOf(policy, image),
		nodes: facts.nodes,
	} as const;
	const files: string[] = [];
	for (let round = 0; round < 2; round++) {
		const flow = writeReceipt({workspace, now: () => Date.parse(facts.time)}, {...run, consents: ['new measurements']});
		for (let next = await flow.next(); ; next = await flow.next()) {
			if (next.done === true) {
				if (next.value !== undefined) files.push(next.value);
				break;
			}
		}
	}
	t.deepEqual(files, [
		'constellation-receipts/2026-11-22T18-30-00Z-scale.cbor',
		'constellation-receipts/2026-11-22T18-30-00Z-scale-2.cbor',
	]);
	const pem = readFileSync(workspace.path('receiptKey'), 'utf8');
	const [first = ''] = files.map(name => path.join(workspace.folder, name));
	for (const name of [first, workspace.path('receiptKey')]) t.is(statSync(name).mode & 0o777, 0o600, name);
	const bytes = readFileSync(first);
	const scalar = Buffer.from((await ensureReceiptKey(workspace)).export({format: 'jwk'}).d ?? '', 'base64url');
	for (const secret of [Buffer.from(canary), Buffer.from(canary, 'base64'), scalar]) t.is(bytes.indexOf(secret), -1);
	const {receipt: read} = openReceipt(bytes);
	t.true(read.exceptions.includes('new measurements'));
	t.is(Buffer.from(read.config ?? []).toString('hex'), createHash('sha256').update('name: demo\n').digest('hex'));
	t.is(createPublicKey(pem).export({format: 'der', type: 'spki'}).compare(read.publicKey), 0, 'one key for all receipts');

	const fingerprint = `SHA256:${Buffer.from(keyIdOf(read.publicKey)).toString('hex')}`;
	const pemFile = path.join(workspace.folder, 'public.pem');
	writeFileSync(pemFile, createPublicKey(pem).export({format: 'pem', type: 'spki'}));
	for (const named of [undefined, fingerprint, pemFile]) t.is((await verifyReceiptFile(first, named)).fingerprint, fingerprint);
	const codes = async (work: Promise<unknown>) => (await t.throwsAsync(work, {instanceOf: AppError})).code;
	t.is(await codes(verifyReceiptFile(first, `SHA256:${'00'.repeat(32)}`)), 'receipt-contradicts');
	t.is(await codes(verifyReceiptFile(first, 'nonsense')), 'usage');
	t.is(await codes(verifyReceiptFile(path.join(workspace.folder, 'none'))), 'receipt-missing');
	writeFileSync(first, Buffer.concat([bytes, Buffer.from([0])]));
	t.is(await codes(openReceiptFile(first)), 'receipt-changed');
	const listed = await listReceipts(workspace.folder);
	t.deepEqual(
		listed.map(({checked, problem}) => [checked?.receipt.what, problem === undefined]),
		[
			['scale', true],
			[undefined, false],
		],
	);
	t.deepEqual(await listReceipts(mkdtempSync(path.join(tmpdir(), 'none-'))), []);

	writeFileSync(workspace.path('receiptKey'), 'not a key');
	const events: Event[] = [];
	for await (const event of writeReceipt({workspace, now: () => 1}, run)) events.push(event);
	t.like(events, [{type: 'warning', code: 'receipt-not-written'}], 'a receipt that cannot be written stops nothing, and is said');
});
