import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {globSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {type AddressInfo, createServer} from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {formatMeasurements, type Measurement} from '../../src/attestation/measurements.ts';
import {issuerOf, type LocalPolicy} from '../../src/attestation/variant.ts';
import {AppError} from '../../src/errors.ts';
import type {Event, Flow, RefusalView, VerifyCheck} from '../../src/events.ts';
import type {Dependencies} from '../../src/flows/dependencies.ts';
import {expectationsFrom} from '../../src/flows/expectations.ts';
import {saveRawDocument} from '../../src/flows/raw-document.ts';
import type {TrustWorld} from '../../src/flows/trust-world.ts';
import {type Verified, verifyCluster} from '../../src/flows/verify.ts';
import {verifyAndRecord} from '../../src/flows/verify-run.ts';
import {type NamedTarget, type VerifyTarget, verifyTarget, withPort} from '../../src/flows/verify-target.ts';
import {verifyWords} from '../../src/flows/verify-words.ts';
import {emptyView} from '../../src/fold.ts';
import {plainLines} from '../../src/output/plain-lines.ts';
import {verifyTable} from '../../src/output/verify-table.ts';
import {serveStatements} from '../../src/services/verification/main.ts';
import type {KeptMeasurements} from '../../src/trust/measurements/source.ts';
import {openReceipt} from '../../src/trust/receipt/receipt.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {writeStamp} from '../../src/workspace/stamp.ts';
import {answerBytes, leafOf, newLog, newSigner} from '../helpers/forge-log.ts';
import {golden} from '../helpers/golden.ts';
import {newMachine, newMaker} from '../helpers/local-machine.ts';
import {type Recorded, recorded, serveRecorded} from '../helpers/v29-verifier.ts';

const never = new AbortController().signal;
const unused = (): never => {
	throw new Error('not part of this test');
};

/** The workspace in an empty folder, and a clock; anything else fails when it is used. */
function depsIn(folder = mkdtempSync(path.join(tmpdir(), 'verify-')), nonceHex?: string): Dependencies {
	const provider = new Proxy({} as Dependencies['provider'], {get: unused});
	const journal = new Proxy({} as Dependencies['journal'], {get: unused});
	return {
		workspace: workspaceAt(folder),
		journal,
		provider,
		now: () => Date.parse('2026-11-22T18:30:00.000Z'),
		pause: () => Promise.resolve(),
		random: bytes => (nonceHex === undefined ? new Uint8Array(bytes).fill(7) : Buffer.from(nonceHex, 'hex')),
		hashSecret: unused,
		secretMatches: unused,
		terraform: unused,
		image: unused,
		policyOf: unused,
		vouch: unused,
		kube: unused,
	};
}

type Ended<R> = {events: Event[]; value?: R; error?: AppError; checks: readonly VerifyCheck[]};

async function finish<R>(flow: Flow<R>): Promise<Ended<R>> {
	const events: Event[] = [];
	const table = () => events.findLast(event => event.type === 'verify')?.checks ?? [];
	try {
		for (;;) {
			const next = await flow.next();
			if (next.done === true) return {events, value: next.value, checks: table()};
			events.push(next.value);
		}
	} catch (error) {
		if (!(error instanceof AppError)) throw error;
		return {events, error, checks: table()};
	}
}

/** Writes the text of a file and gives its path. */
function file(text: string, name = 'expected'): string {
	const place = path.join(mkdtempSync(path.join(tmpdir(), 'source-')), name);
	writeFileSync(place, text);
	return place;
}

/** A config as v2.9 writes it, its values unquoted where YAML would read a number. */
const v29Config = ({measurements}: Recorded, key = 'qemuVTPM') => `version: v3
image: v2.9.1
name: constell
provider:
  qemu: {imageFormat: raw, vcpus: 2}
attestation:
  ${key}:
    measurements:
${Object.entries(measurements)
	.map(([index, {expected, warnOnly}]) => `      ${index}:\n        expected: ${expected}\n        warnOnly: ${warnOnly}`)
	.join('\n')}
`;

const listOf = ({measurements}: Recorded, ...csps: string[]) =>
	JSON.stringify({
		version: 'v2.9.1',
		ref: '-',
		stream: 'stable',
		list: csps.map(csp => ({csp, attestationVariant: 'qemu-vtpm', measurements})),
	});

/** Challenges a peer that plays `peer`'s document, with nothing but what is named. */
async function challenge(t: ExecutionContext, peer: Recorded, named: Partial<NamedTarget>, nonceHex = peer.nonceHex) {
	const deps = depsIn(undefined, nonceHex);
	const endpoint = await serveRecorded(t, peer.document);
	const target = await verifyTarget(deps, {clusterId: peer.clusterIdHex, endpoint, ...named});
	const ended = await finish(verifyAndRecord(deps, target, never));
	t.deepEqual(readdirSync(deps.workspace.folder), [], 'an empty folder stays empty');
	return {...ended, target, endpoint};
}

const consent = {acceptUnknownKeys: true};
const verdicts = (checks: readonly VerifyCheck[]) => checks.map(({check, verdict}) => `${check}: ${verdict}`);

for (const id of ['initialised', 'worked-example']) {
	test(`a v2.9 cluster: ${id}`, async t => {
		const peer = recorded(id);
		const {value, checks, target, endpoint} = await challenge(t, peer, {measurements: file(v29Config(peer)), ...consent});
		t.truthy(value);
		t.deepEqual(
			verdicts(checks).filter(line => !/: ok$/.test(line)),
			['key-certificate-missing: warning', 'other registers (0-3 5-7 10 14 16-23): not-checked'],
		);
		t.is(checks.filter(({check}) => check.startsWith('register ')).length, 7);
		t.regex(checks.find(({check}) => check.startsWith('register 15'))?.source ?? '', /cluster ID of --cluster-id/);
		const words = value ? verifyWords(target, value).join(' ') : '';
		t.true(words.includes(`not proof that ${endpoint} is that node.`), words);
		t.true(words.includes('Nothing here proves that a genuine TPM made it.'), words);
	});
}

const peer = recorded('initialised');
const wrongCluster = 'ab'.repeat(32);
const changed: Recorded = {
	...peer,
	measurements: {
		...peer.measurements,
		4: {expected: 'cd'.repeat(32), warnOnly: false},
		9: {expected: 'ef'.repeat(32), warnOnly: true},
	},
};

const sources: [string, string, Partial<NamedTarget>][] = [
	['the attestation config of the cluster', JSON.stringify({measurements: peer.measurements}), {variant: 'qemu-vtpm'}],
	['bare measurements', JSON.stringify(peer.measurements), {variant: 'qemu-vtpm'}],
	['a measurements file', listOf(peer, 'QEMU'), {}],
	['a measurements file, provider named', listOf(peer, 'QEMU', 'OpenStack'), {provider: 'stackit'}],
];
for (const [name, text, named] of sources) {
	test(`a source of expected values: ${name}`, async t => {
		const {value, checks} = await challenge(t, peer, {measurements: file(text), ...named, ...consent});
		t.truthy(value);
		t.regex(checks.find(({check}) => check.startsWith('register 4'))?.source ?? '', /^expected(, not signed)?$/);
	});
}

const signer = newSigner();
const keyText = Buffer.from(signer.key).toString('base64');

/** Nobody may be asked: what is signed is here already. */
const worldWith = (kept?: KeptMeasurements): TrustWorld => ({
	get: unused,
	store: new Proxy({} as TrustWorld['store'], {get: unused}),
	dataHome: '/nowhere',
	now: () => 1,
	kept: () => Promise.resolve(kept),
	localImage: unused,
});

test('signed measurements: signature, key, image and variant count, and the proof goes along', async t => {
	const content = Buffer.from(listOf(peer, 'QEMU'));
	const signature = signBlob(content, signer.privateKey);
	const place = file(content.toString(), 'measurements.json');
	writeFileSync(`${place}.sig`, signature);
	const endpoint = await serveRecorded(t, peer.document);
	const named = {clusterId: peer.clusterIdHex, endpoint, measurements: place, variant: 'qemu-vtpm', ...consent};
	const deps = depsIn(undefined, peer.nonceHex);
	const target = await verifyTarget(deps, {...named, trust: {keys: [keyText]}}, worldWith());
	const keyFile = file(signer.pem, 'own.pem');
	const byFile = await verifyTarget(deps, {...named, keyFile}, worldWith());
	t.true(byFile.expectations?.source.includes(`signed by the key in ${keyFile}`));
	t.truthy((await finish(verifyCluster(deps, target, never))).value);
	t.regex(target.expectations?.source ?? '', /measurements\.json, signed by the key 1 of the config, log not checked/);
	t.deepEqual(Buffer.from(target.expectations?.signed?.file ?? []), content);

	const log = newLog();
	const entry = answerBytes(log.answer(log.partsOf(leafOf({content, signature, publicKey: signer.pem}))));
	const trust = {keys: [keyText], log: {name: log.log.name, url: log.log.url, key: Buffer.from(log.log.key).toString('base64')}};
	const bundled = {...named, measurements: 'bundle', image: 'v2.9.1', trust: {...trust, transparency: 'require' as const}};
	const logged = await verifyTarget(deps, bundled, worldWith({content, signature, entry, source: 'a bundle'}));
	t.regex(logged.expectations?.source ?? '', /^a bundle, signed by the key 1 of the config, logged publicly: log\.test/);
	t.is(logged.expectations?.signed?.log?.name, 'log.test');

	const codes: [string, Partial<NamedTarget>, TrustWorld][] = [
		['measurements-unsigned', {}, worldWith()],
		['measurements-mismatch', {image: 'v2.9.0', trust: {keys: [keyText]}}, worldWith()],
		['measurements-mismatch', {variant: 'gcp-sev-es', trust: {keys: [keyText]}}, worldWith()],
		[
			'measurements-not-logged',
			{trust: {keys: [keyText], transparency: 'require' as const}, measurements: 'bundle', image: 'v2.9.1'},
			worldWith({content, signature, source: 'a bundle'}),
		],
		['measurements-missing', {measurements: 'bundle', image: 'v2.9.1'}, worldWith()],
		['usage', {measurements: 'https://mirror.test'}, worldWith()],
		['usage', {variant: 'dummy'}, worldWith()],
	];
	for (const [code, change, world] of codes)
		t.is((await t.throwsAsync(verifyTarget(deps, {...named, ...change}, world), {instanceOf: AppError})).code, code);
});

const unusable: [string, string, Partial<NamedTarget>, string, number][] = [
	['no variant', JSON.stringify(peer.measurements), {}, 'usage', 2],
	['no key of the machines', JSON.stringify(peer.measurements), {variant: 'local-vtpm'}, 'measurements-unusable', 3],
	['an unknown variant', JSON.stringify(peer.measurements), {variant: 'dummy'}, 'usage', 2],
	['several providers', listOf(peer, 'QEMU', 'OpenStack'), {}, 'usage', 2],
	['nothing for the variant', listOf(peer, 'QEMU'), {variant: 'gcp-sev-es'}, 'measurements-unusable', 3],
	['another variant', v29Config(peer), {variant: 'gcp-sev-es'}, 'usage', 2],
	['no measurements at all', '{"measurements": {}}', {variant: 'qemu-vtpm'}, 'policy-invalid', 2],
	['silent about the cluster', JSON.stringify({4: peer.measurements['4']}), {variant: 'qemu-vtpm'}, 'policy-invalid', 2],
	['keys that stand twice', '{"measurements": {}, "measurements": {}}', {variant: 'qemu-vtpm'}, 'measurements-unusable', 3],
	['two variants', `${v29Config(peer)}  awsNitroTPM: {}\n`, {}, 'invalid-config', 2],
	['no variant in the config', 'version: v3\nattestation: {}\n', {}, 'invalid-config', 2],
	['an unknown section', v29Config(peer, 'dummy'), {}, 'invalid-config', 2],
	['no YAML', 'a: [', {}, 'invalid-config', 2],
	['too large', `# ${'a'.repeat(1024 * 1024)}`, {}, 'measurements-unusable', 3],
];
test('expected values that cannot be used are named before anybody is asked', async t => {
	for (const [name, text, named, code, exitCode] of unusable) {
		const place = {clusterId: peer.clusterIdHex, endpoint: '127.0.0.1:1', measurements: file(text)};
		const error = await t.throwsAsync(verifyTarget(depsIn(), {...place, ...named}), {instanceOf: AppError}, name);
		t.is(error.code, code, name);
		t.true(error.exitCode === exitCode, name);
	}
	const missing = {clusterId: peer.clusterIdHex, endpoint: '127.0.0.1:1', measurements: '/nowhere/at/all'};
	t.is((await t.throwsAsync(verifyTarget(depsIn(), missing), {instanceOf: AppError})).code, 'measurements-unusable');
});

const refusals: [string, Partial<NamedTarget>, string | undefined, string[]][] = [
	['no consent to an unknown key', {measurements: file(v29Config(peer))}, undefined, ['key-certificate-missing']],
	['another cluster', {measurements: file(v29Config(peer)), clusterId: wrongCluster, ...consent}, undefined, ['register 15']],
	['other software', {measurements: file(v29Config(changed)), ...consent}, undefined, ['register 4']],
	[
		'all at once',
		{measurements: file(v29Config(changed)), clusterId: wrongCluster},
		undefined,
		['key-certificate-missing', 'register 4', 'register 15'],
	],
	['an old answer', {measurements: file(v29Config(peer)), ...consent}, '11'.repeat(32), ['quote-challenge']],
];
for (const [name, named, nonceHex, paths] of refusals) {
	test(`refused with every finding, exit 5: ${name}`, async t => {
		const {error, checks} = await challenge(t, peer, named, nonceHex);
		t.is(error?.exitCode, 5);
		t.is(error?.code, 'attestation-refused');
		t.deepEqual(error?.problems.map(problem => problem.path).sort(), paths.toSorted());
		t.false(
			verdicts(checks).some(line => line.endsWith(': ok')),
			'what was not proved is not ok',
		);
		const {refusal, findings} = error?.details as {refusal: RefusalView; findings: unknown[]};
		t.true(findings.length >= paths.length);
		t.true(refusal.likely.length > 0 && refusal.step.length > 0);
		t.is(refusal.register === 15, refusal.likely.startsWith('The cluster ID is not that'));
		if (refusal.expected !== undefined && refusal.register !== undefined) t.is(refusal.expectedFrom, 'expected');
	});
}

test('without expected values nothing is checked, and all that is not is listed; exit 5', async t => {
	const {error, checks} = await challenge(t, peer, {});
	t.is(error?.code, 'nothing-to-compare');
	t.is(error?.exitCode, 5);
	t.deepEqual(
		verdicts(checks),
		['challenge', 'key', 'registers', 'cluster ID'].map(check => `${check}: not-checked`),
	);
	t.is(error?.problems.length, 4);
});

/** An address that nobody listens at. */
async function silentEndpoint(): Promise<string> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	server.close();
	await once(server, 'close');
	return `127.0.0.1:${port}`;
}

