import {createPublicKey} from 'node:crypto';
import test from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {parseLogEntry} from '../../src/trust/transparency/entry.ts';
import {logIdOf, publicLog} from '../../src/trust/transparency/log-key.ts';
import {leafHash, rootFrom} from '../../src/trust/transparency/merkle.ts';
import {judgeEntries, proveLogged} from '../../src/trust/transparency/prove.ts';
import {logWords} from '../../src/trust/transparency/verdict.ts';
import {answerBytes, type EntryParts, leafOf, newLog, newSigner, pathOf, rootOf} from '../helpers/forge-log.ts';

const signer = newSigner();
const content = Buffer.from('{"version":"v2.9.1"}');
const signature = signBlob(content, signer.privateKey);
const file = {content, signature, signer: signer.key};
const forged = newLog();
const {log} = forged;
const good = forged.partsOf(leafOf({content, signature, publicKey: signer.pem}));

test('audit paths of every leaf in trees of 1 to 20 leaves give the root, and nothing else does', t => {
	for (let size = 1; size <= 20; size += 1) {
		const leaves = Array.from({length: size}, (_, index) => Buffer.from([index]));
		const root = rootOf(leaves);
		for (const [index, leaf] of leaves.entries()) {
			const path = pathOf(index, leaves);
			t.deepEqual(Buffer.from(rootFrom(leafHash(leaf), index, size, path) ?? []), Buffer.from(root), `${index} of ${size}`);
			t.is(rootFrom(leafHash(leaf), index, size, [...path, root]), undefined);
			if (path.length > 0) t.is(rootFrom(leafHash(leaf), index, size, path.slice(1)), undefined);
			t.is(rootFrom(leafHash(leaf), size, size, path), undefined);
		}
	}
	for (const [index, size] of [
		[-1, 1],
		[0.5, 1],
		[0, 2 ** 54],
		[0, Number.NaN],
	] as const)
		t.is(rootFrom(leafHash(content), index, size, []), undefined);
});

