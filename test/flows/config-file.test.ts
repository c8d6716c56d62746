import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {defaultAnswers, generateConfig} from '../../src/config/generate.ts';
import {editConfig, parseLocalConfig} from '../../src/config/load.ts';
import {AppError} from '../../src/errors.ts';
import {settleConfig} from '../../src/flows/config-file.ts';
import type {Provider} from '../../src/flows/dependencies.ts';
import {setupConfig} from '../../src/flows/setup-config.ts';
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

test('a source of measurements that is taken back leaves the config; what a person wrote about trust stays', async t => {
	const folder = await mkdtemp(path.join(tmpdir(), 'config-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const workspace = workspaceAt(folder);
	const unused = (): never => {
		throw new Error('not part of this test');
	};
	const provider = new Proxy({} as Provider, {get: unused});
	const setup = setupConfig({workspace, provider}, false);
	const trustIn = async () => parseLocalConfig(await readFile(workspace.path('config'), 'utf8')).trust;
	const keys = [Buffer.from('any key').toString('base64')];
	await setup.local(defaultAnswers, {measurements: 'https://mirror.example.org', keys});
	t.deepEqual(await trustIn(), {measurements: 'https://mirror.example.org', keys});
	const byHand = editConfig(await readFile(workspace.path('config'), 'utf8'), [
		{path: ['trust', 'transparency'], value: 'require'},
	]);
	await writeFile(workspace.path('config'), byHand);
	await setup.local(defaultAnswers, {measurements: 'bundle'});
	t.deepEqual(await trustIn(), {transparency: 'require', measurements: 'bundle'});
	await setup.local(defaultAnswers);
	t.deepEqual(await trustIn(), {transparency: 'require'});
	await writeFile(workspace.path('config'), editConfig(byHand, [{path: ['trust', 'transparency'], value: undefined}]));
	await setup.local({...defaultAnswers, name: 'other'});
	t.deepEqual(await trustIn(), {measurements: 'https://mirror.example.org', keys}, 'nothing of this was named here last');
});
