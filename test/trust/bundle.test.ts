import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {MalformedError} from '../../src/attestation/bytes.ts';
import {encodeCbor} from '../../src/attestation/cbor.ts';
import {AppError} from '../../src/errors.ts';
import {exportTrust, importTrust, showTrust} from '../../src/flows/trust-bundle.ts';
import type {TrustWorld} from '../../src/flows/trust-world.ts';
import {makeImage} from '../../src/releases/make-image.ts';
import {readReleasePublicKey} from '../../src/releases/release-key.ts';
import {decodeBundle, decodePart, encodeBundle, encodePart, type Part} from '../../src/trust/bundle/part.ts';
import {trustFolder, trustStore} from '../../src/trust/bundle/store.ts';
import {verifyPart} from '../../src/trust/bundle/verify-part.ts';
import {at, forgeCertificate, forgeRevocationList} from '../helpers/forge-chain.ts';
import {newSigner} from '../helpers/forge-log.ts';
import {ask} from '../helpers/forge-snp.ts';
import {root} from '../helpers/forge-tdx.ts';
import {fileJson} from '../helpers/measurements-world.ts';
import {
	amdListPart,
	amdPart,
	anchors,
	cloudIssuer,
	cloudListPart,
	cloudRoot,
	day,
	issuerPart,
	measurementsPart,
	tdxPart,
} from '../helpers/trust-parts.ts';

const everything = (): Part[] => [measurementsPart(), amdPart(), amdListPart(), tdxPart(), issuerPart(), cloudListPart()];
const problemsOf = (part: Part, with_ = anchors()) => verifyPart(part, with_).problems.join('; ');

test('a part counts only if it leads to what is pinned', t => {
	const stranger = forgeCertificate({name: 'ARK-Test', kind: 'p384'});
	const withIssuer = {...anchors(), issuers: [cloudIssuer.der]};
	for (const part of everything()) t.is(problemsOf(part, withIssuer), '', part.kind);
	const replaced = (part: Part, index: number, blob: Uint8Array): Part => ({...part, blobs: part.blobs.with(index, blob)});
	const cases: [string, Part, RegExp][] = [
		['measurements by a stranger', measurementsPart(fileJson(), {by: newSigner()}), /no key that counts/],
		['measurements under another name', measurementsPart(fileJson(), {name: 'v2.9.2'}), /it is of v2.9.1/],
		['measurements changed', replaced(measurementsPart(), 0, Buffer.from('{}')), /measurements/],
		[
			'proof of another file',
			replaced(measurementsPart(), 2, measurementsPart(fileJson('v2.9.1', 'b')).blobs[2] ?? Buffer.alloc(0)),
			/another file/,
		],
		['proof is nonsense', replaced(measurementsPart(), 2, Buffer.from('x')), /proves nothing/],
		['chain ends elsewhere', amdPart({issuer: stranger, signer: stranger.privateKey, algorithm: 'ecdsa-sha384'}), /./],
		['no chain', {...amdPart(), blobs: [amdPart().blobs[0] ?? Buffer.alloc(0), root.der]}, /./],
		['certificate of another chip', {...amdPart(), name: amdPart().name.replace('c1', 'c2')}, /another chip or level/],
		['certificate of another level', {...amdPart(), name: amdPart().name.slice(0, -1)}, /./],
		['name without a processor', {...amdPart(), name: 'Naples/00/00'}, /names no processor/],
		['list of the intermediate', amdListPart({issuer: ask()}), /did not sign/],
		['list by a stranger', amdListPart({signer: stranger.privateKey, algorithm: 'ecdsa-sha384'}), /did not sign/],
		['TCB info changed', tdxPart({after: text => text.replace('"pceId":"0000"', '"pceId":"0001"')}), /not signed/],
		['statement by a stranger', tdxPart({signer: forgeCertificate({name: 'Intel SGX TCB Signing'})}), /./],
		['list of PCKs by a stranger', tdxPart({pckList: {signer: stranger.privateKey, algorithm: 'ecdsa-sha384'}}), /did not sign/],
		[
			'list of the root by a stranger',
			tdxPart({rootList: {signer: stranger.privateKey, algorithm: 'ecdsa-sha384'}}),
			/did not sign/,
		],
		['other platforms', {...tdxPart(), name: '00906ea10000/platform'}, /of other platforms/],
		['issuer by itself', issuerPart(forgeCertificate({name: 'nobody'}).der), /no pinned authority/],
		['issuer that is none', issuerPart(forgeCertificate({name: 'leaf', issuer: cloudRoot}).der), /no authority/],
		['list of an issuer that is not known', cloudListPart(forgeCertificate({name: 'other', authority: true})), /did not sign/],
		['bytes', issuerPart(Buffer.from('x')), /cannot be read/],
	];
	for (const [name, part, problem] of cases) t.regex(problemsOf(part, withIssuer), problem, name);
	t.regex(problemsOf(cloudListPart()), /did not sign/);
	// What expired was good once; its dates say so.
	for (const part of everything()) {
		const verdict = verifyPart(part, {...withIssuer, now: at + 365 * day});
		t.deepEqual(verdict.problems, [], part.kind);
		t.is(verdict.expiries.length === 0, part.kind === 'measurements', part.kind);
	}
});

