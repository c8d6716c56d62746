import {createHash} from 'node:crypto';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {AppError} from '../../src/errors.ts';
import {measurementsPath, publicMirror} from '../../src/trust/measurements/release-path.ts';
import {pinnedSignerOf, releaseSigner, type Signer, signerFromPem, signerOf} from '../../src/trust/measurements/signer.ts';
import {type MeasurementDeps, type MeasurementRequest, measurementSource} from '../../src/trust/measurements/source.ts';
import {httpsGet} from '../../src/trust/net/get.ts';
import {newLog, newSigner} from '../helpers/forge-log.ts';
import {httpsServer} from '../helpers/https-server.ts';
import {allVariants, type FileJson, fileJson, publish, publishInLog} from '../helpers/measurements-world.ts';

const image = {ref: '-', stream: 'stable', version: 'v2.9.1'};
const key = newSigner();
// As a pinned key: the log has to vouch for it by default.
const pinned: Signer = {name: 'release key', key: key.key, pinned: true};
const own: Signer = {...pinned, name: 'key of your own', pinned: false};

async function world(t: ExecutionContext) {
	const server = await httpsServer(t);
	const log = newLog('localhost');
	const deps: MeasurementDeps = {
		get: httpsGet({env: {}, ca: [server.ca]}),
		kept: async () => undefined,
		localImage: async () => Promise.reject(new Error('not asked')),
	};
	const request: Omit<MeasurementRequest, 'csp' | 'variant'> = {
		source: {from: 'url', url: server.url},
		image,
		signers: [pinned],
		log: {...log.log, url: server.url},
	};
	const refusal = async (changed: MeasurementRequest, with_ = deps) => {
		const error = await t.throwsAsync(measurementSource(changed, with_), {instanceOf: AppError});
		return `${error.code} ${error.exitCode}${error.problems.map(({path}) => ` ${path}`).join('')}`;
	};
	return {server, log, deps, request, refusal};
}

test('a mirror gives every variant its measurements, and shows nobody the wrong ones', async t => {
	const {server, log, deps, request, refusal} = await world(t);
	const put = (json: unknown, signer = key) => publishInLog(server, log, publish(server, image, json, signer), signer);
	for (const [csp, variant] of allVariants) {
		const wanted = {...request, csp, variant};
		put(fileJson());
		const found = await measurementSource(wanted, deps);
		t.is(found.statement.variant, variant);
		t.is(found.statement.csp, csp);
		t.is(found.log.state, 'logged');
		t.is(found.signer, pinned);
		t.is(found.digest, `sha256:${createHash('sha256').update(found.kept.content).digest('hex')}`);
		t.is(found.source, `${server.url}/constellation/v2/ref/-/stream/stable/v2.9.1/image/measurements.json`);

		const name = `${csp} ${variant}`;
		const others = allVariants.filter(([, other]) => other !== variant);
		const elsewhere = allVariants.filter(([provider]) => provider !== csp);
		const renamed = (change: (json: FileJson) => void) => {
			const json = fileJson();
			change(json);
			return json;
		};
		for (const [what, json, expected] of [
			['older', fileJson('v2.9.0'), 'measurements-mismatch 5 version'],
			['newer', fileJson('v2.10.0'), 'measurements-mismatch 5 version'],
			['other ref', {...fileJson(), ref: 'main'}, 'measurements-mismatch 5 ref'],
			['other stream', {...fileJson(), stream: 'debug'}, 'measurements-mismatch 5 stream'],
			['without the variant', fileJson('v2.9.1', 'a', others), 'measurements-mismatch 5 list'],
			['without the provider', fileJson('v2.9.1', 'a', elsewhere), 'measurements-mismatch 5 list'],
			['twice', renamed(file => file.list.push(...file.list.slice(0, 11))), 'measurements-malformed 5'],
			['unknown key', {...fileJson(), extra: 1}, 'measurements-malformed 5'],
			['unknown key of an entry', renamed(file => Object.assign(file.list[0] ?? {}, {extra: 1})), 'measurements-malformed 5'],
		] as const) {
			put(json);
			t.is(await refusal(wanted), expected, `${name} ${what}`);
		}
		// Swapped: signed by somebody else, or the signature of another file.
		put(fileJson(), newSigner());
		t.is(await refusal(wanted), 'measurements-unsigned 5', name);
		const good = publish(server, image, fileJson(), key);
		server.site.set(`${good.path}.sig`, signBlob(Buffer.from('another file'), key.privateKey));
		t.is(await refusal(wanted), 'measurements-unsigned 5', name);
		// The right file, but the log has only another one.
		publishInLog(server, log, publish(server, image, fileJson('v2.9.1', 'b'), key), key);
		publish(server, image, fileJson(), key);
		t.is(await refusal(wanted), 'measurements-not-logged 5 log', name);
	}
});