test('nobody answers: exit 7, with and without expected values', async t => {
	const endpoint = await silentEndpoint();
	for (const measurements of [file(v29Config(peer)), undefined]) {
		const target = await verifyTarget(depsIn(), {
			clusterId: peer.clusterIdHex,
			endpoint,
			...(measurements === undefined ? {} : {measurements}),
		});
		t.is((await finish(verifyCluster(depsIn(), target, never))).error?.exitCode, 7);
	}
});

test('a workspace of this tool is enough; its own cluster leaves receipts, good and bad', async t => {
	const folder = mkdtempSync(path.join(tmpdir(), 'verify-'));
	const ip = '127.91.7.29';
	await serveRecorded(t, peer.document, `${ip}:30081`);
	const ids = {clusterID: peer.clusterIdHex, uid: 'qemu', cloudprovider: 'QEMU', ip};
	writeFileSync(path.join(folder, 'constellation-id.json'), JSON.stringify(ids));
	writeFileSync(path.join(folder, 'constellation-conf.yaml'), v29Config(peer));
	const deps = depsIn(folder, peer.nonceHex);
	const unstamped = await finish(verifyAndRecord(deps, await verifyTarget(deps, consent), never));
	t.truthy(unstamped.value);
	t.is(unstamped.value?.receipt, undefined, 'a v2.9 workspace is not written to');
	t.deepEqual(readdirSync(folder).sort(), ['constellation-conf.yaml', 'constellation-id.json']);
	await writeStamp(deps.workspace);
	const good = await finish(verifyAndRecord(deps, await verifyTarget(deps, consent), never));
	t.truthy(good.value?.receipt);
	t.is(good.checks.find(({check}) => check.startsWith('register 4'))?.source, 'constellation-conf.yaml');
	t.regex(good.checks.find(({check}) => check.startsWith('register 15'))?.source ?? '', /constellation-id\.json/);
	const bad = await finish(verifyAndRecord(deps, await verifyTarget(deps, {}), never));
	t.is(bad.error?.exitCode, 5);
	const names = readdirSync(path.join(folder, 'constellation-receipts')).sort();
	t.deepEqual(names, ['2026-11-22T18-30-00Z-verify-2.cbor', '2026-11-22T18-30-00Z-verify.cbor']);
	const [second, first] = names.map(name => openReceipt(readFileSync(path.join(folder, 'constellation-receipts', name))).receipt);
	t.is(first?.outcome, 'accepted');
	t.true(first?.exceptions.some(text => text.includes('nothing vouches for')));
	t.is(Buffer.from(first?.config ?? []).toString('hex'), createHash('sha256').update(v29Config(peer)).digest('hex'));
	t.is(second?.outcome, 'refused');
	t.deepEqual(
		second?.nodes[0]?.findings.map(({code}) => code),
		['key-certificate-missing'],
	);
	t.is(statSync(path.join(folder, '.constellation/receipt-key.pem')).mode & 0o777, 0o600);
	const other = await verifyTarget(deps, {clusterId: wrongCluster, ...consent});
	await finish(verifyAndRecord(deps, other, never));
	t.is(readdirSync(path.join(folder, 'constellation-receipts')).length, 2, 'another cluster leaves none');
});