test('the file has one form, limits, and no part twice', t => {
	const parts = everything();
	const bundle = encodeBundle({at: 1_900_000_000, parts});
	t.true(Buffer.from(encodeBundle(decodeBundle(bundle))).equals(bundle));
	t.true(Buffer.from(encodeBundle({at: 1_900_000_000, parts: parts.toReversed()})).equals(bundle));
	const [first = measurementsPart()] = parts;
	t.true(Buffer.from(encodePart(decodePart(encodePart(first)))).equals(encodePart(first)));
	const plain = {v: 1, kind: first.kind, name: first.name, at: first.at, blobs: first.blobs};
	for (const [value, message] of [
		[{v: 2, at: 1, parts: []}, /not of version 1/],
		[{v: 1, at: -1, parts: []}, /CBOR|time/],
		[{v: 1, at: 'x', parts: []}, /time or parts/],
		[{v: 1, at: 1, parts: [], more: 1}, /unknown key/],
		[{v: 1, at: 1, parts: [plain, plain]}, /twice/],
		[{v: 1, at: 1, parts: [{...plain, kind: 'keys'}]}, /unknown kind/],
		[{v: 1, at: 1, parts: [{...plain, kind: 'toString'}]}, /unknown kind/],
		[{v: 1, at: 1, parts: [{...plain, name: '../evil'}]}, /name/],
		[{v: 1, at: 1, parts: [{...plain, name: ''}]}, /name/],
		[{v: 1, at: 1, parts: [{...plain, blobs: []}]}, /number of blobs/],
		[{v: 1, at: 1, parts: [{...plain, blobs: ['text', 'text']}]}, /blob/],
		[{v: 1, at: 1, parts: [{...plain, blobs: [new Uint8Array(4 * 1024 * 1024 + 1), new Uint8Array()]}]}, /too large/],
		[{v: 1, at: 1, parts: [{...plain, extra: 1}]}, /unknown key/],
		[{v: 1, at: 1, parts: Array.from({length: 1001}, () => 1)}, /time or parts/],
		[[], /not a map/],
	] as const)
		t.throws(() => decodeBundle(encodeCbor(value)), {instanceOf: MalformedError, message});
	t.throws(() => decodeBundle(Buffer.alloc(32 * 1024 * 1024 + 1)), {message: /at most/});
	t.throws(() => decodeBundle(Buffer.concat([bundle, Buffer.alloc(1)])), {instanceOf: MalformedError});
});