test('an unknown provider or variant is left out; what makes a file unreadable is refused', async t => {
	const {server, log, deps, request, refusal} = await world(t);
	const wanted = {...request, csp: 'QEMU', variant: 'qemu-vtpm'} as const;
	const [first = {csp: '', attestationVariant: '', measurements: {}}] = fileJson('v2.9.1', 'a', [['QEMU', 'qemu-vtpm']]).list;
	const put = (list: unknown, others: object = {}) =>
		publishInLog(server, log, publish(server, image, {...image, list, ...others}, key), key);
	put([
		{...first, csp: 'Unknown'},
		{...first, attestationVariant: 'dummy'},
		{...first, csp: 'qemu'},
	]);
	t.is((await measurementSource(wanted, deps)).statement.measurements.size, 3);
	for (const [list, others] of [
		['x'],
		[[1]],
		[[{...first, csp: 1}]],
		[[{...first, measurements: {24: 'aa'}}]],
		[[{...first, measurements: {4: {expected: 'aa', warnOnly: false}}}]],
		[Array.from({length: 65}, (_, index) => ({...first, csp: `p${index}`}))],
		[[first], {arguments: [1]}],
		[[first], {version: 'v2.9'}],
		[[first], {ref: '../..'}],
		[[first], {stream: 'a b'}],
	] as const) {
		put(list, others);
		t.regex(await refusal(wanted), /^measurements-malformed 5/, JSON.stringify([list, others]).slice(0, 80));
	}
	const {path} = publish(server, image, {}, key);
	const twice = Buffer.from(`${JSON.stringify({...image, list: []}).slice(0, -1)},"list":${JSON.stringify([first])}}`);
	server.site.set(path, twice);
	server.site.set(`${path}.sig`, signBlob(twice, key.privateKey));
	t.is(await refusal(wanted), 'measurements-malformed 5');
	server.site.set(path, 'x'.repeat(64 * 1024 + 1));
	t.is(await refusal(wanted), 'download-refused 5');
	server.site.delete(path);
	t.is(await refusal(wanted), 'not-published 7');
	server.site.set(path, twice);
	server.site.delete(`${path}.sig`);
	t.is(await refusal(wanted), 'measurements-unsigned 5');
	server.site.set(`${path}.sig`, 'This is not a signature.');
	t.is(await refusal(wanted), 'measurements-unsigned 5');
});

test('the log is asked when the policy needs it, and its silence is told', async t => {
	const {server, log, deps, request, refusal} = await world(t);
	const wanted = {...request, csp: 'GCP', variant: 'gcp-sev-es'} as const;
	const file = publish(server, image, fileJson(), key);
	const stateOf = async (changed: MeasurementRequest, with_ = deps) => {
		server.asked.length = 0;
		const {log: verdict} = await measurementSource(changed, with_);
		return `${verdict.state} ${server.asked.filter(path => path.includes('/api/')).length}`;
	};
	t.is(await refusal(wanted), 'not-published 7');
	t.is(await stateOf({...wanted, transparency: 'warn'}), 'not-checked 1');
	server.site.set('/api/v1/index/retrieve', '[]');
	t.is(await refusal(wanted), 'measurements-not-logged 5 log');
	t.is(await stateOf({...wanted, transparency: 'warn'}), 'not-logged 1');
	t.is(await stateOf({...wanted, signers: [own]}), 'not-checked 0');
	t.is(await refusal({...wanted, signers: [own], transparency: 'require'}), 'measurements-not-logged 5 log');
	const entry = publishInLog(server, log, file, key);
	t.is(await stateOf(wanted), 'logged 2');
	t.is(await stateOf({...wanted, signers: [own], transparency: 'require'}), 'logged 2');
	t.is(await refusal({...wanted, log: {...log.log, key: newSigner().key, url: server.url}}), 'measurements-not-logged 5 log');

	// From an imported bundle nobody is asked, whatever the policy says.
	const kept = (more: object): MeasurementDeps => ({...deps, kept: async () => ({...file, source: 'bundle', ...more})});
	const offline: MeasurementRequest = {...wanted, source: {from: 'bundle'}};
	t.is(await stateOf(offline, kept({entry})), 'logged 0');
	t.is(await stateOf({...offline, transparency: 'warn'}, kept({})), 'not-checked 0');
	t.is(await refusal(offline, kept({})), 'measurements-not-logged 5 log');
	t.is(await refusal(offline, kept({entry: Buffer.from('{}')})), 'measurements-not-logged 5 log');
	t.is(await refusal(offline), 'measurements-missing 3');
});

