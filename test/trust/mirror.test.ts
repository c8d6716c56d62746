import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../../src/errors.ts';
import {checkReleases, publishReleases} from '../../src/flows/releases.ts';
import type {TrustWorld} from '../../src/flows/trust-world.ts';
import {makeImage} from '../../src/releases/make-image.ts';
import {trustFolder, trustStore} from '../../src/trust/bundle/store.ts';
import {signerFromPem} from '../../src/trust/measurements/signer.ts';
import {measurementSource} from '../../src/trust/measurements/source.ts';
import {httpsGet} from '../../src/trust/net/get.ts';
import {httpsServer} from '../helpers/https-server.ts';

async function world(t: ExecutionContext) {
	const home = await mkdtemp(join(tmpdir(), 'mirror-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	const server = await httpsServer(t);
	const trust: TrustWorld = {
		get: httpsGet({env: {}, ca: [server.ca]}),
		store: trustStore(trustFolder(home)),
		dataHome: home,
		now: Date.now,
		kept: async () => undefined,
		localImage: async () => Promise.reject(new Error('not asked')),
	};
	const from = {bundle: join(home, 'a'), launcher: join(home, 'b'), runtime: join(home, 'c')};
	for (const file of Object.values(from)) await writeFile(file, file);
	const folder = join(home, 'public');
	const make = (version: string) => makeImage({version, from, dataHome: home});
	/** Serves the folder as any web server would. */
	const serve = async () => {
		server.site.clear();
		const entries = await readdir(folder, {recursive: true, withFileTypes: true});
		for (const entry of entries.filter(each => each.isFile())) {
			const file = join(entry.parentPath, entry.name);
			server.site.set(file.slice(folder.length), await readFile(file));
		}
	};
	const problems = async (place = folder, keyFile?: string) => {
		const error = await t.throwsAsync(checkReleases(place, trust, keyFile), {instanceOf: AppError});
		t.deepEqual([error.code, error.exitCode], ['mirror-refused', 5]);
		return error.problems.map(({path, message}) => `${path.split('/').at(-1) ?? ''} ${message}`);
	};
	return {home, server, trust, folder, make, serve, problems};
}

test('images are published as static files that another machine verifies, file and lists', async t => {
	const {home, server, trust, folder, make, serve} = await world(t);
	await t.throwsAsync(publishReleases(folder, trust), {code: 'image-missing'});
	for (const version of ['v0.1.0', 'v0.1.1', 'v0.10.0', 'v1.0.0-rc.1']) await make(version);
	const {files} = await publishReleases(folder, trust);
	const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(folder, path), 'utf8'));
	const lists = 'constellation/v1/ref/-/stream/stable/versions';
	const head = {ref: '-', stream: 'stable', kind: 'image'};
	t.deepEqual(await read(`${lists}/minor/v0.1/image.json`), {
		...head,
		granularity: 'minor',
		base: 'v0.1',
		versions: ['v0.1.0', 'v0.1.1'],
	});
	t.deepEqual(await read(`${lists}/major/v0/image.json`), {
		...head,
		granularity: 'major',
		base: 'v0',
		versions: ['v0.1', 'v0.10'],
	});
	t.deepEqual(await read(`${lists}/latest/image.json`), {...head, version: 'v0.10.0'});
	t.deepEqual(await read('constellation/v2/ref/-/stream/stable/v0.1.0/image/info.json'), {
		ref: '-',
		stream: 'stable',
		version: 'v0.1.0',
		list: [{csp: 'local', attestationVariant: 'local-vtpm', reference: 'v0.1.0'}],
	});
	for (const file of files) t.is((await stat(join(folder, file))).mode & 0o777, 0o644, file);
	t.deepEqual((await publishReleases(folder, trust)).files.toSorted(), files.toSorted());

	await serve();
	const pem = join(home, 'release-key', 'public.pem');
	for (const place of [folder, server.url])
		t.deepEqual((await checkReleases(place, trust, pem)).versions, ['v0.1.0', 'v0.1.1', 'v0.10.0', 'v1.0.0-rc.1']);
	await rm(join(home, 'images', 'v1.0.0-rc.1'), {recursive: true});
	await rm(join(folder, 'constellation/v2/ref/-/stream/stable/v1.0.0-rc.1'), {recursive: true});
	await publishReleases(folder, trust);
	await serve();
	for (const place of [folder, server.url])
		t.deepEqual((await checkReleases(place, trust)).versions, ['v0.1.0', 'v0.1.1', 'v0.10.0']);
	const found = await measurementSource(
		{
			source: {from: 'url', url: server.url},
			image: {ref: '-', stream: 'stable', version: 'v0.1.1'},
			csp: 'Local',
			variant: 'local-vtpm',
			signers: [signerFromPem(await readFile(pem, 'utf8'), 'cosign.pub')],
		},
		trust,
	);
	t.deepEqual(
		[[...found.statement.measurements.keys()], found.statement.arguments?.length !== undefined],
		[[4, 9, 11, 15], true],
	);
});

