import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../../src/errors.ts';
import type {Event, Flow} from '../../src/events.ts';
import {requireConcerns} from '../../src/flows/concerns.ts';
import type {FetchWishes} from '../../src/flows/config-measurements.ts';
import {adoptMeasurements, fetchMeasurements, requireAccepted} from '../../src/flows/fetch-measurements.ts';
import {changeLines, fetchedJson} from '../../src/flows/measurement-words.ts';
import type {TrustWorld} from '../../src/flows/trust-world.ts';
import {loadImage} from '../../src/releases/image.ts';
import {makeImage} from '../../src/releases/make-image.ts';
import {trustFolder, trustStore} from '../../src/trust/bundle/store.ts';
import {httpsGet} from '../../src/trust/net/get.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {newLog, newSigner} from '../helpers/forge-log.ts';
import {httpsServer} from '../helpers/https-server.ts';
import {allVariants, fileJson, publish, publishInLog} from '../helpers/measurements-world.ts';

const key = newSigner();
const image = {ref: '-', stream: 'stable', version: 'v2.9.1'};
const sections: Readonly<Record<string, string>> = {
	'aws-nitro-tpm': 'awsNitroTPM',
	'aws-sev-snp': 'awsSEVSNP',
	'azure-sev-snp': 'azureSEVSNP',
	'azure-trustedlaunch': 'azureTrustedLaunch',
	'azure-tdx': 'azureTDX',
	'gcp-sev-es': 'gcpSEVES',
	'gcp-sev-snp': 'gcpSEVSNP',
	'qemu-vtpm': 'qemuVTPM',
	'qemu-tdx': 'qemuTDX',
};