async function world(t: ExecutionContext) {
	const home = await mkdtemp(join(tmpdir(), 'bundle-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	const trust: TrustWorld = {
		get: async () => Promise.reject(new Error('nobody is asked')),
		store: trustStore(trustFolder(home)),
		dataHome: home,
		now: () => at,
		kept: async () => undefined,
		localImage: async () => Promise.reject(new Error('not asked')),
	};
	const put = async (name: string, parts: readonly Part[]) => {
		const file = join(home, name);
		await writeFile(file, encodeBundle({at: 1_900_000_000, parts}));
		return file;
	};
	const states = async (file: string, with_ = anchors()) =>
		(await importTrust(file, trust, with_)).map(({part, state}) => `${part.kind} ${state}`).toSorted();
	return {home, trust, put, states};
}

test('an import takes all or nothing, leaves out what expired, and never goes back', async t => {
	const {home, trust, put, states} = await world(t);
	const all = everything();
	const kinds = all.map(({kind}) => kind).toSorted();
	t.deepEqual(
		await states(await put('all', all)),
		kinds.map(kind => `${kind} add`),
	);
	t.is((await stat(trustFolder(home))).mode & 0o777, 0o700);
	t.deepEqual(
		await states(await put('again', all)),
		kinds.map(kind => `${kind} same`),
	);
	t.is((await trust.store.list()).parts.length, all.length);

	const bad = await t.throwsAsync(
		states(await put('bad', [measurementsPart(fileJson(), {by: newSigner(), name: 'v2.9.1'}), amdPart()])),
		{instanceOf: AppError},
	);
	t.deepEqual([bad.code, bad.exitCode, bad.problems.length], ['bundle-refused', 5, 1]);
	await t.throwsAsync(states(await put('other', [measurementsPart(fileJson('v2.9.1', 'b'))])), {code: 'bundle-refused'});
	const proof = {...measurementsPart(fileJson('v2.9.2'), {name: 'v2.9.2', logged: false})};
	t.deepEqual(await states(await put('unproved', [proof])), ['measurements add']);

	const later = (days: number) => ({thisUpdate: at - day, nextUpdate: at + days * day});
	t.deepEqual(await states(await put('newer', [amdListPart(later(9))])), ['amd-revocation-list add']);
	t.deepEqual(await states(await put('older', [amdListPart(later(5))])), ['amd-revocation-list same']);
	t.deepEqual(await states(await put('expired', [amdListPart(later(5))]), anchors(at + 6 * day)), [
		'amd-revocation-list expired',
	]);

	for (const [name, content] of [
		['empty', ''],
		['text', 'no bundle'],
	] as const) {
		await writeFile(join(home, name), content);
		await t.throwsAsync(states(join(home, name)), {instanceOf: AppError, code: 'bundle-unreadable'});
	}
	await t.throwsAsync(states(join(home, 'none')), {code: 'bundle-unreadable'});
});

test('an export holds what is kept and the images here; it works on another machine with the key of this one', async t => {
	const [one, two] = [await world(t), await world(t)];
	const from = {bundle: join(one.home, 'a'), launcher: join(one.home, 'b'), runtime: join(one.home, 'c')};
	for (const file of Object.values(from)) await writeFile(file, file);
	await makeImage({version: 'v0.1.0', from, dataHome: one.home});
	const key = await readReleasePublicKey(join(one.home, 'release-key'));
	const own = {
		...anchors(),
		signersOf: () => [...anchors().signersOf({ref: '-', stream: 'stable', version: 'v0.1.0'}), {name: 'own', key, pinned: false}],
	};
	await one.states(await one.put('all', everything()));
	await one.trust.store.write({...amdPart(), name: 'Genoa/00/0000000000000000'});
	const [damaged = ''] = (await readdir(trustFolder(one.home))).toSorted();
	const before = await one.trust.store.list();
	await writeFile(join(trustFolder(one.home), damaged), 'x');
	t.is((await one.trust.store.list()).damaged, 1);

	const file = join(one.home, 'out.cbor');
	const exported = await exportTrust(file, one.trust, own);
	t.is(exported.parts.length + exported.left, before.parts.length + 1);
	t.true(exported.parts.some(({kind, name}) => kind === 'measurements' && name === 'v0.1.0'));
	await t.throwsAsync(exportTrust(file, one.trust, own), {code: 'file-exists'});
	await t.throwsAsync(two.states(file), {code: 'bundle-refused'});
	const empty = join(two.home, 'empty.cbor');
	await t.throwsAsync(exportTrust(empty, two.trust, own), {code: 'nothing-to-export', message: /made yet/});
	await t.throwsAsync(stat(empty), {code: 'ENOENT'});
	t.is((await two.states(file, own)).filter(state => state.endsWith('add')).length, exported.parts.length);
	t.true((await readFile(file)).length < 64 * 1024);
});

test('the calendar names what ends, soonest first, and warns thirty days before', async t => {
	const {trust, put, states} = await world(t);
	const file = await put('all', everything());
	await states(file);
	for (const place of [undefined, file]) {
		const {calendar, parts} = await showTrust(trust, anchors(), place);
		t.is(parts.filter(({state}) => state === 'valid').length, 6);
		t.deepEqual(
			calendar.map(({at: end}) => end),
			calendar.map(({at: end}) => end).toSorted((left, right) => left - right),
		);
		const find = (what: RegExp) => calendar.find(entry => what.test(entry.what));
		t.like(find(/revocation list of ARK-Test/), {state: 'soon', days: 1});
		t.like(find(/statement on platforms 90c06f000000/), {state: 'soon', days: 20});
		t.like(find(/certificate ARK-Test/), {state: 'valid', days: 30});
		t.like(find(/ameroot/), {state: 'expired', of: 'built in'});
		t.true(calendar.some(({what, of, state}) => /Intel SGX Root CA/.test(what) && of === 'built in' && state === 'valid'));
	}
	t.is((await showTrust(trust, anchors(at + 400 * day))).parts.filter(({state}) => state === 'expired').length, 5);
	t.throws(() => forgeRevocationList({issuer: root, nextUpdate: Number.NaN}));
});
