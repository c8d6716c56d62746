import {once} from 'node:events';
import {
	access,
	appendFile,
	chmod,
	copyFile,
	cp,
	link,
	mkdir,
	mkdtemp,
	readFile,
	readlink,
	rename,
	rm,
	symlink,
	utimes,
	writeFile,
} from 'node:fs/promises';
import {constants, tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AttestationRefused} from '../../../src/attestation/findings.ts';
import {openTpm} from '../../../src/attestation/tpm/commands.ts';
import {issuerOf, validatorOf} from '../../../src/attestation/variant.ts';
import {localParameters} from '../../../src/attestation/variants/local/measured-boot.ts';
import {bootMachine} from '../../../src/machine/launcher/boot-machine.ts';
import {createRuntimeDigests} from '../../../src/machine/launcher/runtime-digests.ts';
import {serveTpm} from '../../../src/machine/tpm/server.ts';
import {openRegular} from '../../../src/releases/files.ts';
import {type Image, loadImage, localPolicy} from '../../../src/releases/image.ts';
import {makeImage} from '../../../src/releases/make-image.ts';
import {tpmSocket} from '../../../src/services/tpm.ts';
import {newMachine, newMaker} from '../../helpers/local-machine.ts';

/** Says what it is, waits for its TPM, and stays until it is told to go. */
const program = `
import {createReadStream, writeFileSync} from 'node:fs';
const again = [];
for await (const chunk of createReadStream('', {fd: 3})) again.push(chunk);
writeFileSync('report.json', JSON.stringify({
	image: globalThis.constellationImage, argv: process.argv.slice(2), execArgv: process.execArgv, env: process.env,
	cwd: process.cwd(), bundle: Buffer.concat(again).toString(), marker: 'MARKER',
}));
console.log('node is up');
setInterval(() => undefined, 1000);
`;

/** One image for all tests; each gets its own copy, with a link to the runtime that nobody else uses at that time. */
const shared = await mkdtemp(join(tmpdir(), 'boot-image-'));
test.before(async () => {
	await writeFile(join(shared, 'bundle'), program);
	await writeFile(join(shared, 'launcher'), 'export {};\n');
	const from = {bundle: join(shared, 'bundle'), launcher: join(shared, 'launcher'), runtime: process.execPath};
	await makeImage({version: 'v1.2.3', from, dataHome: shared});
});
test.after.always(async () => rm(shared, {recursive: true, force: true}));

async function newImage(home: string, runtime: 'linked' | 'copied' = 'linked'): Promise<Image> {
	await cp(join(shared, 'release-key'), join(home, 'release-key'), {recursive: true});
	const from = join(shared, 'images', 'v1.2.3');
	const to = join(home, 'images', 'v1.2.3');
	await cp(from, to, {recursive: true, filter: source => basename(source) !== 'node'});
	await (runtime === 'linked' ? link : copyFile)(join(from, 'node'), join(to, 'node'));
	return loadImage({version: 'v1.2.3', dataHome: home});
}

async function started(t: ExecutionContext, image: Image, folder: string) {
	const maker = newMaker();
	const {software, machine} = newMachine(maker);
	await mkdir(folder, {recursive: true});
	const server = await serveTpm(software, join(folder, 'tpm.sock'));
	const channel = tpmSocket(join(folder, 'tpm.sock'));
	t.teardown(async () => {
		channel.close();
		await server.close();
	});
	const params = localParameters(maker.publicKey, image.releaseKey);
	const boot = async (runtimeDigests = createRuntimeDigests()) => {
		const {child} = await bootMachine({image, folder, params, tpm: software, runtimeDigests});
		const ended = once(child, 'exit');
		t.teardown(async () => {
			child.kill('SIGKILL');
			await ended;
		});
		return child;
	};
	const policy = localPolicy(image, maker.publicKey, image.releaseKey);
	return {boot, params, policy, machine, tpm: openTpm(channel)};
}

