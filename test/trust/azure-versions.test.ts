import test from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {AppError} from '../../src/errors.ts';
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
