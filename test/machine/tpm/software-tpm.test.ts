import {createHash, createPublicKey, verify, X509Certificate} from 'node:crypto';
import test from 'ava';
import {join, MalformedError, readerOf, sized, toHex, u16, u32} from '../../../src/attestation/bytes.ts';
import {buildCommand, openTpm, TpmError} from '../../../src/attestation/tpm/commands.ts';
import {commandCodes, handles, responseCodes} from '../../../src/attestation/tpm/constants.ts';
import {logMatches, parseEventLog} from '../../../src/attestation/tpm/event-log.ts';
import {parsePublicArea, publicKeyOf} from '../../../src/attestation/tpm/public-area.ts';
import {allRegisters, parseQuoteInfo, parseSignature, writePcrSelections} from '../../../src/attestation/tpm/structures.ts';
import {issuerOf} from '../../../src/attestation/variant.ts';
import {decodeEvidence} from '../../../src/attestation/variants/local/evidence.ts';
import {digestsOf} from '../../../src/machine/tpm/banks.ts';
import {akCertifier} from '../../../src/machine/tpm/certify.ts';
import {createSoftwareTpm, type SoftwareTpm} from '../../../src/machine/tpm/software-tpm.ts';
import {Secret} from '../../../src/secret.ts';
import {directChannel, newMachine, newMaker} from '../../helpers/local-machine.ts';

const maker = newMaker();
const compact = (text: string): string => text.replaceAll(' ', '');
const hex = (text: string): Uint8Array => Buffer.from(compact(text), 'hex');

/** The code of an answer, and what follows it. */
async function ask(software: SoftwareTpm, command: Uint8Array): Promise<{code: number; rest: Uint8Array}> {
	const reader = readerOf(await software.handle(command));
	reader.take(6, 'header');
	return {code: reader.u32('code'), rest: reader.take(reader.remaining(), 'rest')};
}

test('commands have the bytes of the TPM 2.0 specification', async t => {
	const {software} = newMachine(maker);
	const sent: string[] = [];
	const tpm = openTpm({
		async send(command) {
			sent.push(toHex(command));
			return software.handle(command);
		},
		close: () => undefined,
	});
	await tpm.extend(15, hex('0102'));
	// TPM_ST_SESSIONS, size, TPM_CC_PCR_Event, register, empty password session, TPM2B_EVENT.
	t.is(sent.at(-1), compact('8002 0000001f 0000013c 0000000f 00000009 40000009 0000 00 0000 0002 0102'));
	await tpm.readPcrs();
	t.is(sent.at(-3), compact('8001 00000014 0000017e 00000001 000b 03 ff0000'));
	t.is(sent.at(-1), compact('8001 00000014 0000017e 00000001 000b 03 0000ff'));
	await tpm.attestationKey();
	t.true(sent.includes(compact('8001 0000000e 00000173 81008f01')));
	await tpm.quote(Buffer.alloc(32, 0xaa));
	const quote = `8002 00000049 00000158 81008f01 00000009 40000009 0000 00 0000 0020 ${'aa'.repeat(32)} 0010 00000001 000b 03 ffffff`;
	t.true(sent.includes(compact(quote)));
});

