import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {newSigner} from '../helpers/forge-log.ts';
import {fileJson} from '../helpers/measurements-world.ts';
import {startPty} from '../helpers/pty.ts';
import {compiled, tool} from '../helpers/tool.ts';

/** A workspace of a v2.9 cluster, and a measurements file signed by a key of its owner. */
function world(t: ExecutionContext) {
	const home = mkdtempSync(path.join(tmpdir(), 'trust-'));
	t.teardown(() => rmSync(home, {recursive: true, force: true}));
	const cwd = path.join(home, 'w');
	mkdirSync(cwd);
	const key = newSigner();
	writeFileSync(path.join(home, 'cosign.pub'), key.pem);
	const put = (digit: string, warnOnly?: boolean) => {
		const json = fileJson('v2.9.1', digit);
		for (const {measurements} of json.list) if (warnOnly !== undefined && measurements[4]) measurements[4].warnOnly = warnOnly;
		const content = Buffer.from(JSON.stringify(json));
		writeFileSync(path.join(home, 'measurements.json'), content);
		writeFileSync(path.join(home, 'measurements.json.sig'), signBlob(content, key.privateKey));
	};
	const config = path.join(cwd, 'constellation-conf.yaml');
	writeFileSync(config, 'version: v3\nimage: v2.9.1\nprovider:\n  qemu: {}\nattestation:\n  qemuVTPM: {} # nothing yet\n');
	const env = {PATH: process.env['PATH'] ?? '', HOME: home, XDG_DATA_HOME: path.join(home, 'd'), ...compiled};
	const run = (...args: readonly string[]) => {
		const [runtime = '', ...rest] = tool;
		const {status, stdout, stderr} = spawnSync(runtime, [...rest, ...args, '--json'], {
			cwd,
			encoding: 'utf8',
			env,
			timeout: 120_000,
		});
		const last = stdout.trim().split('\n').at(-1) ?? '';
		return {code: status, stderr, result: (last.startsWith('{') ? JSON.parse(last) : {}) as Record<string, unknown>};
	};
	const fetchWith = (...more: readonly string[]) =>
		run('config', 'fetch-measurements', '--from', '../measurements.json', '--key', '../cosign.pub', ...more);
	return {home, cwd, config, env, put, run, fetchWith};
}

const digestOf = (file: string) => `sha256:${createHash('sha256').update(readFileSync(file)).digest('hex')}`;

test('measurements: --yes pins the first ones, a change takes its digest or a person, and no means 130', async t => {
	const {home, config, cwd, env, put, fetchWith} = world(t);
	put('a');
	const first = fetchWith('--yes');
	t.is(first.code, 0, first.stderr);
	t.like(first.result, {ok: true, version: 'v2.9.1', variant: 'qemu-vtpm', needsConsent: false});
	const pinned = readFileSync(config, 'utf8');
	put('b');
	const unattended = fetchWith('--yes');
	t.is(unattended.code, 5);
	t.like(unattended.result, {code: 'measurements-changed', needsConsent: true});
	t.is(readFileSync(config, 'utf8'), pinned);
	t.is(fetchWith('--accept-measurements', `sha256:${'0'.repeat(64)}`).code, 5);
	t.is(readFileSync(config, 'utf8'), pinned);
	const terminal = (answer: string) => {
		const command = [
			...tool,
			'config',
			'fetch-measurements',
			'--from',
			'../measurements.json',
			'--key',
			'../cosign.pub',
			'--yes',
			'--plain',
		];
		const pty = startPty({command, cwd, env, columns: 120, rows: 50});
		return pty.waitFor('Trust these measurements').then(async screen => {
			pty.type(answer);
			return {screen, code: await pty.exits()};
		});
	};
	const declined = await terminal('n\r');
	t.is(declined.code, 130);
	t.regex(declined.screen, /register 4 +old {2}a{64} {2}enforced/);
	t.regex(declined.screen, /new {2}b{64} {2}enforced/);
	t.is(readFileSync(config, 'utf8'), pinned);
	t.is((await terminal('y\r')).code, 0);
	t.regex(readFileSync(config, 'utf8'), /"b{64}"/);
	put('c');
	const digest = String(fetchWith().result['digest']);
	t.is(fetchWith('--accept-measurements', digest).code, 0);
	t.regex(readFileSync(config, 'utf8'), /"c{64}"/);
	// What would demand less is accepted by itself: the digest covers it as little as --yes does.
	put('d', true);
	const weaker = ['--yes', '--accept-measurements', digestOf(path.join(home, 'measurements.json'))];
	t.like(fetchWith(...weaker), {code: 5, result: {code: 'policy-concerns', problems: [{path: 'policy-weaker'}]}});
	t.regex(readFileSync(config, 'utf8'), /"c{64}"/);
	t.is(fetchWith(...weaker, '--accept-concerns', 'policy-weaker').code, 0);
	t.regex(readFileSync(config, 'utf8'), /"d{64}"/);
	t.is(fetchWith('--transparency', 'sometimes').code, 2);
});

test('what was fetched travels in a bundle to a machine without a network', t => {
	const [one, two] = [world(t), world(t)];
	one.put('a');
	t.is(one.fetchWith('--yes').code, 0);
	const file = path.join(one.home, 'trust.cbor');
	const key = path.join(one.home, 'cosign.pub');
	t.like(one.run('trust', 'export', file, '--key', key).result, {ok: true, left: 0});
	t.true(existsSync(file));
	t.is(one.run('trust', 'export', file, '--key', key).code, 3);
	t.is(two.run('trust', 'import', file).code, 5);
	t.is(two.run('trust', 'import', file, '--key', key).code, 0);
	t.like(two.run('config', 'fetch-measurements', '--from', 'bundle', '--key', key, '--yes').result, {
		ok: true,
		digest: String(one.fetchWith().result['digest']),
	});
	t.is(two.run('config', 'fetch-measurements', '--from', 'bundle', '--yes').code, 5);
	const shown = two.run('trust', 'show', '--key', key).result as {parts?: unknown[]; calendar?: {at: number}[]};
	t.is(shown.parts?.length, 1);
	t.true((shown.calendar?.length ?? 0) > 4);
});
