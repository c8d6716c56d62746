import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {compiled, tool} from '../helpers/tool.ts';

const folder = () => mkdtempSync(path.join(tmpdir(), 'c-'));

type Problem = {path: string; message: string};

/** Runs the tool with --json; gives its result line. */
function run(
	...args: readonly string[]
): Record<string, unknown> & {ok: boolean; exitCode: number; problems?: Problem[]; open?: Problem[]} {
	const home = folder();
	const [program = '', ...before] = tool;
	const {stdout} = spawnSync(program, [...before, ...args, '--json'], {
		cwd: home,
		encoding: 'utf8',
		timeout: 120_000,
		env: {PATH: process.env['PATH'] ?? '', HOME: home, XDG_DATA_HOME: home, ...compiled},
	});
	return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as ReturnType<typeof run>;
}

test('a config of a cloud is written with what is open named, never with what is wrong, and never twice', t => {
	const at = folder();
	const flags = [
		'--name',
		'demo',
		'--region',
		'eu-west-1',
		'--zone',
		'eu-west-1a',
		'--source-ranges',
		'198.51.100.7/32,203.0.113.0/24',
	];
	const wrong = run('config', 'generate', 'aws', '-C', at, ...flags, '--instance-type', 'm5.xlarge');
	t.like(wrong, {ok: false, code: 'invalid-config', exitCode: 2});
	t.deepEqual(
		wrong.problems?.map(each => each.path),
		['provider.aws.instanceType'],
	);
	t.false(existsSync(path.join(at, 'constellation-conf.yaml')));
	const written = run(
		'config',
		'generate',
		'aws',
		'-C',
		at,
		...flags,
		'--attestation',
		'awsNitroTPM',
		'--instance-type',
		'm5.xlarge',
	);
	t.like(written, {ok: true, provider: 'aws', name: 'demo'});
	const open = ['provider.aws.iamProfileControlPlane', 'provider.aws.iamProfileWorkerNodes'];
	t.deepEqual(
		written.open?.map(each => each.path),
		open,
	);
	t.like(run('config', 'generate', 'gcp', '-C', at), {ok: false, code: 'config-exists', exitCode: 3});
	const checked = run('config', 'validate', '-C', at);
	t.like(checked, {ok: false, exitCode: 2});
	t.deepEqual(
		checked.problems?.map(each => each.path),
		open,
	);
	t.like(run('config', 'generate', 'gcp', '-C', folder(), '--attestation', 'azure-tdx'), {ok: false, code: 'usage'});
	t.like(run('config', 'generate', 'local', '-C', folder(), '--region', 'x'), {ok: false, code: 'usage'});
});

test('a v2 config is migrated once, and the old one is kept', t => {
	const at = folder();
	const file = path.join(at, 'constellation-conf.yaml');
	t.like(run('config', 'migrate', '-C', at), {ok: false, code: 'config-missing'});
	const {cases} = JSON.parse(readFileSync('test/fixtures/wire/config/migrate-v2.json', 'utf8')) as {
		cases: {id: string; v2Yaml: string}[];
	};
	const old = cases.find(({id}) => id === 'unknown-keys')?.v2Yaml ?? '';
	writeFileSync(file, old);
	const refused = run('config', 'validate', '-C', at);
	t.like(refused, {ok: false, code: 'config-older'});
	t.regex(JSON.stringify(refused['next']), /config migrate/);
	const migrated = run('config', 'migrate', '-C', at);
	t.like(migrated, {ok: true, problems: []});
	t.regex(JSON.stringify(migrated['notes']), /bar is left out.*foo is left out|foo is left out.*bar is left out/);
	t.is(readFileSync(`${file}.backup.v2`, 'utf8'), old);
	t.is(statSync(`${file}.backup.v2`).mode & 0o077, statSync(file).mode & 0o077);
	t.like(run('config', 'validate', '-C', at), {ok: true});
	const after = readFileSync(file, 'utf8');
	t.is(run('config', 'migrate', '-C', at)['backup'], undefined);
	t.is(readFileSync(file, 'utf8'), after);
	writeFileSync(file, old.replace('constell', 'another'));
	t.like(run('config', 'migrate', '-C', at), {ok: false, code: 'config-exists'});
});

test('what clouds offer, and the schema', t => {
	const types = run('config', 'instance-types', 'azure')['providers'] as {
		variants: {variant: string; instanceTypes: {name: string}[]}[];
	}[];
	t.deepEqual(
		types.map(({variants}) => variants.map(({variant}) => variant)),
		[['azure-sev-snp', 'azure-tdx', 'azure-trustedlaunch']],
	);
	t.is(types[0]?.variants[0]?.instanceTypes[0]?.name, 'Standard_DC4as_v5');
	const places = run('config', 'regions')['providers'] as {provider: string}[];
	t.deepEqual(
		places.map(({provider}) => provider),
		['aws', 'azure', 'gcp', 'openstack', 'stackit'],
	);
	t.like(run('config', 'kubernetes-versions'), {default: 'v1.32.9'});
	t.deepEqual(run('config', 'schema')['schema'], JSON.parse(readFileSync('docs/config.schema.json', 'utf8')));
});