test('registers start, extend and read back in both banks as a TPM has them', async t => {
	const {software, tpm} = newMachine(maker);
	const before = await tpm.readPcrs();
	t.is(before.length, 24);
	for (const [index, value] of before.entries()) t.is(toHex(value), (index >= 17 && index <= 22 ? 'ff' : '00').repeat(32));
	const id = hex('128c164378fe8767f998fbdfe4b4d6463ec5ae1b664ea5999bc27417607ae9b6');
	await tpm.extend(15, id);
	t.is(toHex((await tpm.readPcrs())[15] ?? new Uint8Array()), '23400370357e846478cce7cc0c76cdfe4da077cc57b36dee0f665ede2c8b3f2f');
	const sha384 = await ask(
		software,
		buildCommand(commandCodes.pcrRead, 'none', new Uint8Array(), writePcrSelections([{hash: 0x0c, registers: [15]}])),
	);
	const expected = createHash('sha384').update(Buffer.alloc(48)).update(createHash('sha384').update(id).digest()).digest('hex');
	t.true(toHex(sha384.rest).endsWith(`0030${expected}`));
	const values = (bank: number, size: number): Uint8Array => join(u16(bank), Buffer.alloc(size, 1));
	const extend = buildCommand(commandCodes.pcrExtend, 'password', u32(3), join(u32(2), values(0x0b, 32), values(0x0c, 48)));
	t.is((await ask(software, extend)).code, 0);
	t.is(
		toHex((await tpm.readPcrs())[3] ?? new Uint8Array()),
		createHash('sha256').update(Buffer.alloc(32)).update(Buffer.alloc(32, 1)).digest('hex'),
	);
	const events = await tpm.eventLog();
	t.deepEqual(
		events.map(({register}) => register),
		[15, 3],
	);
	t.true(logMatches(events, await tpm.readPcrs()));
});

test('a quote is signed by the certified key over exactly what was asked', async t => {
	const {tpm, machine} = newMachine(maker);
	await tpm.extend(15, Buffer.from('x'));
	const extraData = Buffer.alloc(32, 5);
	const {attest, signature, pcrs} = await tpm.quote(extraData);
	const key = await tpm.attestationKey();
	const info = parseQuoteInfo(attest);
	const area = parsePublicArea(key.public);
	t.is(attest.length, 145);
	t.is(signature.length, 262);
	t.is(key.public.length, 280);
	t.is(toHex(key.public.subarray(0, 24)), '0001000b00050072000000100014000b0800000000000100');
	t.is(toHex(info.extraData), toHex(extraData));
	t.deepEqual(info.selections, [{hash: 0x0b, registers: allRegisters}]);
	t.is(toHex(info.pcrDigest), createHash('sha256').update(Buffer.concat(pcrs)).digest('hex'));
	t.true(verify('sha256', attest, publicKeyOf(area), parseSignature(signature).value));
	const certificate = new X509Certificate(key.certificate ?? new Uint8Array());
	t.true(certificate.verify(createPublicKey({key: Buffer.from(maker.publicKey), format: 'der', type: 'spki'})));
	t.is(certificate.subject, `CN=worker-1\nOU=worker\nserialNumber=${machine.diskUuid}`);
});