test('everything that is wrong with a mirror is told, and a published version does not change', async t => {
	const {home, folder, trust, make, problems, serve, server} = await world(t);
	await make('v0.1.0');
	await make('v0.2.0');
	await publishReleases(folder, trust);
	await t.throwsAsync(checkReleases(join(home, 'nowhere'), trust), {code: 'mirror-missing'});
	const image = (version: string, file: string) => join(folder, `constellation/v2/ref/-/stream/stable/${version}/image/${file}`);
	const list = (file: string) => join(folder, `constellation/v1/ref/-/stream/stable/versions/${file}/image.json`);
	const with_ = async (file: string, change: (text: string) => string, key?: string) => {
		const text = await readFile(file, 'utf8');
		await writeFile(file, change(text));
		const found = await problems(folder, key);
		await writeFile(file, text);
		return found;
	};
	const measurements = image('v0.1.0', 'measurements.json');
	const newer = await readFile(image('v0.2.0', 'measurements.json'), 'utf8');
	t.deepEqual(await with_(measurements, text => `${text} `), ['measurements.json no key that counts signed it']);
	t.deepEqual(await with_(`${measurements}.sig`, () => 'x'), ['measurements.json no key that counts signed it']);
	t.deepEqual(await with_(image('v0.1.0', 'info.json'), text => text.replace('v0.1.0', 'v0.2.0')), [
		'info.json has another version',
	]);
	t.deepEqual(await with_(image('v0.1.0', 'info.json'), text => text.replace('local-vtpm', 'qemu-vtpm')), [
		'info.json offers qemu-vtpm on Local, which has no measurements',
	]);
	t.deepEqual(await with_(image('v0.1.0', 'info.json'), text => text.replace(/\[.*\]/, '[]')), ['info.json lists no image']);
	t.regex((await with_(list('latest'), () => '{}')).join(), /names no image/);
	t.regex((await with_(list('latest'), text => text.replace('v0.2.0', 'v0.3.0'))).join(), /v0.3.0, which no list has/);
	t.regex((await with_(list('major/v0'), text => text.replace('"v0.1"', '"v1.1"'))).join(), /not below v0/);
	t.regex((await with_(list('minor/v0.1'), text => text.replace('"v0.1.0"', '"v0.2.0"'))).join(), /not below v0.1/);
	t.regex((await with_(list('minor/v0.1'), text => text.replace('stable', 'debug'))).join(), /not of v0.1/);

	// Signed, but of another version: a swap that the signature alone does not show.
	const signature = await readFile(image('v0.2.0', 'measurements.json.sig'), 'utf8');
	const own = await readFile(`${measurements}.sig`, 'utf8');
	await writeFile(`${measurements}.sig`, signature);
	t.deepEqual(await with_(measurements, () => newer), ['measurements.json is signed for v0.2.0']);
	await writeFile(measurements, newer);
	await t.throwsAsync(publishReleases(folder, trust), {code: 'mirror-conflict'});
	await rm(measurements);
	t.deepEqual(await problems(), ['measurements.json is missing']);
	await publishReleases(folder, trust);
	t.is(await readFile(`${measurements}.sig`, 'utf8'), own);

	await serve();
	server.site.delete('/constellation/v1/ref/-/stream/stable/versions/latest/image.json');
	t.deepEqual(await problems(server.url), ['image.json is missing']);
	await rm(join(home, 'images', 'v0.1.0', 'node'));
	await t.throwsAsync(publishReleases(folder, trust), {code: 'image-changed'});
});