test('a config of Google Cloud names the project that nodes belong to, unless its policy does', t => {
	const config = (more: string) => `version: v3
image: v2.9.1
provider:
  gcp: {project: my-project, region: europe-west3}
attestation:
  gcpSEVES:
    measurements: ${JSON.stringify(peer.measurements)}
${more}`;
	const projectsIn = (text: string) => {
		const {policy} = expectationsFrom(Buffer.from(text), 'config', {});
		return policy.variant === 'gcp-sev-es' ? policy.projects : 'another variant';
	};
	t.deepEqual(projectsIn(config('')), ['my-project']);
	t.deepEqual(projectsIn(config('    projects: [other-project]\n')), ['other-project']);
	t.is(projectsIn(config('').replace('my-project', '""')), undefined);
	t.is(projectsIn(config('').replace('gcp: {project: my-project, region: europe-west3}', 'qemu: {}')), undefined);
});

test('a local cluster, from nothing but its attestation config', async t => {
	const maker = newMaker();
	const {software, tpm} = newMachine(maker, {name: 'control-plane-0', role: 'control-plane'});
	const clusterId = new Uint8Array(32).fill(3);
	const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest();
	const digest = sha256(Buffer.from('launcher'));
	software.measure(4, [{algorithm: 11, digest}], 'launcher');
	await tpm.extend(15, clusterId);
	const enforced = (expected: Uint8Array): Measurement => ({expected, warnOnly: false});
	const policy: LocalPolicy = {
		variant: 'local-vtpm',
		measurements: new Map([
			[4, enforced(sha256(Buffer.concat([Buffer.alloc(32), digest])))],
			[15, enforced(new Uint8Array(32))],
		]),
		makerKey: maker.publicKey,
		releaseKey: maker.publicKey,
	};
	const {grpcPort, stop} = await serveStatements(issuerOf('local-vtpm', tpm), {
		grpc: {host: '127.0.0.1', port: 0},
		http: {host: '127.0.0.1', port: 0},
	});
	t.teardown(stop);
	const settings = {
		measurements: formatMeasurements(policy.measurements),
		makerKey: Buffer.from(maker.publicKey).toString('base64'),
		releaseKey: Buffer.from(maker.publicKey).toString('base64'),
	};
	const named = {clusterId: Buffer.from(clusterId).toString('base64'), endpoint: `127.0.0.1:${grpcPort}`};
	// The certificate of the machine is made now.
	const deps = {...depsIn(), now: Date.now};
	const documents: Uint8Array[] = [];
	const target: VerifyTarget = {
		...(await verifyTarget(deps, {...named, measurements: file(JSON.stringify(settings))})),
		onAnswer: async document => {
			documents.push(document);
		},
	};
	const {value, checks} = await finish(verifyCluster(deps, target, never));
	t.is(value?.attested.machine?.name, 'control-plane-0');
	t.deepEqual(verdicts(checks), [
		'challenge: ok',
		'key: ok',
		'register 4, launcher: ok',
		'register 15, cluster ID: ok',
		'other registers (0-3 5-14 16-23): not-checked',
	]);
	t.true(verifyWords(target, value as Verified).some(words => words.startsWith('Rehearsal: same protocol.')));
	t.deepEqual(Buffer.from(documents[0] ?? []), Buffer.from(value?.attested.document ?? []));
});

