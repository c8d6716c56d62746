import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {loadCommand} from '../../src/commands/load.ts';
import {parseCommandLine} from '../../src/commands/program.ts';
import {commandTable, globalFlags} from '../../src/commands/table.ts';
import {generateConfig} from '../../src/config/generate.ts';
import {AppError} from '../../src/errors.ts';
import {compiled, tool} from '../helpers/tool.ts';

const folder = () => mkdtempSync(path.join(tmpdir(), 'c-'));

type Ended = {code: number | null; stdout: string; stderr: string; result: Record<string, unknown>};

/** Runs the tool without a terminal. */
function run(args: readonly string[], {cwd = folder(), env = {}}: {cwd?: string; env?: Record<string, string>} = {}): Ended {
	const home = folder();
	const [program = '', ...before] = tool;
	const {status, stdout, stderr} = spawnSync(program, [...before, ...args], {
		cwd,
		encoding: 'utf8',
		timeout: 120_000,
		env: {PATH: process.env['PATH'] ?? '', HOME: home, XDG_DATA_HOME: home, ...compiled, ...env},
	});
	const last = stdout.trim().split('\n').at(-1) ?? '';
	return {code: status, stdout, stderr, result: last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {}};
}

test('every command of the table has its work, an example and variables for its flags', async t => {
	for (const {name, examples, flags} of commandTable) {
		t.is(typeof (await loadCommand(name)), 'function', name);
		t.true(examples.length > 0, name);
		for (const flag of flags) t.regex(flag.env, /^CONSTELLATION_[A-Z_]+$/, `${name} ${flag.name}`);
		for (const example of examples) if (example.startsWith('constellation ')) t.true(example.includes(name), example);
	}
});

test('help of every command names its flags, the global ones and an example', t => {
	for (const {name, flags, examples} of commandTable) {
		let text = '';
		t.is(
			parseCommandLine([...name.split(' '), '--help'], {}, printed => {
				text += printed;
			}),
			undefined,
		);
		for (const flag of [...flags, ...globalFlags]) t.true(text.includes(`--${flag.name}`), `${name} --${flag.name}`);
		t.true(text.includes(examples[0] ?? ''), name);
	}
});

test('flags come from the command line, then from the environment; switches can be switched off there', t => {
	const parse = (words: string, env = {}) => parseCommandLine(words.split(' '), env, () => undefined);
	t.like(parse('apply -C demo --workers 3 -y'), {folder: 'demo', flags: {yes: true, json: false}, input: {flags: {workers: 3}}});
	t.like(parse('-C demo status'), {folder: 'demo'});
	t.true(parse('status', {CONSTELLATION_JSON: '1'})?.flags.json);
	t.false(parse('status', {CONSTELLATION_JSON: '0'})?.flags.json);
	t.is(parse('config generate local')?.input.argument, 'local');
	t.is(parse('-C demo')?.command, undefined);
	for (const [words, pattern] of [
		['statsu', /no command statsu/],
		['scale --workers many', /whole number/],
		['image make', /--version/],
		['config', /needs a command/],
		['config generate mars', /local/],
		['status extra', /arguments/],
		['status --nonsense', /unknown option/i],
	] as const) {
		const error = t.throws(() => parse(words), {instanceOf: AppError});
		t.is(error.exitCode, 2, words);
		t.regex(error.message, pattern, words);
	}
	const helpOf = (words: string) => t.throws(() => parse(words), {instanceOf: AppError}).next.join();
	t.regex(helpOf('config generate mars'), /^constellation config generate --help /);
	t.regex(helpOf('status --nonsense'), /^constellation status --help /);
	t.regex(helpOf('config'), /^constellation --help /);
	t.true(t.throws(() => parse('statsu'), {instanceOf: AppError}).next.some(step => step.includes('constellation status')));
});

test('without a terminal and a command: one sentence and exit code 2; no escape sequences in a pipe', t => {
	const {code, stdout, stderr} = run([]);
	t.is(code, 2);
	t.is(stdout, '');
	t.is(stderr.trim().split('\n').length, 1, stderr);
	t.is(run(['apply']).code, 2);
	for (const args of [['--help'], ['status'], ['version']]) {
		const ended = run(args);
		t.false((ended.stdout + ended.stderr).includes('\u001B'), args.join(' '));
	}
});

test('version and completion', t => {
	const {version} = JSON.parse(readFileSync('package.json', 'utf8')) as {version: string};
	t.is(run(['version']).stdout, `constellation ${version}\n`);
	t.is(run(['--version']).stdout, `constellation ${version}\n`);
	t.like(run(['version', '--json']).result, {v: 1, type: 'result', ok: true, exitCode: 0, version});
	for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
		const {code, stdout} = run(['completion', shell]);
		t.is(code, 0);
		for (const word of ['terminate', '--workers', 'generate'])
			t.true(stdout.includes(word.replace(/^--/, '')), `${shell} ${word}`);
	}
	const script = run(['completion', 'bash']).stdout;
	const complete = (line: string) =>
		spawnSync(
			'bash',
			[
				'-c',
				`${script}\nCOMP_WORDS=(${line} '')\nCOMP_CWORD=$((\${#COMP_WORDS[@]} - 1))\n_constellation\necho "\${COMPREPLY[@]}"`,
			],
			{encoding: 'utf8'},
		).stdout;
	t.regex(complete('constellation'), /apply .*terminate/);
	t.regex(complete('constellation -C demo config'), /generate validate/);
	t.regex(complete('constellation scale'), /--workers/);
});