async function world(t: ExecutionContext) {
	const home = await mkdtemp(join(tmpdir(), 'fetch-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	const server = await httpsServer(t);
	const log = newLog('localhost');
	const workspace = workspaceAt(home);
	const dataHome = join(home, 'data');
	const trust: TrustWorld = {
		get: httpsGet({env: {}, ca: [server.ca]}),
		store: trustStore(trustFolder(dataHome)),
		dataHome,
		now: () => Date.UTC(2026, 0, 1),
		kept: async () => undefined,
		localImage: async version => {
			const found = await loadImage({version, dataHome});
			const signer = {name: 'release key of this machine', key: found.releaseKey, pinned: false};
			return {content: found.measurements, signature: found.signature, source: found.folder, signer};
		},
	};
	const config = workspace.path('config');
	const events: Event[] = [];
	const finish = async <R>(flow: Flow<R>): Promise<R> => {
		for (;;) {
			const {value, done} = await flow.next();
			if (done === true) return value;
			events.push(value);
		}
	};
	const fetchWith = (wishes: FetchWishes = {}) => finish(fetchMeasurements(workspace, trust, wishes));
	const keys = `trust:\n  measurements: ${server.url}\n  keys: [${Buffer.from(key.key).toString('base64')}]\n`;
	return {home, server, log, workspace, trust, config, events, finish, fetchWith, keys, dataHome};
}

const foreignConfig = (csp: string, variant: string, more: string) => `version: v3
image: v2.9.1 # keep me
name: 1e5
provider:
    ${csp.toLowerCase()}:
        whatever: [1, 2]
attestation:
    # what a node has to prove
    ${sections[variant] ?? ''}:
        measurements:
            # the kernel
            ${variant === 'qemu-tdx' ? 0 : 4}:
                expected: ${'1234'.repeat(variant === 'qemu-tdx' ? 24 : 16)}
                warnOnly: false
${more}`;

test('configs of every provider get what their variant measures, and keep everything else', async t => {
	const {server, config, fetchWith, finish, trust, keys} = await world(t);
	publish(server, image, fileJson(), key);
	for (const [csp, variant] of allVariants.filter(([, name]) => name !== 'local-vtpm')) {
		const text = foreignConfig(csp, variant, keys);
		await writeFile(config, text);
		const fetched = await fetchWith();
		t.false(fetched.needsConsent, `${variant}: placeholders are no decision`);
		t.is(fetched.verified.statement.csp, csp);
		await finish(adoptMeasurements(fetched, trust));
		const written = await readFile(config, 'utf8');
		t.regex(written, /image: v2\.9\.1 # keep me\nname: 1e5\n/);
		t.regex(written, /whatever: \[ 1, 2 \]|whatever: \[1, 2\]/);
		t.regex(written, /# what a node has to prove\n/);
		t.regex(written, /# the kernel\n/);
		t.regex(written, variant === 'qemu-tdx' ? /"a{96}"/ : /"a{64}"/);
		t.notRegex(written, /1234/);
		const again = await fetchWith();
		t.deepEqual([again.changes.length, again.needsConsent], [0, false]);
		t.is((await trust.store.read('measurements', 'v2.9.1'))?.blobs.length, 2);
	}
});

test('the name that a cloud has for its image stays; which version it is has to be said', async t => {
	const {server, config, fetchWith, finish, trust, keys} = await world(t);
	publish(server, image, fileJson(), key);
	for (const [named, problem] of [
		['ami-0123456789abcdef0', /ami-0123456789abcdef0, which does not say what version/],
		['""', /names no image yet/],
	] as const) {
		await writeFile(config, foreignConfig('AWS', 'aws-nitro-tpm', keys).replace('v2.9.1 # keep me', named));
		const error = await t.throwsAsync(fetchWith(), {code: 'image-version-invalid', message: problem});
		t.regex(error instanceof AppError ? error.next.join() : '', /--version v1\.2\.3/);
		await finish(adoptMeasurements(await fetchWith({version: 'v2.9.1'}), trust));
		t.regex(await readFile(config, 'utf8'), named === '""' ? /^image: "?v2\.9\.1"?$/m : /^image: ami-0123456789abcdef0$/m);
	}
});

test('a change of what the config pins takes a consent, and is shown register by register', async t => {
	const {server, config, fetchWith, finish, trust, keys, events} = await world(t);
	publish(server, image, fileJson(), key);
	await writeFile(config, foreignConfig('QEMU', 'qemu-vtpm', keys));
	await finish(adoptMeasurements(await fetchWith(), trust));
	const json = fileJson('v2.9.1', 'b');
	const entry = json.list.find(({csp}) => csp === 'QEMU');
	if (entry)
		entry.measurements = {
			4: {expected: 'b'.repeat(64), warnOnly: true},
			9: {expected: 'c'.repeat(64), warnOnly: false},
			15: {expected: '0'.repeat(64), warnOnly: false},
		};
	publish(server, image, json, key);
	const fetched = await fetchWith();
	t.true(fetched.needsConsent);
	t.deepEqual(
		fetchedJson(fetched).changes.map(({register, old, new: next, enforced}) => [register, old?.[0], next?.[0], ...enforced]),
		[
			[4, 'a', 'b', true, false],
			[5, 'a', undefined, false, null],
			[9, undefined, 'c', null, true],
		],
	);
	const lines = changeLines(fetched).join('\n');
	for (const words of [
		/weaker: a difference here no longer refuses/,
		/old {2}not looked at/,
		/not looked at any more/,
		/log {10}not checked: signed by a key of your own/,
		/key 1 of the config/,
	])
		t.regex(lines, words);
	t.throws(() => requireAccepted(fetched, 'sha256:00'), {instanceOf: AppError, code: 'measurements-not-accepted'});
	t.notThrows(() => requireAccepted(fetched, fetched.verified.digest));
	t.true(events.some(event => event.type === 'check' && event.id === 'measurements-log' && event.state === 'warning'));
	// What only warns from now on is a change too.
	const weaker = fileJson();
	for (const {measurements} of weaker.list) for (const value of Object.values(measurements)) value.warnOnly = true;
	publish(server, image, weaker, key);
	const loosened = await fetchWith();
	t.deepEqual([loosened.needsConsent, loosened.changes.map(({register}) => register)], [true, [4, 15]]);
	// Each way in which the config would demand less is one concern, accepted by its code and never with the measurements.
	const codes = loosened.concerns.map(({code, message}) => [code, message.split(' ', 2).join(' ')]);
	t.deepEqual(codes, [
		['policy-weaker', 'Register 4'],
		['policy-weaker', 'Register 15'],
		['cluster-register-missing', 'Register 15'],
	]);
	t.deepEqual(fetchedJson(loosened).concerns, loosened.concerns);
	t.regex(changeLines(loosened).join('\n'), /by itself: Register 15 is not enforced.*\(cluster-register-missing\)/);
	const {problems} = t.throws(() => requireConcerns(loosened.concerns, ['policy-weaker']), {
		instanceOf: AppError,
		code: 'policy-concerns',
	});
	t.deepEqual(
		problems.map(({path}) => path),
		['cluster-register-missing'],
	);
	t.notThrows(() => requireConcerns(loosened.concerns, ['cluster-register-missing', 'policy-weaker']));
	t.deepEqual(
		fetched.concerns.map(({message}) => message),
		['Register 4 would only be reported, not enforced.'],
	);
	// Nothing was written before the consent.
	t.regex(await readFile(config, 'utf8'), /"a{64}"/);
});

test('the config, the flags and the log decide together', async t => {
	const {server, log, config, fetchWith, keys, home} = await world(t);
	const put = () => publish(server, image, fileJson(), key);
	const own = `${keys}  transparency: require\n  log: {name: localhost, url: "${server.url}", key: ${Buffer.from(log.log.key).toString('base64')}}\n`;
	await writeFile(config, foreignConfig('GCP', 'gcp-sev-es', own));
	const code = async (wishes: FetchWishes = {}) => {
		const error = await t.throwsAsync(fetchWith(wishes), {instanceOf: AppError});
		return `${error.code} ${error.exitCode}`;
	};
	t.is(await code(), 'not-published 7');
	put();
	server.site.set('/api/v1/index/retrieve', '[]');
	t.is(await code(), 'measurements-not-logged 5');
	t.is((await fetchWith({transparency: 'warn'})).verified.log.state, 'not-checked');
	publishInLog(server, log, put(), key);
	t.is((await fetchWith()).verified.log.state, 'logged');
	const pem = join(home, 'other.pem');
	await writeFile(pem, newSigner().pem);
	t.is(await code({keyFile: pem}), 'measurements-unsigned 5');
	await writeFile(pem, key.pem);
	t.is((await fetchWith({keyFile: pem})).verified.signer.name, `key in ${pem}`);
	for (const keyFile of ['/nowhere/key.pem', '/']) t.is(await code({keyFile}), 'signer-key-unusable 2');
	t.is(await code({version: 'v2.9.0'}), 'not-published 7');
	t.is(await code({version: 'latest'}), 'image-version-invalid 2');
	t.is(await code({from: 'http://localhost/'}), 'download-refused 5');
	t.is(await code({from: join(home, 'nothing.json')}), 'measurements-missing 3');
	t.is(await code({from: 'bundle'}), 'measurements-missing 3');
	const next = {...image, version: 'v2.9.2'};
	publishInLog(server, log, publish(server, next, fileJson('v2.9.2'), key), key);
	t.regex((await fetchWith({version: 'v2.9.2'})).edited, /image: "v2\.9\.2" # keep me/);
	await writeFile(config, foreignConfig('GCP', 'gcp-sev-es', 'trust: {transparency: maybe, x: 1}\n'));
	t.is(await code(), 'invalid-config 2');
	await rm(config);
	t.is(await code(), 'config-missing 3');
});

test('a local cluster gets the values of its image, register 12 from its own keys, and another signer never goes unnoticed', async t => {
	const {home, dataHome, config, fetchWith, finish, trust} = await world(t);
	const from = {bundle: join(home, 'bundle'), launcher: join(home, 'launcher'), runtime: join(home, 'runtime')};
	for (const [name, file] of Object.entries(from)) await writeFile(file, name);
	await makeImage({version: 'v0.1.0', from, dataHome});
	const {generateConfig} = await import('../../src/config/generate.ts');
	const maker = newSigner();
	const text = generateConfig({image: 'v0.1.0'}).replace(
		'localVTPM: {}',
		`localVTPM:\n    makerKey: ${Buffer.from(maker.key).toString('base64')}`,
	);
	await writeFile(config, text);
	const fetched = await fetchWith();
	t.deepEqual(
		fetched.changes.map(({register}) => register),
		[4, 9, 11, 12, 15],
	);
	t.false(fetched.needsConsent);
	await finish(adoptMeasurements(fetched, trust));
	t.is((await fetchWith()).changes.length, 0);
	// Another key for the same image is a change of who is believed.
	await writeFile(
		config,
		(await readFile(config, 'utf8')).replace(/releaseKey: "[^"]+"/, `releaseKey: ${Buffer.from(key.key).toString('base64')}`),
	);
	const other = await fetchWith();
	t.true(other.needsConsent);
	t.regex(changeLines(other).join('\n'), /signer +old {2}sha256:/);
});
