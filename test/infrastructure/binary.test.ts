import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../../src/errors.ts';
import {findTerraform} from '../../src/infrastructure/binary.ts';
import {downloadedPath, pinnedDownload} from '../../src/infrastructure/download.ts';
import {terraformEnvironment} from '../../src/infrastructure/environment.ts';

const setUp = async (t: ExecutionContext) => {
	const home = await mkdtemp(join(tmpdir(), 'constellation-'));
	t.teardown(() => rm(home, {recursive: true}));
	const program = async (path: string, answer: string) => {
		await mkdir(dirname(path), {recursive: true});
		await writeFile(path, `#!/bin/sh\necho '${answer}'\n`);
		await chmod(path, 0o700);
	};
	const find = (folders: string[]) =>
		findTerraform({
			env: {PATH: folders.map(folder => join(home, folder)).join(':')},
			dataHome: join(home, 'data'),
			platform: 'linux',
			arch: 'x64',
		});
	return {home, program, find};
};

const says = (version: string) => JSON.stringify({terraform_version: version});

test('terraform comes before tofu, what is too old or broken is passed over', async t => {
	const {home, program, find} = await setUp(t);
	await program(join(home, 'a', 'terraform'), says('1.4.5'));
	await program(join(home, 'b', 'terraform'), 'not json');
	await program(join(home, 'b', 'tofu'), says('1.9.0'));
	t.deepEqual(await find(['a', 'b']), {path: join(home, 'b', 'tofu'), product: 'opentofu', version: '1.9.0'});
	await program(join(home, 'c', 'terraform'), says('1.4.6'));
	t.deepEqual(await find(['a', 'b', 'c']), {path: join(home, 'c', 'terraform'), product: 'terraform', version: '1.4.6'});
});

test('without any: the pinned download is offered, exit 3; one downloaded earlier is used', async t => {
	const {home, program, find} = await setUp(t);
	const error = await t.throwsAsync(find(['empty']), {instanceOf: AppError});
	t.like(error, {code: 'terraform-missing', exitCode: 3});
	t.like(error.details.offer, {version: '1.13.1'});
	await program(join(home, 'old', 'terraform'), says('1.0.0'));
	const old = await t.throwsAsync(find(['old']), {instanceOf: AppError});
	t.is(old.code, 'terraform-too-old');
	t.regex(old.message, /1\.4\.6 or newer is needed; .*terraform is version 1\.0\.0/);
	const offer = pinnedDownload('linux', 'x64');
	if (offer === undefined) throw new Error('there is one for linux-x64');
	await program(downloadedPath(join(home, 'data'), offer), says(offer.version));
	t.like(await find(['old']), {product: 'opentofu', version: offer.version});
});

test('children see an allow-listed environment only', t => {
	const env = {
		PATH: '/bin',
		HOME: '/h',
		LC_ALL: 'C',
		TF_VAR_name: 'x',
		TF_LOG: 'TRACE',
		TF_LOG_PATH: '/x',
		TF_CLI_ARGS: '-x',
		TF_CLI_ARGS_plan: '-x',
		TF_DATA_DIR: '/x',
		TF_WORKSPACE: 'other',
		NODE_OPTIONS: '--inspect',
		SECRET: 's',
		AWS_PROFILE: 'p',
		TF_CLI_CONFIG_FILE: '/none',
	};
	t.deepEqual(
		terraformEnvironment(env, () => false, ['AWS_PROFILE']),
		{PATH: '/bin', HOME: '/h', LC_ALL: 'C', AWS_PROFILE: 'p', CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1'},
	);
	t.is(terraformEnvironment(env, () => true).TF_CLI_CONFIG_FILE, '/none');
});
