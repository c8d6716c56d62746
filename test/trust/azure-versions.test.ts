import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {readTrustSection} from '../../src/config/trust.ts';
import {AppError} from '../../src/errors.ts';
import {settingsOf, withAzureVersions} from '../../src/flows/azure-versions.ts';
import type {TrustWorld} from '../../src/flows/trust-world.ts';
import {trustStore} from '../../src/trust/bundle/store.ts';
import {
	chooseVersion,
	fetchAzureVersions,
	parseAzureVersions,
	verifyAzureVersions,
} from '../../src/trust/measurements/azure-versions.ts';
import type {Signer} from '../../src/trust/measurements/signer.ts';
import {httpsGet} from '../../src/trust/net/get.ts';
import {newSigner} from '../helpers/forge-log.ts';
import {httpsServer} from '../helpers/https-server.ts';

const now = Date.UTC(2023, 5, 30, 12);
const key = newSigner();
const signer: Signer = {name: 'release key', key: key.key, pinned: true};
const list = (...names: readonly string[]) => Buffer.from(JSON.stringify(names.map(name => `${name}.json`)));
const versions = '{"bootloader":2,"tee":0,"snp":6,"microcode":93}';
/** The signature text once more in base64, as the original writes it. */
const signed = (text: string, by = key) =>
	Buffer.from(JSON.stringify({signature: Buffer.from(signBlob(Buffer.from(text), by.privateKey)).toString('base64')}));

test('the newest version that has settled counts; frozen lists, wrong clocks and steps back are noticed', t => {
	const choose = (names: readonly string[], at = now, least?: string) => chooseVersion(list(...names), at, least);
	const names = ['2023-06-11-14-09', '2019-01-01-01-01', '2023-06-20-00-00'];
	t.deepEqual(choose(names), {name: '2023-06-11-14-09', warnings: []});
	t.is(choose(names, Date.UTC(2023, 6, 4) + 60_000).name, '2023-06-20-00-00');
	// More than fourteen days: at fourteen exactly the older one still counts.
	t.is(choose(names, Date.UTC(2023, 6, 4)).name, '2023-06-11-14-09');
	t.is(choose(names, now, '2023-06-11-14-09').name, '2023-06-11-14-09');
	const refused = (given: readonly string[], at = now, least?: string) =>
		t.throws(() => choose(given, at, least), {instanceOf: AppError, code: 'azure-versions-refused'}).message;
	t.regex(refused(['2019-01-01-01-01'], now, '2023-06-11-14-09'), /2023-06-11-14-09 was used before/);
	t.regex(refused(['2023-06-29-00-00']), /old enough/);
	t.regex(refused(names, Date.UTC(2023, 5, 15)), /clock or the list is wrong/);
	t.regex(choose(['2023-01-01-00-00']).warnings.join(), /no news for 180 days/);
	t.deepEqual(choose(['2023-03-05-00-00']).warnings, []);
	for (const text of [
		'[]',
		'{}',
		'["x.json"]',
		'["2023-13-01-00-00.json"]',
		'["2023-02-30-00-00.json"]',
		'["2023-06-11-14-09"]',
		'[1]',
	])
		t.throws(() => chooseVersion(Buffer.from(text), now), undefined, text);
});

test('four numbers, signed in one spelling by the release key', t => {
	t.deepEqual(parseAzureVersions(Buffer.from(versions)), {bootloader: 2, tee: 0, snp: 6, microcode: 93});
	for (const text of [
		'{"bootloader":2,"tee":0,"snp":6}',
		versions.replace('93', '256'),
		versions.replace('93', '-1'),
		versions.replace('93', '"93"'),
		versions.replace('}', ',"x":1}'),
		'[]',
	])
		t.throws(() => parseAzureVersions(Buffer.from(text)), undefined, text);
	const name = '2023-06-11-14-09';
	const problems = (file: string, signature: Uint8Array) => verifyAzureVersions(name, [Buffer.from(file), signature], signer);
	t.deepEqual(problems(versions, signed(versions)), []);
	// Not the bytes are signed but the numbers.
	t.deepEqual(problems(`${versions}\n`, signed(versions)), []);
	t.is(problems(versions.replace('93', '94'), signed(versions)).length, 1);
	t.is(problems(versions, signed(versions, newSigner())).length, 1);
	t.is(verifyAzureVersions(name, [Buffer.from(versions), signed(versions)]).length, 1);
	t.throws(() => problems(versions, Buffer.from('x')));
});