test('what a node must not do is answered with an error, and the TPM goes on', async t => {
	const {software, tpm} = newMachine(maker);
	const none = new Uint8Array();
	const password = (code: number, handle: number, parameters: Uint8Array): Uint8Array =>
		buildCommand(code, 'password', u32(handle), parameters);
	const event = (handle: number): Uint8Array => password(commandCodes.pcrEvent, handle, sized(Buffer.from('x')));
	const read = (index: number, size: number, offset: number): Uint8Array =>
		buildCommand(commandCodes.nvRead, 'password', join(u32(index), u32(index)), join(u16(size), u16(offset)));
	const refused: readonly (readonly [string, Uint8Array, number])[] = [
		['Startup', hex('8001 0000000c 00000144 0000'), responseCodes.commandCode],
		['Shutdown', hex('8001 0000000c 00000145 0000'), responseCodes.commandCode],
		['Clear', password(0x126, 0x4000000c, none), responseCodes.commandCode],
		['PCR_Reset', password(0x13d, 16, none), responseCodes.commandCode],
		['Certify', password(0x148, handles.attestationKey, none), responseCodes.commandCode],
		['Sign', password(0x15d, handles.attestationKey, none), responseCodes.commandCode],
		['NV_Write', password(0x137, handles.eventLog, none), responseCodes.commandCode],
		['register 24', event(24), 0x184],
		['a dynamic register', event(17), responseCodes.locality],
		['an event of 1025 bytes', password(commandCodes.pcrEvent, 1, sized(Buffer.alloc(1025))), 0x1d5],
		['an extend of one bank only', password(commandCodes.pcrExtend, 1, join(u32(1), u16(0x0b), Buffer.alloc(32))), 0x1c4],
		['an extend of SHA-1', password(commandCodes.pcrExtend, 1, join(u32(1), u16(4), Buffer.alloc(20))), 0x1c3],
		[
			'a quote without its key',
			password(commandCodes.quote, 0x81000001, join(sized(none), u16(0x10), writePcrSelections([]))),
			0x18b,
		],
		[
			'a quote with RSAPSS',
			password(commandCodes.quote, handles.attestationKey, join(sized(none), u16(0x16), u16(0x0b), writePcrSelections([]))),
			0x2d2,
		],
		[
			'a quote of 65 bytes of data',
			password(commandCodes.quote, handles.attestationKey, join(sized(Buffer.alloc(65)), u16(0x10), writePcrSelections([]))),
			0x1d5,
		],
		['another object', buildCommand(commandCodes.readPublic, 'none', u32(0x80000000), none), 0x18b],
		['another NV index', read(0x01c00002, 1, 0), 0x28b],
		['more than one piece of NV', read(handles.attestationCertificate, 1025, 0), 0x1c4],
		['NV beyond its end', read(handles.attestationCertificate, 1024, 0), responseCodes.nvRange],
		['no authorization', buildCommand(commandCodes.pcrEvent, 'none', u32(1), sized(Buffer.from('x'))), responseCodes.authMissing],
		['a session that is no password', hex('8002 0000001e 0000013c 0000000f 00000009 02000000 0000 00 0000 0001 01'), 0x984],
		['a wrong password', hex('8002 0000001f 0000013c 0000000f 0000000a 40000009 0000 00 0001 61 0001 01'), 0x98e],
		['an unknown tag', hex('8003 0000000c 0000017e 0000'), responseCodes.badTag],
		['a size that is wrong', hex('8001 00000010 0000017e 0000'), responseCodes.commandSize],
		['nothing', none, responseCodes.commandSize],
		['a command of 5000 bytes', Buffer.alloc(5000), responseCodes.commandSize],
		['a command that ends in its parameters', hex('8001 0000000c 0000017e 0000'), 0x1d5],
	];
	for (const [what, command, code] of refused) t.is((await ask(software, command)).code.toString(16), code.toString(16), what);
	t.is((await tpm.eventLog()).length, 0);
	for (const [index, value] of (await tpm.readPcrs()).entries()) if (index < 17) t.is(toHex(value), '00'.repeat(32));
	const capability = buildCommand(commandCodes.getCapability, 'none', none, join(u32(5), u32(0), u32(1)));
	t.is(toHex((await ask(software, capability)).rest), '000000000500000002000b03ffffff000c03ffffff');
});

test('random commands never break the TPM', async t => {
	const {software, tpm} = newMachine(maker);
	let state = 7;
	const random = (below: number): number => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
	const codes = Object.values(commandCodes);
	for (let round = 0; round < 2000; round++) {
		const parameters = Buffer.from(Array.from({length: random(40)}, () => random(256)));
		const command = Buffer.from(
			buildCommand(
				codes[random(codes.length)] ?? 0,
				random(2) === 0 ? 'none' : 'password',
				u32(random(2) === 0 ? random(30) : handles.attestationKey),
				parameters,
			),
		);
		if (random(4) === 0) command[random(command.length)] = random(256);
		const answer = Buffer.from(await software.handle(command));
		if (answer.readUInt32BE(2) !== answer.length) t.fail('an answer has the wrong size');
		if (answer.readUInt32BE(6) === responseCodes.failure) t.fail(`a handler failed on ${command.toString('hex')}`);
	}
	t.true(logMatches(await tpm.eventLog(), await tpm.readPcrs()));
});

test('when the event log is full nothing is extended any more, so log and registers keep agreeing', async t => {
	const {tpm} = newMachine(maker);
	const error = await t.throwsAsync(
		async () => {
			for (let count = 0; count < 2000; count++) await tpm.extend(16, Buffer.from(String(count)));
		},
		{instanceOf: TpmError},
	);
	t.is(error.responseCode, 0x1c4);
	const events = await tpm.eventLog();
	t.true(events.length > 400);
	t.true(logMatches(events, await tpm.readPcrs()));
});