async function reportOf(folder: string): Promise<Record<string, unknown>> {
	for (;;) {
		try {
			const value: unknown = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'));
			if (typeof value === 'object' && value !== null) return {...value};
		} catch {
			// Not written, or not yet whole.
		}
		await new Promise(resolve => setTimeout(resolve, 20));
	}
}

async function verdict(machine: Awaited<ReturnType<typeof started>>): Promise<(number | string | undefined)[]> {
	const nonce = Buffer.alloc(32, 7);
	const userData = Buffer.alloc(32, 9);
	const document = await issuerOf('local-vtpm', machine.tpm).issue(userData, nonce);
	try {
		const attested = validatorOf(machine.policy).validate(document, nonce, userData);
		return ['accepted', attested.machine?.name];
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings.map(({register}) => register);
		throw error;
	}
}

async function newHome(t: ExecutionContext): Promise<string> {
	const home = await mkdtemp(join(tmpdir(), 'boot-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	return home;
}

test.serial('an image boots measured, with nothing of the outside but what was measured', async t => {
	const home = await newHome(t);
	const image = await newImage(home);
	const folder = join(home, 'machine');
	process.env['CANARY'] = 'must not reach a node';
	const machine = await started(t, image, folder);
	const child = await machine.boot();
	const report = await reportOf(folder);
	t.is(report['image'], 'v1.2.3');
	t.deepEqual(report['argv'], machine.params);
	t.deepEqual(report['execArgv'], [...image.manifest.arguments, '--input-type=module', '-'].slice(0, -1));
	t.deepEqual(report['env'], {LANG: 'C.UTF-8', PATH: '/usr/bin:/bin', TZ: 'UTC'});
	t.is(report['cwd'], folder);
	t.is(report['bundle'], await readFile(join(image.folder, 'node.mjs'), 'utf8'));
	t.regex(await readFile(join(folder, 'serial.log'), 'utf8'), /node is up/);
	t.deepEqual(await verdict(machine), ['accepted', 'worker-1']);
	if (process.platform === 'linux') {
		t.is(await readlink(`/proc/${child.pid}/exe`), join(image.folder, 'node'));
		t.is(Number.parseInt(await readFile(`/proc/${child.pid}/coredump_filter`, 'utf8'), 16), 0);
	}
	if (process.platform === 'linux') {
		// SIGUSR1, which opens the inspector elsewhere, has no handler.
		const [, caught = ''] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8')) ?? [];
		t.is(BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGUSR1 - 1)), 0n);
	}
});

const changes: readonly (readonly [file: string, register: number])[] = [
	['machine.mjs', 4],
	['node.mjs', 9],
	['node', 11],
];

for (const [file, register] of changes) {
	test.serial(`one changed byte in ${file} changes register ${register}, and the node is refused for it`, async t => {
		const home = await newHome(t);
		const image = await newImage(home, 'copied');
		const path = join(image.folder, file);
		await chmod(path, 0o700);
		// Behind the end of a program nothing is executed: the node runs as before and still is another one.
		await appendFile(path, '\n');
		const machine = await started(t, image, join(home, 'machine'));
		await machine.boot();
		t.deepEqual(await verdict(machine), [register]);
	});
}

test.serial('other arguments in the manifest change register 12, and the image does not load any more', async t => {
	const home = await newHome(t);
	const image = await newImage(home);
	const path = join(image.folder, 'manifest.json');
	const manifest = await readFile(path, 'utf8');
	await chmod(path, 0o600);
	await writeFile(path, manifest.replace('"--no-addons"', '"--no-addons", "--no-warnings"'));
	const machine = await started(t, image, join(home, 'machine'));
	await machine.boot();
	t.deepEqual(await verdict(machine), [12]);
	await t.throwsAsync(async () => loadImage({version: 'v1.2.3', dataHome: home}), {code: 'image-damaged'});
});

