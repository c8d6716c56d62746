import {execFile} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join, resolve} from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {version} from '../../src/version.ts';
import {e2e, expectNothingLeft, folderOf, newWorld} from '../helpers/e2e.ts';

const checkout = resolve(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const prefix = mkdtempSync(join(tmpdir(), 'p-'));
const world = newWorld({program: [join(prefix, 'bin', 'constellation')], path: programs(prefix)});

test.after.always(async () => {
	await world.close();
	rmSync(prefix, {recursive: true, force: true});
});

/** A PATH on which there is this Node, and of the rest only what the test needs. */
function programs(folder: string): string {
	const own = join(folder, 'programs');
	mkdirSync(own);
	symlinkSync(process.execPath, join(own, 'node'));
	for (const name of ['terraform', 'tofu', 'kubectl']) {
		const found = folderOf(name);
		if (found !== undefined) symlinkSync(join(found, name), join(own, name));
	}
	return [own, '/usr/bin', '/bin'].join(delimiter);
}

e2e('the packed tool, installed into an empty prefix, makes and removes a cluster in another folder', async t => {
	const into = join(prefix, 'pack');
	mkdirSync(into);
	const npm = (args: readonly string[], cwd: string) =>
		run('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], {cwd, timeout: 240_000});
	await npm(['pack', '--pack-destination', into], checkout);
	const [archive = ''] = readdirSync(into);
	t.regex(archive, /^constellation-.*\.tgz$/);
	await npm(['install', '--global', '--prefix', prefix, '--prefer-offline', '--omit=dev', join(into, archive)], into);

	const installed = join(prefix, 'lib', 'node_modules', 'constellation');
	t.true(existsSync(join(installed, 'LICENSE')));
	for (const name of ['src', 'test', 'scripts']) t.false(existsSync(join(installed, name)), `${name} was packed`);

	const told = await world.run('version');
	t.is(told.code, 0, told.stderr);
	t.is(told.stdout, `constellation ${version}\n`);
	const generated = await world.run('config generate local --name packed --workers 1', {cwd: world.workspace});
	t.is(generated.code, 0, generated.stderr);
	t.true(existsSync(world.file('constellation-conf.yaml')));
	const applied = await world.run(`apply --yes --json -C ${world.workspace}`, {cwd: world.home});
	t.is(applied.code, 0, applied.stdout.slice(-2000) + applied.stderr);
	t.is((applied.result['nodes'] as unknown[]).length, 2);
	t.is(world.kubectl('get nodes --no-headers').trim().split('\n').length, 2);
	const removed = await world.run(`terminate --yes --json -C ${world.workspace}`, {cwd: world.home});
	t.is(removed.code, 0, removed.stdout.slice(-2000) + removed.stderr);
	await expectNothingLeft(t, world);
});
