import {once} from 'node:events';
import {appendFile, chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AttestationRefused} from '../../../src/attestation/findings.ts';
import {localParameters} from '../../../src/attestation/local/measured-boot.ts';
import {openTpm} from '../../../src/attestation/tpm/commands.ts';
import {issuerOf, validatorOf} from '../../../src/attestation/variant.ts';
import {bootMachine} from '../../../src/machine/launcher/boot-machine.ts';
import {createRuntimeDigests} from '../../../src/machine/launcher/runtime-digests.ts';
import {socketChannel} from '../../../src/machine/tpm/client.ts';
import {serveTpm} from '../../../src/machine/tpm/server.ts';
import {type Image, localPolicy} from '../../../src/releases/image.ts';
import {makeImage} from '../../../src/releases/make-image.ts';
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

async function newImage(home: string): Promise<Image> {
	const sources = join(home, 'sources');
	await mkdir(sources, {recursive: true});
	await writeFile(join(sources, 'node.mjs'), program);
	await writeFile(join(sources, 'machine.mjs'), 'export {};\n');
	const from = {bundle: join(sources, 'node.mjs'), launcher: join(sources, 'machine.mjs'), runtime: process.execPath};
	return makeImage({version: 'v1.2.3', from, dataHome: home});
}

async function started(t: ExecutionContext, image: Image, folder: string) {
	const maker = newMaker();
	const {software, machine} = newMachine(maker);
	await mkdir(folder, {recursive: true});
	const server = await serveTpm(software, join(folder, 'tpm.sock'));
	const channel = socketChannel(join(folder, 'tpm.sock'));
	t.teardown(async () => {
		channel.close();
		await server.close();
	});
	const params = localParameters(maker.publicKey, image.releaseKey);
	const boot = async () => {
		const {child} = await bootMachine({image, folder, params, tpm: software, runtimeDigests: createRuntimeDigests()});
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

test('an image boots measured, its evidence is accepted, and a changed bundle is refused by its register', async t => {
	const home = await mkdtemp(join(tmpdir(), 'boot-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	const image = await newImage(home);
	const folder = join(home, 'machine');
	const {boot, params, policy, machine, tpm} = await started(t, image, folder);
	await boot();
	const report = await reportOf(folder);
	t.is(report['image'], 'v1.2.3');
	t.deepEqual(report['argv'], params);
	t.deepEqual(report['env'], {LANG: 'C.UTF-8', PATH: '/usr/bin:/bin', TZ: 'UTC'});
	t.is(report['cwd'], folder);
	t.is(report['bundle'], await readFile(join(image.folder, 'node.mjs'), 'utf8'));

	const nonce = Buffer.alloc(32, 7);
	const userData = Buffer.alloc(32, 9);
	const document = await issuerOf('local-vtpm', tpm).issue(userData, nonce);
	const attested = validatorOf(policy).validate(document, nonce, userData);
	t.deepEqual(attested.machine, machine);
	t.deepEqual(attested.findings, []);
});
