import {existsSync} from 'node:fs';
import {appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../../src/errors.ts';
import type {Event} from '../../src/events.ts';
import {findTerraform, type TerraformBinary} from '../../src/infrastructure/binary.ts';
import {renderFolder} from '../../src/infrastructure/render.ts';
import {type Plan, type Terraform, terraform} from '../../src/infrastructure/terraform.ts';
import {until} from '../helpers/local-cluster.ts';

const found = await findTerraform({env: process.env, dataHome: tmpdir()}).catch((error: unknown) => {
	if (error instanceof AppError && process.env.REQUIRE_E2E !== '1') return undefined;
	throw error;
});
if (found === undefined) console.log('SKIPPED: no terraform');
const withTerraform = found === undefined ? test.skip : test;
const binary: TerraformBinary = found ?? {path: '', product: 'terraform', version: ''};

const module = `
variable "word" { type = string }
resource "terraform_data" "one" {
  input = var.word
  provisioner "local-exec" {
    interpreter = ["/bin/sh", "-c"]
    command     = "echo begun; umask > umask; env > environment; [ $WORD != wait ] || { touch waiting; while [ ! -e go ]; do sleep 0.05; done; }; [ $WORD != fail ]"
    environment = { WORD = var.word }
  }
}
output "ip" { value = "127.0.0.1" }
output "endpoint" { value = "127.0.0.1" }
output "uid" { value = "0a0b0c0d" }
output "name" { value = var.word }
output "network" { value = "n" }
`;

const setUp = async (t: ExecutionContext, word: string, signal?: AbortSignal) => {
	const home = await mkdtemp(join(tmpdir(), 'constellation-'));
	t.teardown(() => rm(home, {recursive: true, force: true}));
	const source = join(home, 'module');
	const folder = join(home, 'constellation-terraform');
	await mkdir(source);
	await writeFile(join(source, 'main.tf'), module);
	await renderFolder(folder, source, {word});
	const env = {...process.env, TF_VAR_word: 'from the environment', CANARY: 'not for children', TF_LOG: 'TRACE'};
	const tf = terraform({binary, folder, env, ...(signal && {signal})});
	return {folder, source, tf};
};

const drain = async <T>(events: AsyncGenerator<Event, T, void>): Promise<{result: T; seen: Event[]}> => {
	const seen: Event[] = [];
	for (;;) {
		const {value, done} = await events.next();
		if (done === true) return {result: value, seen};
		seen.push(value);
	}
};

const planned = async (tf: Terraform): Promise<Plan> => (await drain(tf.plan())).result;

withTerraform('plan, apply exactly that plan, outputs, destroy; files are for this user only', async t => {
	const {folder, tf} = await setUp(t, 'hello');
	const {result: plan, seen} = await drain(tf.plan());
	t.like(plan, {create: 1, update: 0, destroy: 0, operation: 'apply', empty: false});
	t.like(
		seen.find(event => event.type === 'plan'),
		{changes: [{address: 'terraform_data.one', action: 'create', kind: 'terraform_data'}]},
	);
	const applied = await drain(tf.apply(plan));
	t.deepEqual(
		applied.seen.map(event => (event.type === 'resource' ? event.state : event.type === 'log' ? event.line : event.type)),
		['started', 'begun', 'done'],
	);
	t.false(existsSync(plan.file));
	t.is((await tf.outputs()).name, 'hello');
	t.deepEqual(await tf.resources(), ['terraform_data.one']);
	t.is((await readFile(join(folder, 'umask'), 'utf8')).trim(), '0077');
	t.notRegex(await readFile(join(folder, 'environment'), 'utf8'), /CANARY|TF_VAR|TF_LOG/);
	t.is((await stat(folder)).mode & 0o777, 0o700);
	for (const name of await readdir(folder)) t.is((await stat(join(folder, name))).mode & 0o077, 0, name);
	t.true((await planned(tf)).empty);
	await drain(tf.destroy());
	t.deepEqual(await tf.resources(), []);
});

withTerraform('a plan that is not the one shown is not applied', async t => {
	const {tf} = await setUp(t, 'hello');
	const plan = await planned(tf);
	await appendFile(plan.file, 'x');
	t.like(await t.throwsAsync(drain(tf.apply(plan)), {instanceOf: AppError}), {code: 'plan-changed', exitCode: 4});
	t.false(existsSync(plan.file));
	t.deepEqual(await tf.resources(), []);
});

withTerraform('a failure is told with its address, and a second run goes on from there', async t => {
	const {folder, source, tf} = await setUp(t, 'fail');
	const error = await t.throwsAsync(drain(tf.apply(await planned(tf))), {instanceOf: AppError});
	t.like(error, {code: 'terraform-failed', exitCode: 4});
	t.is(error.problems[0]?.path, 'terraform_data.one');
	t.true(
		(error.problems[0]?.message.length ?? 0) > error.message.length - 'Terraform apply failed: '.length,
		'details are told once',
	);
	await renderFolder(folder, source, {word: 'better'});
	const plan = await planned(tf);
	t.is(plan.changes[0]?.action, 'replace');
	await drain(tf.apply(plan));
	t.is((await tf.outputs()).name, 'better');
});

withTerraform('on abort Terraform gets one SIGINT, ends by itself and leaves a whole state', async t => {
	const stop = new AbortController();
	const {folder, tf} = await setUp(t, 'wait', stop.signal);
	const applying = drain(tf.apply(await planned(tf)));
	await until('the provisioner to run', () => existsSync(join(folder, 'waiting')));
	stop.abort();
	t.like(await t.throwsAsync(applying, {instanceOf: AppError}), {code: 'cancelled', exitCode: 130});
	const state: unknown = JSON.parse(await readFile(join(folder, 'terraform.tfstate'), 'utf8'));
	t.like(state, {resources: [{instances: [{status: 'tainted'}]}]});
	t.false(existsSync(join(folder, 'run.json')));
});

withTerraform('a Terraform that outlived the tool is waited for, not fought with', async t => {
	const {folder, tf} = await setUp(t, 'wait');
	const abandoned = tf.apply(await planned(tf));
	await abandoned.next();
	await until('the provisioner to run', () => existsSync(join(folder, 'waiting')));
	// As if the tool had been killed: nobody reads the first run any more.
	const next = terraform({binary, folder, env: process.env});
	const planning = next.plan();
	t.like((await planning.next()).value, {type: 'waiting'});
	await writeFile(join(folder, 'go'), '');
	const {result} = await drain(planning);
	t.true(result.empty);
	await abandoned.return();
});

withTerraform('what a killed Terraform leaves is told and repaired: its lock note, a state cut off in the middle', async t => {
	const {folder, source, tf} = await setUp(t, 'one');
	await drain(tf.apply(await planned(tf)));
	await renderFolder(folder, source, {word: 'two'});
	await drain(tf.apply(await planned(tf)));
	const state = join(folder, 'terraform.tfstate');
	await writeFile(state, (await readFile(state, 'utf8')).slice(0, 100));
	await writeFile(
		join(folder, '.terraform.tfstate.lock.info'),
		JSON.stringify({Who: 'me@here', Operation: 'OperationTypeApply', Created: 'then'}),
	);
	await writeFile(
		join(folder, 'run.json'),
		JSON.stringify({pid: 2, startTime: '1', bootId: 'other', command: 'apply', since: 'then'}),
	);
	const {seen} = await drain(tf.plan());
	const warnings = seen.filter(event => event.type === 'warning').map(event => event.code);
	t.deepEqual(warnings, process.platform === 'linux' ? ['stale-state-lock', 'state-repaired'] : ['state-repaired']);
	t.deepEqual(await tf.resources(), ['terraform_data.one']);
});

withTerraform('a state locked by somebody else is named with its holder', async t => {
	const {folder, source} = await setUp(t, 'wait');
	const slow = terraform({binary, folder, env: process.env});
	const abandoned = slow.apply(await planned(slow));
	await abandoned.next();
	await until('the provisioner to run', () => existsSync(join(folder, 'waiting')));
	// Without the record it is not one of ours.
	await rm(join(folder, 'run.json'));
	await renderFolder(folder, source, {word: 'other'});
	const wrapper = join(folder, '..', 'impatient');
	await writeFile(
		wrapper,
		`#!/bin/sh\nfor a in "$@"; do shift; [ "$a" = -lock-timeout=15s ] || set -- "$@" "$a"; done\nexec '${binary.path}' "$@"\n`,
	);
	await chmod(wrapper, 0o700);
	const impatient = terraform({binary: {...binary, path: wrapper}, folder, env: process.env});
	const error = await t.throwsAsync(drain(impatient.plan()), {instanceOf: AppError});
	t.is(error.code, 'state-locked');
	t.like(error.details.holder, {operation: 'OperationTypeApply'});
	await writeFile(join(folder, 'go'), '');
	await drain(abandoned);
});

test('rendering replaces the module of an older version and keeps what is Terraform’s', async t => {
	const {folder, source} = await setUp(t, 'x');
	await writeFile(join(folder, 'old.tf'), '# gone in this version');
	await writeFile(join(folder, 'terraform.tfstate'), '{}');
	await writeFile(join(source, 'new.tf'), '# new');
	await renderFolder(folder, source, {word: 'y'});
	t.deepEqual((await readdir(folder)).sort(), ['main.tf', 'new.tf', 'terraform.tfstate', 'terraform.tfvars.json']);
	t.deepEqual(JSON.parse(await readFile(join(folder, 'terraform.tfvars.json'), 'utf8')), {word: 'y'});
});