test('they are fetched from a mirror; whatever is wrong is exit 5', async t => {
	const server = await httpsServer(t);
	const base = '/constellation/v1/attestation/azure-sev-snp';
	server.site.set(`${base}/list`, list('2023-06-11-14-09'));
	server.site.set(`${base}/2023-06-11-14-09.json`, versions);
	server.site.set(`${base}/2023-06-11-14-09.json.sig`, signed(versions));
	const deps = {get: httpsGet({env: {}, ca: [server.ca]}), now, signer};
	const found = await fetchAzureVersions(server.url, deps);
	t.deepEqual([found.name, found.versions.microcode, found.warnings], ['2023-06-11-14-09', 93, []]);
	const code = async (more: object = {}) => {
		const error = await t.throwsAsync(fetchAzureVersions(server.url, {...deps, ...more}), {instanceOf: AppError});
		return `${error.code} ${error.exitCode}`;
	};
	t.is(await code({signer: {...signer, key: newSigner().key}}), 'azure-versions-refused 5');
	t.is(await code({least: '2024-01-01-00-00'}), 'azure-versions-refused 5');
	server.site.set(`${base}/2023-06-11-14-09.json`, '{}');
	t.is(await code(), 'azure-versions-refused 5');
	server.site.set(`${base}/list`, 'x');
	t.is(await code(), 'azure-versions-refused 5');
	server.site.delete(`${base}/list`);
	t.is(await code(), 'not-published 7');
});

test('`latest` becomes numbers, never older ones than before, and stays usable without a network', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'versions-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	const server = await httpsServer(t);
	const base = '/constellation/v1/attestation/azure-sev-snp';
	const publish = (name: string, microcode: number) => {
		const text = versions.replace('93', String(microcode));
		server.site.set(`${base}/list`, list(name));
		server.site.set(`${base}/${name}.json`, text);
		server.site.set(`${base}/${name}.json.sig`, signed(text));
	};
	const world = {get: httpsGet({env: {}, ca: [server.ca]}), store: trustStore(join(folder, 'trust')), now: () => now};
	const section = {bootloaderVersion: 'latest', teeVersion: 1, snpVersion: 'Latest', microcodeVersion: 'LATEST', amdRootKey: ''};
	const resolve = (with_: Pick<typeof world, 'get'> = world, given: Record<string, unknown> = section) =>
		withAzureVersions(given, {...world, ...with_}, {mirror: server.url, signer});
	const offline = {get: async () => Promise.reject(new AppError('no', {code: 'download-unreachable', exitCode: 7}))};
	await t.throwsAsync(resolve(offline), {code: 'download-unreachable'});
	t.deepEqual(await resolve(offline, {teeVersion: 1}), {value: {teeVersion: 1}, warnings: []});

	publish('2023-06-11-14-09', 93);
	const found = await resolve();
	t.deepEqual(found.value, {bootloaderVersion: 2, teeVersion: 1, snpVersion: 6, microcodeVersion: 93, amdRootKey: ''});
	t.is(found.source, 'versions of 2023-06-11-14-09');
	const kept = await resolve(offline);
	t.deepEqual([kept.value, kept.warnings.length], [found.value, 1]);
	publish('2023-01-01-00-00', 7);
	await t.throwsAsync(resolve(), {code: 'azure-versions-refused', message: /was used before/});
	// What lies in the folder counts only if the release key signed it.
	await world.store.write({
		kind: 'azure-snp-versions',
		name: '2023-06-12-00-00',
		at: 1,
		blobs: [Buffer.from(versions), signed(versions, newSigner())],
	});
	await world.store.write({
		kind: 'azure-snp-versions',
		name: '2023-06-13-00-00',
		at: 1,
		blobs: [Buffer.from('x'), Buffer.from('x')],
	});
	t.deepEqual((await resolve(offline)).value, found.value);
});

test('the config names the mirror of the list; without one it is the original’s', async t => {
	const asked: string[] = [];
	const get: TrustWorld['get'] = url => {
		asked.push(url);
		return Promise.reject(new AppError('no', {code: 'download-unreachable', exitCode: 7}));
	};
	const world = {get, store: trustStore('/nowhere/trust'), now: () => now} as TrustWorld;
	const section = {variant: 'azure-sev-snp' as const, value: {bootloaderVersion: 'latest'}};
	const {trust} = readTrustSection('version: v3\ntrust:\n  azureVersions: https://mirror.example/path\n');
	for (const each of [trust, {}]) await t.throwsAsync(settingsOf(section, world, each), {code: 'download-unreachable'});
	const list = 'constellation/v1/attestation/azure-sev-snp/list';
	t.deepEqual(asked, [`https://mirror.example/path/${list}`, `https://cdn.confidential.cloud/${list}`]);
	t.throws(() => readTrustSection('trust:\n  azureVersions: http://mirror.example\n'), {code: 'invalid-config'});
	t.throws(
		() => readTrustSection('name: "half\ntrust:\n  keys: [MFkw]\n'),
		{code: 'invalid-config'},
		'no keys are not these keys',
	);
});
