import {spawn} from 'node:child_process';
import {chmodSync, existsSync, lstatSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {join, relative} from 'node:path';
import {inflateRawSync} from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import {dataKey, measurementSecret} from '../../src/keys/derive.ts';
import {encodeKmsUri} from '../../src/keys/kms-uri.ts';
import {parseMasterSecret} from '../../src/keys/master-secret.ts';
import {parseIds} from '../../src/workspace/id-file.ts';
import {e2e, expectNothingLeft, newWorld, textOf, type World, workingFolder} from '../helpers/e2e.ts';
import {until} from '../helpers/local-cluster.ts';
import {nobody, openRuntime} from '../helpers/nobody.ts';

const world = newWorld();
const observer = observe(world);

test.after.always(async () => {
	observer.stop();
	await world.close();
});

e2e('no secret shows in a process, a stream or a file of Terraform, journal, logs and doctor', async t => {
	await world.expect(t, 0, 'config generate local --name canary --workers 1');
	await world.expect(t, 0, 'apply --yes');
	await world.expect(t, 0, 'status');
	await world.expect(t, 0, 'verify');
	await world.expect(t, 0, `doctor --bundle ${world.file('report.json')}`);
	t.is((await world.run('apply --yes --plain')).code, 0);
	observer.look();
	t.true(observer.has('terraform plan'), 'the plan was never seen');
	t.true(observer.commandLines() > 10, 'the processes of the cluster were never seen');
	t.true(observer.initSecrets().length === 1, 'the init secret was never seen');
	t.is(parseIds(readFileSync(world.file('constellation-id.json'), 'utf8')).initSecret, undefined);
	expectClean(t, canaries(observer));
	// The search finds what is there: the file of the master secret holds it.
	const [, master] = canaries(observer);
	t.is(master?.name, 'master secret');
	const text = readFileSync(world.file('constellation-mastersecret.json'));
	t.true(master?.forms.some(form => text.includes(form)));
});

e2e('no secret shows after a SIGKILL of the tool in the middle of an apply', async t => {
	const killed = newWorld();
	t.teardown(() => killed.close());
	const seen = observe(killed);
	t.teardown(() => seen.stop());
	await killed.expect(t, 0, 'config generate local --name killed --workers 1');
	for (const entry of ['apply intent', 'master-secret done', 'init intent']) {
		const run = killed.start(['apply', '--yes', '--json']);
		await until(entry, () => killed.journal().includes(entry), 60_000);
		seen.look();
		run.child.kill('SIGKILL');
		t.is((await run.finished).signal, 'SIGKILL');
	}
	seen.look();
	expectClean(t, canaries(seen), seen);
	await killed.expect(t, 0, 'terminate --yes');
	expectClean(t, canaries(seen), seen);
	await expectNothingLeft(t, killed);
});

e2e('another user of this computer reads no key, state, store or secret and reaches no socket', async t => {
	if (process.getuid?.() !== 0) {
		t.log('SKIPPED: only root can act as another user');
		t.pass();
		return;
	}
	// Nothing around the cluster protects it: what counts are the modes that the tool itself gave.
	for (const folder of [world.home, join(world.home, 'd'), world.workspace]) chmodSync(folder, 0o755);
	const files = [...below(world.cluster()), ...below(join(world.dataHome, 'release-key')), ...secretFiles(world)];
	const sockets = files.filter(file => lstatSync(file).isSocket());
	for (const name of ['control.sock', 'metadata.sock', 'tpm.sock', 'key-join.sock', 'key-storage.sock'])
		t.true(
			sockets.some(socket => socket.endsWith(name)),
			name,
		);
	const secret = files.filter(file => !file.endsWith('public.pem'));
	t.deepEqual(
		secret.filter(file => (statSync(file).mode & 0o077) !== 0),
		[],
		'files that others may open',
	);
	const runtime = openRuntime(t);
	t.deepEqual(await reachable(runtime, secret), []);
	// The same with every folder opened: each file and socket keeps others out by itself, too.
	const folders = [...new Set(secret.flatMap(file => parents(file, world.home)))];
	const modes = folders.map(folder => [folder, statSync(folder).mode] as const);
	t.teardown(() => {
		for (const [folder, mode] of modes) if (existsSync(folder)) chmodSync(folder, mode);
	});
	for (const folder of folders) chmodSync(folder, 0o755);
	t.deepEqual(await reachable(runtime, secret), []);
	t.deepEqual(await reachable(runtime, [join(world.dataHome, 'release-key', 'public.pem')]), [
		`${join(world.dataHome, 'release-key', 'public.pem')}: read`,
	]);
});

e2e('the cluster of these tests is removed with all it had', async t => {
	await world.expect(t, 0, 'terminate --yes');
	expectClean(t, canaries(observer));
	observer.look();
	expectClean(t, canaries(observer));
});

type Canary = {name: string; forms: Buffer[]};

/** Every form in which the secrets of the observed world would be recognised. */
function canaries(seen: ReturnType<typeof observe>): Canary[] {
	const {file} = seen.world;
	const found: Canary[] = seen.initSecrets().map(secret => ({name: 'init secret', forms: formsOf(secret)}));
	if (existsSync(file('constellation-mastersecret.json'))) {
		const master = parseMasterSecret(readFileSync(file('constellation-mastersecret.json'), 'utf8'));
		found.push(
			{name: 'master secret', forms: formsOf(master.key.reveal())},
			{name: 'storage key', forms: formsOf(dataKey(master, 'store', 32))},
			{name: 'measurement secret', forms: formsOf(measurementSecret(master))},
			{name: 'KMS URI', forms: [Buffer.from(encodeKmsUri(master))]},
		);
	}
	return [...found, ...seen.keys()];
}

/** Raw, hex, base64 and base64url; of base64 only what does not depend on what follows. */
function formsOf(secret: Uint8Array): Buffer[] {
	const bytes = Buffer.from(secret);
	const texts = [bytes.toString('hex'), bytes.toString('hex').toUpperCase()];
	for (const encoding of ['base64', 'base64url'] as const)
		for (const skipped of [0, 1, 2])
			texts.push(bytes.subarray(skipped, skipped + Math.floor((bytes.length - skipped) / 3) * 3).toString(encoding));
	return [bytes, ...texts.map(text => Buffer.from(text)), ...texts.slice(2).map(text => Buffer.from(encodeURIComponent(text)))];
}

function expectClean(t: ExecutionContext, secrets: readonly Canary[], seen = observer): void {
	t.true(secrets.length > 0);
	const texts = [...seen.texts(), ...filesOf(seen.world)];
	t.true(texts.length > 5);
	for (const [place, text] of texts)
		for (const {name, forms} of secrets) if (forms.some(form => text.includes(form))) t.fail(`${place} holds the ${name}`);
}

/** All files of a world but those whose purpose is to hold a secret; the runtime's copy is left out for its size. */
function filesOf({home, workspace, outputs}: World): [string, Buffer][] {
	const own = ['constellation-mastersecret.json', 'constellation-id.json', 'constellation-admin.conf'].map(name =>
		join(workspace, name),
	);
	const excluded = (file: string) =>
		own.includes(file) ||
		file.endsWith('maker.pem') ||
		file.endsWith('receipt-key.pem') ||
		file.endsWith('private.pem') ||
		/images\/[^/]+\/node$/.test(file);
	return [
		...below(home)
			.filter(file => !excluded(file) && lstatSync(file).isFile())
			.map((file): [string, Buffer] => [relative(home, file), readFileSync(file)]),
		...outputs.map((text, index): [string, Buffer] => [`output ${index}`, Buffer.from(text)]),
	];
}

/** All that is no folder below a folder. */
function below(folder: string): string[] {
	return readdirSync(folder, {withFileTypes: true, recursive: true})
		.filter(entry => !entry.isDirectory())
		.map(entry => join(entry.parentPath, entry.name));
}

const secretFiles = ({workspace}: World): string[] => [
	...readdirSync(workspace)
		.filter(name => name.startsWith('constellation-') && statSync(join(workspace, name)).isFile())
		.map(name => join(workspace, name)),
	...below(join(workspace, 'constellation-terraform')),
	...below(join(workspace, '.constellation')),
];

/** The folders from `top`, without it, down to a file. */
function parents(file: string, top: string): string[] {
	const folder = join(file, '..');
	return folder === top || folder === '/' ? [] : [...parents(folder, top), folder];
}

/** What of these files and sockets another user can open. */
function reachable(runtime: string, files: readonly string[]): Promise<string[]> {
	return new Promise((resolve, reject) => {
		const script = `
			const {closeSync, lstatSync, openSync} = require('node:fs');
			const {connect} = require('node:net');
			let text = '';
			process.stdin.on('data', part => (text += part)).on('end', async () => {
				const found = [];
				for (const file of JSON.parse(text)) {
					try { closeSync(openSync(file, 'r')); found.push(file + ': read'); } catch {}
					try { closeSync(openSync(file, 'a')); found.push(file + ': write'); } catch {}
					if (!file.endsWith('.sock')) continue;
					await new Promise(done => {
						const socket = connect(file, () => { found.push(file + ': connect'); socket.destroy(); done(); });
						socket.on('error', done);
					});
				}
				process.stdout.write(JSON.stringify(found));
			});`;
		const child = spawn(runtime, ['-e', script], {
			...nobody,
			cwd: '/',
			env: {},
			stdio: ['pipe', 'pipe', 'inherit'],
		});
		let out = '';
		child.once('error', reject);
		child.stdout.on('data', (part: Buffer) => (out += part.toString()));
		child.once('close', () => {
			try {
				resolve(JSON.parse(out) as string[]);
			} catch (error) {
				reject(error instanceof Error ? error : new Error(String(error)));
			}
		});
		child.stdin.end(JSON.stringify(files));
	});
}

/**
 * Watches a world: command line and environment of every process that works for it, Terraform's plan while it is there, the init secret before
 * it is erased, and private keys.
 */
function observe(of: World) {
	const processes = new Map<string, Buffer>();
	const plans = new Map<string, Buffer>();
	const initSecrets = new Map<string, Uint8Array>();
	const before = new Set(readdirSync('/proc'));
	const look = () => {
		for (const pid of readdirSync('/proc')) {
			if (!/^\d+$/.test(pid) || before.has(pid) || Number(pid) === process.pid) continue;
			const [line, environment] = [textOf(`/proc/${pid}/cmdline`), textOf(`/proc/${pid}/environ`)];
			const isOurs = [line, environment, `${workingFolder(pid) ?? ''}/`].some(text => text.includes(`${of.home}/`));
			if (!isOurs) continue;
			processes.set(`command line ${line}`, Buffer.from(line, 'latin1'));
			processes.set(`environment ${environment}`, Buffer.from(environment, 'latin1'));
		}
		const folder = of.file('constellation-terraform');
		for (const file of existsSync(folder) ? below(folder) : []) {
			const bytes = contentOf(file);
			if (bytes?.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004')
				for (const [name, content] of unzipped(bytes)) plans.set(`terraform plan ${name}`, content);
		}
		const id = contentOf(of.file('constellation-id.json'));
		const secret = id === undefined ? undefined : parseIds(id.toString('utf8')).initSecret?.reveal();
		if (secret !== undefined) initSecrets.set(Buffer.from(secret).toString('hex'), secret);
	};
	const timer = setInterval(look, 15);
	return {
		world: of,
		look,
		stop: () => clearInterval(timer),
		commandLines: () => [...processes.keys()].filter(key => key.startsWith('command line')).length,
		has: (what: string) => [...plans.keys()].some(key => key.startsWith(what)),
		initSecrets: () => [...initSecrets.values()],
		texts: (): [string, Buffer][] => [...processes, ...plans],
		/** The body of every private key in its own file; nothing else may hold it. */
		keys: (): Canary[] =>
			[
				of.file('constellation-admin.conf'),
				...below(of.home).filter(file => file.endsWith('.pem') && !file.endsWith('public.pem')),
			].flatMap(file => {
				const text = contentOf(file)?.toString('utf8') ?? '';
				const body = /client-key-data: (\S{60})/.exec(text)?.[1] ?? /PRIVATE KEY-----\s+\S{36}(\S{24})/.exec(text)?.[1];
				return body === undefined ? [] : [{name: `key of ${relative(of.home, file)}`, forms: [Buffer.from(body)]}];
			}),
	};
}

function contentOf(file: string): Buffer | undefined {
	try {
		return readFileSync(file);
	} catch {
		return undefined; // Not there yet, or no more.
	}
}

/** The files in a zip archive, found through its directory; nothing of one that is still being written. */
function* unzipped(archive: Buffer): Generator<[string, Buffer]> {
	const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
	if (end < 0) return;
	let at = archive.readUInt32LE(end + 16);
	for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
		const [size, nameLength, offset] = [
			archive.readUInt32LE(at + 20),
			archive.readUInt16LE(at + 28),
			archive.readUInt32LE(at + 42),
		];
		const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
		const start = offset + 30 + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
		const content = archive.subarray(start, start + size);
		yield [name, archive.readUInt16LE(at + 10) === 8 ? inflateRawSync(content) : content];
		at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
	}
}