test('a raw document goes to a new file only', async t => {
	const place = path.join(mkdtempSync(path.join(tmpdir(), 'raw-')), 'document');
	await saveRawDocument(place, Buffer.from(peer.document));
	t.is(readFileSync(place, 'utf8'), peer.document);
	t.is((await t.throwsAsync(saveRawDocument(place, Buffer.from('x')), {instanceOf: AppError})).code, 'file-exists');
	t.is(readFileSync(place, 'utf8'), peer.document);
});

test('the table for people, wide and narrow, and the plain lines of both outcomes', async t => {
	const good = await challenge(t, peer, {measurements: file(v29Config(peer)), ...consent});
	const bad = await challenge(t, peer, {measurements: file(v29Config(changed)), clusterId: wrongCluster});
	const texts = [good, bad].map(({events, endpoint, checks}) => {
		const shown = events.flatMap(event => (event.type === 'verify' ? plainLines({...event, endpoint: 'HOST'}, emptyView) : []));
		const tables = [120, 80, 60, 40].flatMap(width => {
			const lines = verifyTable(checks, width);
			t.deepEqual(
				lines.filter(line => line.length > width),
				[],
				`${width} columns`,
			);
			return [`--- ${width}`, ...lines];
		});
		return [...shown, ...tables, ''].join('\n').replaceAll(endpoint, 'HOST');
	});
	golden(t, 'verify/table.txt', texts.join('\n=====\n'));
});