test('files and folders are read like mirrors; the image of this machine counts with its own key only', async t => {
	const {server, deps, request, refusal} = await world(t);
	const folder = await mkdtemp(join(tmpdir(), 'measurements-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	const {content, signature} = publish(server, image, fileJson(), key);
	const file = join(folder, measurementsPath(image));
	await mkdir(dirname(file), {recursive: true});
	await writeFile(file, content);
	const wanted: MeasurementRequest = {
		...request,
		signers: [own],
		csp: 'Azure',
		variant: 'azure-tdx',
		source: {from: 'file', path: folder},
	};
	t.is(await refusal(wanted), 'measurements-unsigned 5');
	t.is(await refusal({...wanted, source: {from: 'file', path: `${file}.other`}}), 'measurements-missing 3');
	await writeFile(`${file}.sig`, signature);
	t.is((await measurementSource(wanted, deps)).source, file);
	t.is(
		(await measurementSource({...wanted, source: {from: 'file', path: file}}, deps)).statement.measurements.get(15)?.expected
			.length,
		32,
		'with TDX on Azure the registers of the machine’s TPM are measured',
	);
	await writeFile(file, Buffer.alloc(70_000));
	t.is(await refusal(wanted), 'download-refused 5');
	await writeFile(`${file}.sig`, Buffer.alloc(2000));
	await writeFile(file, content);
	t.is(await refusal(wanted), 'download-refused 5');

	const local: MeasurementRequest = {...request, csp: 'Local', variant: 'local-vtpm', source: {from: 'workspace'}};
	const machine = (signer: Signer): MeasurementDeps => ({
		...deps,
		localImage: async () => ({content, signature, source: 'image files', signer}),
	});
	t.is((await measurementSource(local, machine(own))).signer.name, 'key of your own');
	t.is(await refusal(local, machine({...own, key: newSigner().key})), 'measurements-unsigned 5');
	t.is(server.asked.length, 0);
});

test('pinned keys, and the vectors of v2.9', t => {
	t.is(publicMirror, 'https://cdn.confidential.cloud');
	t.is(
		createHash('sha256').update(releaseSigner.key).digest('hex'),
		'aacb05912991be1cee23a617a6a8d7ea2a4e48a9a48a2e217472b958b6017d7c',
	);
	t.is(pinnedSignerOf(image), releaseSigner);
	const development = '258f544fd426a1f048eafb18a07f7a20d2c07dc7818811cea2ae0521cdcea91d';
	for (const other of [
		{ref: '-', stream: 'debug'},
		{ref: 'main', stream: 'nightly'},
		{ref: 'main', stream: 'stable'},
	])
		t.is(createHash('sha256').update(pinnedSignerOf(other).key).digest('hex'), development);

	const vectors: [content: string, spki: string, signature: string][] = [
		[
			'{"version":"v1.0.0-test","ref":"-","stream":"stable","list":[{"csp":"Unknown","attestationVariant":"dummy","measurements":{"0":{"expected":"0000000000000000000000000000000000000000000000000000000000000000","warnOnly":false}}}]}',
			'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEu78QgxOOcao6U91CSzEXxrKhvFTtJHNy+eX6EMePtDm8CnDF9HSwnTlD0itGJ/XHPQA5YX10fJAqI1y+ehlFMw==',
			'MEUCIHuW2420EqN4Kj6OEaVMmufH7d01vyR1J+SWg8H4elyBAiEA1Ki5Hfq0iI70qpViYbrTFrd8e840NjtdAxGqJKiJgbA=',
		],
		[
			'This is some content to be signed!\n',
			'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElWUhon39eAqzEC+/GP03oY4/MQg+gCDlEzkuOCybCHf+q766bve799L7Y5y5oRsHY1MrUCUwYF/tL7Sg7EYMsA==',
			'MEUCIQDzMN3yaiO9sxLGAaSA9YD8rLwzvOaZKWa/bzkcjImUFAIgXLLGzClYUd1dGbuEiY3O/g/eiwQYlyxqLQalxjFmz+8=',
		],
	];
	for (const [text, spki, signature] of vectors) {
		const pem = `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`;
		const signer = signerFromPem(pem, 'cosign.pub');
		t.is(signerOf(Buffer.from(text), Buffer.from(signature), [releaseSigner, signer]), signer);
		t.is(signerOf(Buffer.from(`${text} `), Buffer.from(signature), [releaseSigner, signer]), undefined);
		t.is(signerOf(Buffer.from(text), Buffer.from(signature), [releaseSigner]), undefined);
	}
	const secret = newSigner().privateKey.export({format: 'pem', type: 'pkcs8'});
	for (const pem of ['', 'x', secret])
		t.throws(() => signerFromPem(pem, 'the key'), {instanceOf: AppError, code: 'signer-key-unusable'});
});