test('an empty folder has no cluster, and stays empty', t => {
	const cwd = folder();
	for (const words of [
		'status',
		'verify',
		'watch',
		'terminate --yes',
		'start',
		'stop --yes',
		'recover',
		'scale --workers 1',
		'init',
		'upgrade check',
		'upgrade pause',
		'kubeconfig merge',
	]) {
		const {code, result} = run([...words.split(' '), '--json'], {cwd});
		// Whoever removes something in an empty folder is most likely in the wrong one.
		const exitCode = words.startsWith('terminate') ? 2 : 3;
		t.is(code, exitCode, words);
		t.like(result, {type: 'result', ok: false, code: 'no-cluster', exitCode}, words);
	}
	t.deepEqual(spawnSync('ls', ['-A', cwd], {encoding: 'utf8'}).stdout, '');
});

test('config generate and validate', t => {
	const cwd = folder();
	const generated = run(['config', 'generate', 'local', '--name', 'demo', '--control-planes', '3', '--json'], {cwd});
	t.like(generated.result, {ok: true, name: 'demo', provider: 'local'});
	t.is(run(['config', 'generate', 'local'], {cwd}).code, 3);
	t.is(run(['config', 'validate'], {cwd}).code, 0);
	const file = path.join(cwd, 'constellation-conf.yaml');
	writeFileSync(
		file,
		readFileSync(file, 'utf8').replace('name: "demo"', 'name: "-"\nnonsense: 1').replace('count: 3', 'count: many'),
	);
	const {code, result, stdout} = run(['config', 'validate', '--json'], {cwd});
	t.is(code, 2, stdout);
	t.deepEqual((result['problems'] as {path: string}[]).map(problem => problem.path).sort(), [
		'name',
		'nodeGroups.control_plane_default.count',
		'nonsense',
	]);
	t.is(run(['config', 'generate', 'local', '--name', 'No', '-C', 'x'], {cwd}).code, 2);
	t.false(existsSync(path.join(cwd, 'x')));
});

test('what cannot work says so before anything is made: checkout, newer workspace, foreign cluster, read-only folder', t => {
	const checkout = path.resolve('.');
	t.like(run(['apply', '--yes', '--json', '-C', checkout]).result, {code: 'tool-checkout', exitCode: 3});
	t.like(run(['config', 'generate', 'local', '--json', '-C', path.join(checkout, 'src')]).result, {code: 'tool-checkout'});

	const newer = folder();
	mkdirSync(path.join(newer, '.constellation'));
	writeFileSync(path.join(newer, '.constellation/workspace.json'), '{"version": 9, "tool": "7.0.0"}');
	for (const command of [['status'], ['apply', '--yes'], ['terminate', '--yes'], ['config', 'validate']]) {
		const {result} = run([...command, '--json', '-C', newer]);
		t.like(result, {code: 'workspace-newer', exitCode: 3}, command.join(' '));
		t.regex(String(result['message']), /7\.0\.0/);
	}

	const foreign = folder();
	writeFileSync(path.join(foreign, 'constellation-conf.yaml'), generateConfig());
	writeFileSync(path.join(foreign, 'constellation-id.json'), '{"uid": "0a1b2c3d", "cloudprovider": "AWS", "ip": "203.0.113.1"}');
	for (const command of [
		['apply', '--yes'],
		['terminate', '--yes'],
	])
		t.like(run([...command, '--json', '-C', foreign]).result, {code: 'original-workspace', exitCode: 3}, command.join(' '));
	t.deepEqual(readdirSync(foreign).sort(), ['constellation-conf.yaml', 'constellation-id.json']);

	const file = path.join(folder(), 'file');
	writeFileSync(file, '');
	t.is(run(['config', 'generate', 'local', '-C', file]).code, 3);
	const readOnly = folder();
	chmodSync(readOnly, 0o500);
	if (process.getuid?.() !== 0)
		t.like(run(['config', 'generate', 'local', '--json', '-C', readOnly]).result, {code: 'folder-read-only'});
	chmodSync(readOnly, 0o700);
});

test('without Terraform: said so, with the download that could be used, exit code 3', t => {
	const bin = folder();
	for (const name of ['git', 'ls']) symlinkSync(`/usr/bin/${name}`, path.join(bin, name));
	const cwd = folder();
	const {code, result} = run(['doctor', '--json'], {cwd, env: {PATH: bin}});
	t.is(code, 3);
	t.true((result['problems'] as {path: string}[]).some(problem => problem.path === 'terraform'));
	t.truthy(result['offer']);
});

test('a report holds facts and no secret', t => {
	const cwd = folder();
	run(['config', 'generate', 'local'], {cwd});
	writeFileSync(
		path.join(cwd, 'constellation-mastersecret.json'),
		'{"key": "Y2FuYXJ5LWNhbmFyeS1jYW5hcnk=", "salt": "Y2FuYXJ5LWNhbmFyeS1jYW5hcnk="}',
	);
	const file = path.join(cwd, 'report.json');
	t.is(run(['doctor', '--bundle', file], {cwd}).code, 0);
	const text = readFileSync(file, 'utf8');
	t.false(text.includes('Y2FuYXJ5'));
	t.true(text.includes('constellation-mastersecret.json'));
	t.is(run(['doctor', '--bundle', file], {cwd}).code, 3);
});