test('an entry proves a file only if every part of it holds', t => {
	const judge = (answer: Uint8Array, about = file, by = log) => logWords(judgeEntries([answer], about, by).verdict);
	const accepted = judgeEntries([answerBytes(forged.answer(good))], file, log);
	t.deepEqual(accepted.verdict, {state: 'logged', log: 'log.test', index: 40_003, at: 1_700_000_000_000});
	t.is(logWords(accepted.verdict), 'logged publicly: log.test, entry 40003 of 2023-11-14');

	const stranger = newSigner();
	const other = Buffer.from('other');
	const leaf = (change: Partial<Parameters<typeof leafOf>[0]>) =>
		forged.partsOf(leafOf({content, signature, publicKey: signer.pem, ...change}));
	const parts: [string, EntryParts, RegExp][] = [
		['hash of another file', leaf({content: other}), /about another file/],
		['another signature', leaf({signature: signBlob(content, signer.privateKey)}), /another signature/],
		['another key', leaf({publicKey: stranger.pem}), /names another key/],
		['no key', leaf({publicKey: 'nonsense'}), /names another key/],
		['other kind', forged.partsOf(Buffer.from('{"apiVersion":"0.0.1","kind":"dsse"}')), /not a signature of a file by hash/],
		['leaf is no JSON', forged.partsOf(Buffer.from('x')), /cannot be read/],
		['index', {...good, treeIndex: 2}, /not in the tree/],
		['size', {...good, size: 9}, /not in the tree/],
		['path', {...good, path: good.path.toReversed()}, /not in the tree/],
		['path too long', {...good, path: [...good.path, good.root]}, /not in the tree/],
		['root', {...good, root: leafHash(other)}, /not in the tree/],
		['origin', {...good, origin: 'elsewhere - 42'}, /did not sign the checkpoint/],
		['origin with the name as its start', {...good, origin: 'log.test.evil - 42'}, /did not sign the checkpoint/],
	];
	for (const [name, changed, problem] of parts) t.regex(judge(answerBytes(forged.answer(changed))), problem, name);

	type Answer = ReturnType<typeof forged.answer>;
	const altered = (change: (answer: Answer) => void): Uint8Array => {
		const answer = forged.answer(good);
		change(answer);
		return answerBytes(answer);
	};
	const verification = (answer: Answer) => answer.entry.verification;
	const proof = (answer: Answer) => answer.entry.verification.inclusionProof;
	const answers: [string, (answer: Answer) => void, RegExp][] = [
		['time', answer => (answer.entry.integratedTime += 1), /did not sign its time and place/],
		['global index', answer => (answer.entry.logIndex += 1), /did not sign its time and place/],
		['log', answer => (answer.entry.logID = '0'.repeat(64)), /of another log/],
		[
			'promise by a stranger',
			answer =>
				(verification(answer).signedEntryTimestamp = forged.answer(good, stranger).entry.verification.signedEntryTimestamp),
			/did not sign its time/,
		],
		[
			'checkpoint by a stranger',
			answer => (proof(answer).checkpoint = forged.note(good, {...stranger, key: log.key})),
			/did not sign the checkpoint/,
		],
		[
			'checkpoint with the hint of a stranger',
			answer => (proof(answer).checkpoint = forged.note(good, {...forged.signer, key: stranger.key})),
			/did not sign the checkpoint/,
		],
		[
			'checkpoint without signature',
			answer => (proof(answer).checkpoint = proof(answer).checkpoint.split('\u2014')[0] ?? ''),
			/did not sign the checkpoint/,
		],
		[
			'checkpoint changed',
			answer => (proof(answer).checkpoint = proof(answer).checkpoint.replace('\n7\n', '\n8\n')),
			/did not sign the checkpoint/,
		],
		[
			'checkpoint of another name',
			answer => (proof(answer).checkpoint = proof(answer).checkpoint.replace('\u2014 log.test', '\u2014 log.evil')),
			/did not sign the checkpoint/,
		],
		[
			'signed checkpoint of another tree',
			answer => (proof(answer).checkpoint = forged.note({...good, size: 8})),
			/another tree than the checkpoint/,
		],
		['root beside the checkpoint', answer => (proof(answer).rootHash = '0'.repeat(64)), /another tree than the checkpoint/],
		[
			'huge checkpoint',
			answer => (proof(answer).checkpoint = `${'x'.repeat(20_000)}${proof(answer).checkpoint}`),
			/did not sign the checkpoint/,
		],
		['other name of the entry', answer => (answer.uuid = '0'.repeat(80)), /not the entry that was asked for/],
		['no proof', answer => Reflect.deleteProperty(answer.entry.verification, 'inclusionProof'), /cannot be read/],
		['no promise', answer => Reflect.deleteProperty(answer.entry.verification, 'signedEntryTimestamp'), /cannot be read/],
		['fraction', answer => (answer.entry.logIndex = 0.5), /cannot be read/],
		['body not base64', answer => (answer.entry.body = 'a b'), /cannot be read/],
	];
	for (const [name, change, problem] of answers) t.regex(judge(altered(change)), problem, name);

	const text = Buffer.from(answerBytes(forged.answer(good))).toString();
	t.regex(judge(Buffer.from(`{${text.slice(1, -1)},"${'1'.repeat(64)}":{}}`)), /not exactly one entry/);
	t.regex(judge(Buffer.from('{}')), /not exactly one entry/);
	t.regex(judge(answerBytes(forged.answer(good)), {...file, signer: stranger.key}), /names another key/);
	t.regex(judge(answerBytes(forged.answer(good)), file, {...log, key: stranger.key}), /of another log/);
	t.regex(logWords(judgeEntries([], file, log).verdict), /^not in the log/);
	t.throws(() => parseLogEntry(Buffer.alloc(70_000, 0x20)), {message: /at most/});
});

test('every hit for the hash is looked at; strangers may log it too', async t => {
	const stranger = newSigner();
	const strange = {content, signature: signBlob(content, stranger.privateKey), publicKey: stranger.pem};
	const bad = forged.answer({...forged.partsOf(leafOf(strange)), logIndex: 1});
	const right = forged.answer(good);
	const entries = new Map([bad, right].map(each => [each.uuid, answerBytes(each)]));
	const ask = async (hits: unknown, answers = entries) => {
		const asked: string[] = [];
		const verdict = await proveLogged(file, log, async (url, {json}) => {
			asked.push(url);
			const body = json === undefined ? answers.get(url.split('/').at(-1) ?? '') : Buffer.from(JSON.stringify(hits));
			return {status: body === undefined ? 404 : 200, body: body ?? new Uint8Array(), url, headers: {}};
		});
		return {state: verdict.verdict.state, asked: asked.length};
	};
	t.deepEqual(await ask([bad.uuid, right.uuid]), {state: 'logged', asked: 3});
	t.deepEqual(await ask([right.uuid, bad.uuid]), {state: 'logged', asked: 2});
	t.deepEqual(await ask([bad.uuid]), {state: 'failed', asked: 2});
	t.deepEqual(await ask([]), {state: 'not-logged', asked: 1});
	t.deepEqual(await ask(Array.from({length: 40}, () => bad.uuid)), {state: 'failed', asked: 33});
	for (const hits of ['x', {}, [1], ['../../evil'], null]) t.deepEqual(await ask(hits), {state: 'failed', asked: 1});
	await t.throwsAsync(ask([bad.uuid], new Map()), {message: /There is no/});
});

test('the key of the public log is the one with the well-known name', t => {
	t.is(logIdOf(publicLog), 'c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d');
	t.is(
		createPublicKey({key: Buffer.from(publicLog.key), format: 'der', type: 'spki'}).asymmetricKeyDetails?.namedCurve,
		'prime256v1',
	);
});