test('a key that cannot be certified yet is asked for again, and extends do not wait for it', async t => {
	let tries = 0;
	const machine = {name: 'w', role: 'worker', diskUuid: '00000000-0000-4000-8000-000000000000'} as const;
	const software = createSoftwareTpm({
		async certify(akPublic) {
			tries += 1;
			if (tries === 1) throw new Error('not yet');
			return akCertifier(maker, machine)(akPublic);
		},
	});
	const tpm = openTpm(directChannel(software));
	await tpm.extend(1, Buffer.from('x'));
	await t.throwsAsync(async () => tpm.attestationKey(), {instanceOf: TpmError});
	t.truthy((await tpm.attestationKey()).certificate);
	t.is(tries, 2);
});

test('switched off and on, the TPM keeps its key and forgets its registers', async t => {
	const {software, tpm} = newMachine(maker);
	software.measure(4, digestsOf(Buffer.from('x')), 'launcher');
	const before = {key: await tpm.attestationKey(), count: parseQuoteInfo((await tpm.quote(Buffer.alloc(1))).attest).resetCount};
	const saved = await software.save();
	t.is(JSON.stringify({saved}), '{"saved":"[secret]"}');
	const again = createSoftwareTpm({certify: () => Promise.reject(new Error('not needed')), saved});
	const restored = openTpm(directChannel(again));
	t.deepEqual(await restored.attestationKey(), before.key);
	t.deepEqual(await restored.eventLog(), []);
	t.is(parseQuoteInfo((await restored.quote(Buffer.alloc(1))).attest).resetCount, before.count + 1);
	software.reset();
	t.deepEqual(await tpm.readPcrs(), await restored.readPcrs());
	const bytes = saved.reveal();
	for (const damaged of [bytes.subarray(0, 50), Buffer.concat([bytes, bytes]), Buffer.alloc(10)]) {
		t.throws(() => createSoftwareTpm({certify: () => Promise.reject(new Error('no')), saved: new Secret(damaged)}), {
			instanceOf: MalformedError,
		});
	}
});

test('evidence made while registers change is consistent', async t => {
	const {tpm} = newMachine(maker);
	const issuer = issuerOf('local-vtpm', tpm);
	const extending = (async () => {
		for (let count = 0; count < 3; count++) await tpm.extend(16, Buffer.from(String(count)));
	})();
	const [document] = await Promise.all([issuer.issue(Buffer.alloc(32), Buffer.alloc(32)), extending]);
	const {events, pcrs, attest} = decodeEvidence(document);
	t.true(logMatches(events, pcrs));
	t.is(toHex(parseQuoteInfo(attest).pcrDigest), createHash('sha256').update(Buffer.concat(pcrs)).digest('hex'));
});

test('the event log is a TCG crypto-agile log of both banks', async t => {
	const {software} = newMachine(maker);
	software.measure(9, digestsOf(Buffer.from('bundle')), 'bundle node.mjs');
	const read = buildCommand(commandCodes.nvReadPublic, 'none', u32(handles.eventLog), new Uint8Array());
	const size = Buffer.from((await ask(software, read)).rest).readUInt16BE(14);
	const {rest} = await ask(
		software,
		buildCommand(commandCodes.nvRead, 'password', join(u32(handles.eventLog), u32(handles.eventLog)), join(u16(size), u16(0))),
	);
	const log = rest.subarray(6, 6 + size);
	// Spec ID Event03, version 2.0, 64-bit sizes, two banks: SHA-256 of 32 bytes, SHA-384 of 48.
	const specId = `00000000 03000000 ${'00'.repeat(20)} 25000000 53706563204944204576656e74303300 00000000 00 02 00 02 02000000 0b00 2000 0c00 3000 00`;
	t.true(toHex(log).startsWith(compact(specId)));
	const {events} = parseEventLog(log);
	t.deepEqual(
		events.map(({register, type, description}) => ({register, type, description})),
		[{register: 9, type: 0x0d, description: 'bundle node.mjs'}],
	);
});