test('an endpoint gets its port, an IPv6 address its brackets', t => {
	for (const [given, expected] of [
		['host', 'host:30081'],
		['host:1', 'host:1'],
		['10.0.0.1', '10.0.0.1:30081'],
		['::1', '[::1]:30081'],
		['[::1]', '[::1]:30081'],
		['[::1]:7', '[::1]:7'],
	] as const)
		t.is(withPort(given, 30_081), expected);
});

test('a policy of a config is read as one of the cluster is', t => {
	const {policy, imageVersion} = expectationsFrom(Buffer.from(v29Config(peer)), 'x', consent);
	t.is(policy.variant, 'qemu-vtpm');
	t.is(imageVersion, 'v2.9.1');
	t.deepEqual(formatMeasurements(policy.measurements), peer.measurements);
});

test('what a check needs beside the evidence is asked for, and what is missing is said', async t => {
	const endpoint = await serveRecorded(t, peer.document);
	const target = await verifyTarget(depsIn(), {
		clusterId: peer.clusterIdHex,
		endpoint,
		measurements: file(v29Config(peer)),
		...consent,
	});
	const asked: string[] = [];
	const collateral = (policy: {variant: string}, document: Uint8Array) => {
		asked.push(`${policy.variant} ${document.length}`);
		return Promise.resolve({collateral: {}, missing: ['The list of AMD could not be fetched.']});
	};
	const {value, events} = await finish(verifyCluster({...depsIn(undefined, peer.nonceHex), collateral}, target, never));
	t.truthy(value);
	t.deepEqual(asked, [`qemu-vtpm ${peer.document.length}`]);
	t.like(
		events.find(event => event.type === 'warning'),
		{code: 'collateral-missing', message: 'The list of AMD could not be fetched.'},
	);
});

test('every refusal is explained in one place only: screens and JSON show what explain gives', t => {
	const makers = globSync('{src,components}/**/*.{ts,tsx}').filter(name => /\blikely: /.test(readFileSync(name, 'utf8')));
	// The form of it, and what makes its words harmless.
	const others = makers.filter(name => !name.startsWith('src/attestation/advice/'));
	t.deepEqual(others.sort(), ['src/attestation/explain.ts', 'src/events.ts', 'src/fold.ts']);
	const users = globSync('src/flows/*.ts').filter(name => /\bexplain\(/.test(readFileSync(name, 'utf8')));
	t.deepEqual(users.sort(), ['src/flows/join-stream.ts', 'src/flows/node-channel.ts']);
});
