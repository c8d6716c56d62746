import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {generateConfig} from '../../src/config/generate.ts';
import {AppError} from '../../src/errors.ts';
import {settleConfig} from '../../src/flows/config-file.ts';
import {workspaceAt} from '../../src/workspace/files.ts';

test('a config from elsewhere is checked and copied, and never over another one', async t => {
	const folder = await mkdtemp(path.join(tmpdir(), 'config-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const workspace = workspaceAt(path.join(folder, 'w'));
	const source = path.join(folder, 'demo.yaml');

	t.is((await t.throwsAsync(settleConfig(workspace, {}, source), {instanceOf: AppError})).code, 'config-missing');
	await writeFile(source, 'version: v3\nname: 7\n');
	t.true((await t.throwsAsync(settleConfig(workspace, {}, source), {instanceOf: AppError})).problems.length > 1);
	await t.throwsAsync(readFile(workspace.path('config')));

	await writeFile(source, generateConfig({name: 'demo'}));
	await settleConfig(workspace, {workers: 5}, source);
	const written = await readFile(workspace.path('config'), 'utf8');
	t.regex(written, /count: 5/);
	t.regex(written, /name: "?demo/);
	t.is((await t.throwsAsync(settleConfig(workspace, {}, source), {instanceOf: AppError})).code, 'config-exists');
	t.is(await readFile(workspace.path('config'), 'utf8'), written);
});