test.serial('a bundle that is swapped after it was measured never runs', async t => {
	const home = await newHome(t);
	const image = await newImage(home);
	const folder = join(home, 'machine');
	const machine = await started(t, image, folder);
	const original = await readFile(join(image.folder, 'node.mjs'), 'utf8');
	const digests = createRuntimeDigests();
	await machine.boot(async file => {
		// Launcher and bundle were read; this is the moment between measuring and starting.
		await replaceFile(join(image.folder, 'node.mjs'), evil(home));
		await replaceFile(join(image.folder, 'machine.mjs'), evil(home));
		return digests(file);
	});
	t.is((await reportOf(folder))['bundle'], original);
	t.deepEqual(await verdict(machine), ['accepted', 'worker-1']);
	await t.throwsAsync(access(join(home, 'evil-ran')), {code: 'ENOENT'});
});

test.serial('a runtime that is swapped or written to after it was measured does not stay running', async t => {
	const home = await newHome(t);
	const image = await newImage(home, 'copied');
	const machine = await started(t, image, join(home, 'machine'));
	const runtime = join(image.folder, 'node');
	const digests = createRuntimeDigests();
	const changed = {message: 'the runtime changed while it was measured'};
	const write = async (): Promise<void> => {
		await chmod(runtime, 0o700);
		await appendFile(runtime, '\n');
	};
	for (const change of [write, async () => replaceFile(runtime, evil(home))]) {
		await t.throwsAsync(
			machine.boot(async file => {
				const measured = await digests(file);
				await change();
				return measured;
			}),
			changed,
		);
	}
	await t.throwsAsync(access(join(home, 'machine', 'report.json')), {code: 'ENOENT'});
	await t.throwsAsync(access(join(home, 'evil-ran')), {code: 'ENOENT'});
});

if (process.platform === 'linux') {
	test.serial('what runs is the measured runtime, also when another folder takes the place of the image', async t => {
		const home = await newHome(t);
		const image = await newImage(home, 'copied');
		const folder = join(home, 'machine');
		const machine = await started(t, image, folder);
		const digests = createRuntimeDigests();
		await machine.boot(async file => {
			const measured = await digests(file);
			// Leaves no trace on the file itself.
			await rename(image.folder, join(home, 'moved'));
			await mkdir(image.folder);
			await writeFile(join(image.folder, 'node'), `#!/bin/sh\ntouch ${join(home, 'evil-ran')}\n`, {mode: 0o755});
			return measured;
		});
		t.is((await reportOf(folder))['image'], 'v1.2.3');
		t.deepEqual(await verdict(machine), ['accepted', 'worker-1']);
		await t.throwsAsync(access(join(home, 'evil-ran')), {code: 'ENOENT'});
	});
}

test.serial('machines that start together hash an unchanged runtime once', async t => {
	const home = await newHome(t);
	const image = await newImage(home);
	const digests = createRuntimeDigests();
	const path = join(image.folder, 'node');
	const files = await Promise.all([1, 2, 3].map(async () => openRegular(path)));
	t.teardown(async () => Promise.all(files.map(async file => file.close())));
	const measured = await Promise.all(files.map(async file => digests(file)));
	t.is(new Set(measured.map(each => each.digests)).size, 1);
	t.true(await measured[0]?.isUnchanged());
	await utimes(path, new Date(), new Date());
	t.false(await measured[0]?.isUnchanged());
	const [first] = files;
	if (first) t.not((await digests(first)).digests, measured[0]?.digests);
});

test.serial('an image file that is a link or no file is not opened', async t => {
	const home = await newHome(t);
	const image = await newImage(home);
	const machine = await started(t, image, join(home, 'machine'));
	const path = join(image.folder, 'node.mjs');
	await rename(path, join(home, 'elsewhere'));
	await symlink(join(home, 'elsewhere'), path);
	await t.throwsAsync(machine.boot(), {code: 'ELOOP'});
	await rm(path);
	await mkdir(path);
	await t.throwsAsync(machine.boot(), {message: /not a regular file/});
});

const evil = (home: string): string =>
	`import {writeFileSync} from 'node:fs'; writeFileSync(${JSON.stringify(join(home, 'evil-ran'))}, '');\n`;

async function replaceFile(path: string, content: string): Promise<void> {
	await writeFile(`${path}.new`, content, {mode: 0o700});
	await rename(`${path}.new`, path);
}
