import {createPublicKey} from 'node:crypto';
import {appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {formatMeasurements} from '../../src/attestation/measurements.ts';
import {
	expectedMeasurements,
	localParameters,
	measuredCommandLine,
	parametersOf,
	parseParameters,
	sha256,
} from '../../src/attestation/variants/local/measured-boot.ts';
import {AppError} from '../../src/errors.ts';
import {dataHome} from '../../src/releases/data-home.ts';
import {checkImage, listImages, loadImage, localPolicy} from '../../src/releases/image.ts';
import {
	componentsHash,
	defaultKubernetesVersion,
	kubernetesComponents,
	kubernetesVersions,
} from '../../src/releases/kubernetes.ts';
import {ensureImage, makeImage} from '../../src/releases/make-image.ts';
import {ensureReleaseKey, readReleasePublicKey} from '../../src/releases/release-key.ts';
import {newMaker} from '../helpers/local-machine.ts';

async function newHome(t: ExecutionContext) {
	const home = await mkdtemp(join(tmpdir(), 'images-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	const from = {bundle: join(home, 'bundle'), launcher: join(home, 'launcher'), runtime: join(home, 'runtime')};
	for (const [name, path] of Object.entries(from)) await writeFile(path, `content of ${name}\n`);
	return {home, from};
}

test('an image holds copies, the stamped bundle, and signed measurements computed from them', async t => {
	const {home, from} = await newHome(t);
	const image = await makeImage({version: 'v1.2.3', from, dataHome: home, now: () => new Date(0)});
	t.deepEqual((await readdir(image.folder)).toSorted(), [
		'machine.mjs',
		'manifest.json',
		'measurements.json',
		'measurements.json.sig',
		'node',
		'node.mjs',
	]);
	t.is(await readFile(join(image.folder, 'node.mjs'), 'utf8'), 'globalThis.constellationImage="v1.2.3";\ncontent of bundle\n');
	t.is(await readFile(join(image.folder, 'node'), 'utf8'), 'content of runtime\n');
	t.is(image.manifest.created, '1970-01-01T00:00:00.000Z');
	t.is((await stat(join(image.folder, 'node'))).mode & 0o777, 0o500);
	const digests = {
		launcher: sha256('content of launcher\n'),
		bundle: sha256('globalThis.constellationImage="v1.2.3";\ncontent of bundle\n'),
		runtime: sha256('content of runtime\n'),
	};
	const maker = newMaker();
	const policy = localPolicy(image, maker.publicKey, image.releaseKey);
	const commandLine = measuredCommandLine(image.manifest.arguments, localParameters(maker.publicKey, image.releaseKey));
	t.deepEqual(formatMeasurements(policy.measurements), formatMeasurements(expectedMeasurements(digests, commandLine)));
	t.true((await checkImage({version: 'v1.2.3', dataHome: home})).checks.every(({ok}) => ok));
	t.deepEqual((await readdir(join(home, 'images'))).toSorted(), ['v1.2.3']);
});

test('two versions of one bundle differ in register 9 only', async t => {
	const {home, from} = await newHome(t);
	const maker = newMaker();
	const [one, two] = await Promise.all(['v1.0.0', 'v1.1.0'].map(async version => makeImage({version, from, dataHome: home})));
	if (!one || !two) throw new Error('no image');
	const [left, right] = [one, two].map(image =>
		formatMeasurements(localPolicy(image, maker.publicKey, image.releaseKey).measurements),
	);
	t.deepEqual(
		Object.keys(left ?? {}).filter(register => left?.[register]?.expected !== right?.[register]?.expected),
		['9'],
	);
	t.deepEqual(
		(await listImages(home)).map(({version}) => version),
		['v1.1.0', 'v1.0.0'],
	);
});

test('check names every file that changed; a changed statement, signature or manifest makes the image unusable', async t => {
	const {home, from} = await newHome(t);
	const {folder} = await makeImage({version: 'v1.0.0', from, dataHome: home});
	for (const file of ['node', 'node.mjs']) {
		await chmod(join(folder, file), 0o600);
		await appendFile(join(folder, file), 'x');
	}
	const {checks} = await checkImage({version: 'v1.0.0', dataHome: home});
	t.deepEqual(
		checks.map(({what, ok}) => `${what} ${ok}`),
		['machine.mjs true', 'node.mjs false', 'node false'],
	);
	await rm(join(folder, 'node'));
	t.is((await checkImage({version: 'v1.0.0', dataHome: home})).checks[2]?.actual, 'missing');
	for (const [file, change] of [
		['measurements.json', (text: string) => text.replace('"expected":"', '"expected":"0')],
		['measurements.json', (text: string) => `${text}\n`],
		['measurements.json.sig', (text: string) => text.slice(0, -4)],
		['manifest.json', (text: string) => text.replace('--no-addons', '--inspect')],
		['manifest.json', (text: string) => text.replace('"node.mjs"', '"../../evil.mjs"')],
		['manifest.json', (text: string) => text.replace('v1.0.0', 'v1.0.1')],
		['manifest.json', () => 'no JSON'],
	] as const) {
		const path = join(folder, file);
		const original = await readFile(path, 'utf8');
		await chmod(path, 0o600);
		await writeFile(path, change(original));
		const error = await t.throwsAsync(async () => loadImage({version: 'v1.0.0', dataHome: home}), {instanceOf: AppError}, file);
		t.is(error.code, file === 'manifest.json' ? 'image-damaged' : 'image-unsigned');
		t.truthy((await listImages(home))[0]?.problem);
		await writeFile(path, original);
	}
	await rm(join(folder, 'measurements.json.sig'));
	await t.throwsAsync(async () => loadImage({version: 'v1.0.0', dataHome: home}), {message: /measurements.json.sig is missing/});
});

test('an image signed by another key, or that of another version, is not used', async t => {
	const {home, from} = await newHome(t);
	const other = await newHome(t);
	const {folder} = await makeImage({version: 'v1.0.0', from, dataHome: home});
	const foreign = await makeImage({version: 'v1.0.0', from, dataHome: other.home});
	const newer = await makeImage({version: 'v2.0.0', from, dataHome: home});
	const put = async (source: string): Promise<void> => {
		for (const file of ['measurements.json', 'measurements.json.sig']) {
			await chmod(join(folder, file), 0o600);
			await writeFile(join(folder, file), await readFile(join(source, file)));
		}
	};
	await put(foreign.folder);
	await t.throwsAsync(async () => loadImage({version: 'v1.0.0', dataHome: home}), {
		message: /not signed by this user’s release key/,
	});
	await put(newer.folder);
	await t.throwsAsync(async () => loadImage({version: 'v1.0.0', dataHome: home}), {message: /those of v2.0.0/});
});

test('a version is taken once; what is there already is used and compared with its source', async t => {
	const {home, from} = await newHome(t);
	const options = {version: 'v1.0.0', from, dataHome: home};
	const first = await ensureImage(options);
	t.deepEqual([first.made, first.current], [true, true]);
	const second = await ensureImage(options);
	t.deepEqual([second.made, second.current], [false, true]);
	await appendFile(from.bundle, 'newer');
	t.false((await ensureImage(options)).current);
	const error = await t.throwsAsync(async () => makeImage(options), {instanceOf: AppError});
	t.is(error.code, 'image-exists');
	t.is(error.exitCode, 3);
	t.deepEqual(await readdir(join(home, 'images')), ['v1.0.0']);
	const race = await Promise.all([1, 2, 3].map(async () => ensureImage({...options, version: 'v2.0.0'})));
	t.is(race.filter(({made}) => made).length, 1);
	// What a killed run left is removed once nobody can be working on it any more.
	const leftover = join(home, 'images', '.making-v3.0.0-00000000');
	await mkdir(leftover);
	await ensureImage({...options, version: 'v3.0.0'});
	t.true((await readdir(join(home, 'images'))).includes('.making-v3.0.0-00000000'));
	await utimes(leftover, 0, 0);
	await ensureImage({...options, version: 'v4.0.0'});
	t.false((await readdir(join(home, 'images'))).includes('.making-v3.0.0-00000000'));
});

test('what cannot be made says why and leaves nothing behind', async t => {
	const {home, from} = await newHome(t);
	for (const version of ['1.0.0', 'v1', 'v1.0.0/..', '../v1.0.0', 'v01.0.0', '']) {
		await t.throwsAsync(async () => makeImage({version, from, dataHome: home}), {
			instanceOf: AppError,
			code: 'image-version-invalid',
		});
	}
	await t.throwsAsync(async () => makeImage({version: 'v1.0.0', from: {...from, bundle: join(home, 'none')}, dataHome: home}), {
		code: 'ENOENT',
	});
	t.deepEqual(await readdir(join(home, 'images')), []);
	await t.throwsAsync(async () => loadImage({version: 'v1.0.0', dataHome: home}), {instanceOf: AppError, code: 'image-missing'});
	t.deepEqual(await listImages(join(home, 'nowhere')), []);
	if (process.getuid?.() === 0) return;
	await chmod(join(home, 'images'), 0o500);
	await t.throwsAsync(async () => makeImage({version: 'v1.0.0', from, dataHome: home}), {
		instanceOf: AppError,
		code: 'image-not-written',
	});
	await chmod(join(home, 'images'), 0o700);
});

test('the release key is made once, private, and also under a race', async t => {
	const {home} = await newHome(t);
	const folder = join(home, 'release-key');
	const keys = await Promise.all(Array.from({length: 8}, async () => ensureReleaseKey(folder)));
	t.is(new Set(keys.map(({publicKey}) => Buffer.from(publicKey).toString('hex'))).size, 1);
	t.is((await stat(join(folder, 'private.pem'))).mode & 0o777, 0o600);
	t.is((await stat(folder)).mode & 0o777, 0o700);
	t.deepEqual((await readdir(folder)).toSorted(), ['private.pem', 'public.pem']);
	t.deepEqual(await readReleasePublicKey(folder), keys[0]?.publicKey);
	t.is(createPublicKey(await readFile(join(folder, 'public.pem'))).asymmetricKeyDetails?.namedCurve, 'prime256v1');
	await writeFile(join(folder, 'private.pem'), 'CANARY');
	const error = await t.throwsAsync(async () => ensureReleaseKey(folder), {instanceOf: AppError, code: 'release-key-unusable'});
	t.notRegex(`${error.message} ${error.stack} ${JSON.stringify(error)}`, /CANARY/);
	await mkdir(join(home, 'empty'));
	await t.throwsAsync(async () => readReleasePublicKey(join(home, 'empty')), {code: 'release-key-unusable'});
});

test('the data folder follows the base directory specification', t => {
	t.is(dataHome({XDG_DATA_HOME: '/data', HOME: '/home/a'}), '/data/constellation');
	t.is(dataHome({XDG_DATA_HOME: 'relative', HOME: '/home/a'}), '/home/a/.local/share/constellation');
	t.is(dataHome({HOME: '/home/a'}), '/home/a/.local/share/constellation');
	t.throws(() => dataHome({}), {instanceOf: AppError, code: 'no-data-home'});
});

test('parameters of a node are read back, and every other command line is refused', t => {
	const [maker, release] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
	const params = parametersOf(maker, release);
	t.deepEqual(parseParameters(params), {provider: 'local', variant: 'local-vtpm', makerDigest: maker, releaseDigest: release});
	for (const bad of [
		params.slice(1),
		[...params, 'constellation.debug=1'],
		[...params, params[0] ?? ''],
		params.map(param => param.replace('maker=01', 'maker=0')),
		params.map(param => param.replace('local-vtpm', 'LOCAL')),
		['service', 'join-service'],
	]) {
		t.throws(() => parseParameters(bad), {message: /command line/});
	}
	// No two command lines have one text.
	t.not(measuredCommandLine(['a b'], []), measuredCommandLine(['a', 'b'], []));
	t.not(measuredCommandLine([], ['a']), measuredCommandLine(['a'], []));
	t.is(measuredCommandLine([], [], {B: '1', A: '2'}), measuredCommandLine([], [], {A: '2', B: '1'}));
});

test('Kubernetes components have the order and hash of v2.9', t => {
	t.true(kubernetesVersions.includes(defaultKubernetesVersion));
	for (const version of kubernetesVersions) {
		const {components, controlPlaneImages} = kubernetesComponents(version);
		t.deepEqual(
			components.map(({installPath}) => installPath),
			['/opt/cni/bin', '/run/state/bin', '/run/state/bin/kubelet', '/run/state/bin/kubeadm', '/run/state/bin/kubectl'],
		);
		for (const {url, hash} of components) t.true(/^https:\/\//.test(url) && /^sha256:[0-9a-f]{64}$/.test(hash));
		t.regex(controlPlaneImages['kube-apiserver'] ?? '', new RegExp(`:${version}@sha256:`));
	}
	// The set of Kubernetes v1.26.6 in v2.9.1 and the name it had there.
	const hashes = [
		'f3a841324845ca6bf0d4091b4fc7f97e18a623172158b72fc3fdcdb9d42d2d37',
		'd335d6e16c309fbc3ff1a29a7e49bb253b5c9b4b030990bf7c6b48687f985cee',
		'da82477404414eb342d6b93533f372aa1c41956a57517453ef3d39ebbfdf8cc2',
		'ba699c3c26aaf64ef46d34621de9f3b62e37656943e09f23dc3bf5aa7b3f5094',
		'ee23a539b5600bba9d6a404c6d4ea02af3abee92ad572f1b003d6f5a30c6f8ab',
	];
	const set = hashes.map(hash => ({url: '', hash: `sha256:${hash}`, installPath: '', extract: false}));
	t.is(componentsHash(set), 'sha256:405fe26a24a309707216ff06cefa149bea4c56aa2737f0dd8d5f8ce1aebaa333');
	for (const version of ['v1.0.0', '1.32.9', 'constructor', '__proto__'])
		t.throws(() => kubernetesComponents(version), {instanceOf: AppError});
});
