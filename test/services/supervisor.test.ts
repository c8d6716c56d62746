import {mkdtemp, readFile, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openLogFile} from '../../src/services/supervisor/log-file.ts';
import {type ServiceStatus, supervise} from '../../src/services/supervisor/supervisor.ts';
import {eventually} from '../helpers/eventually.ts';

/** A service that tells its settings in its log, and fails as often as they say. */
const program = `
process.send({hello: true});
process.on('message', ({settings}) => {
	console.log('settings', JSON.stringify(settings));
	console.log('arguments', process.argv.slice(2).join(' '), Object.keys(process.env).sort().join());
	if (settings.run < settings.failures) process.kill(process.pid, 'SIGKILL');
	process.send({ready: true});
});
process.on('disconnect', () => { console.log('bye'); });
`;

const newSupervisor = async (t: ExecutionContext) => {
	const folder = await mkdtemp(join(tmpdir(), 'supervisor-'));
	const supervisor = supervise({
		program: {
			runtime: process.execPath,
			arguments: ['--input-type=module'],
			bundle: Buffer.from(program),
			env: {PATH: '/usr/bin:/bin'},
		},
		logFolder: join(folder, 'logs'),
		log: () => undefined,
		backOff: {firstMs: 10, longestMs: 50, calmMs: 60_000},
	});
	t.teardown(async () => {
		await supervisor.stop();
		await rm(folder, {recursive: true});
	});
	const until = (condition: (status: ServiceStatus | undefined) => boolean) =>
		new Promise<ServiceStatus | undefined>(resolve => {
			const look = () => {
				if (condition(supervisor.list()[0])) resolve(supervisor.list()[0]);
			};
			supervisor.onChange(look);
			look();
		});
	return {supervisor, log: () => readFile(join(folder, 'logs', 'one.log'), 'utf8'), until};
};

test('a service gets its settings over the channel alone and says when it serves', async t => {
	const {supervisor, log} = await newSupervisor(t);
	await supervisor.start({name: 'one', settings: () => Promise.resolve({secret: 'canary', run: 0, failures: 0})});
	t.like(supervisor.list()[0], {name: 'one', state: 'running', restarts: 0});
	const written = await eventually(async () => /arguments.*\n/.test(await log()) && log());
	t.regex(written, /^\S+Z settings \{"secret":"canary"/);
	t.regex(written, /arguments service one PATH$/m);
	if (process.platform !== 'linux') return;
	for (const file of ['cmdline', 'environ']) {
		t.false((await readFile(`/proc/${supervisor.list()[0]?.pid ?? 0}/${file}`, 'utf8')).includes('canary'), file);
	}
});

test('a service that ends is started again, with new settings', async t => {
	const {supervisor, until, log} = await newSupervisor(t);
	let run = 0;
	await supervisor.start({name: 'one', settings: () => Promise.resolve({run: run++, failures: 2})});
	t.like(supervisor.list()[0], {state: 'running', restarts: 2, lastExit: {code: null, signal: 'SIGKILL'}});
	const before = supervisor.list()[0]?.pid;
	process.kill(before ?? 0, 'SIGKILL');
	const after = await until(status => status?.state === 'running' && status.pid !== before);
	t.is(after?.restarts, 3);
	// The log has a channel of its own: its last line may come after the word that the service serves.
	await eventually(async () => (await log()).match(/settings/g)?.length === 4);
	t.pass();
});

test('settings that are not there yet are asked for again', async t => {
	const {supervisor} = await newSupervisor(t);
	let run = 0;
	await supervisor.start({
		name: 'one',
		settings: () => (run++ === 0 ? Promise.reject(new Error('not yet')) : Promise.resolve({run: 0, failures: 0})),
	});
	t.is(run, 2);
});

test('stopping ends every service and leaves none behind', async t => {
	const {supervisor, log} = await newSupervisor(t);
	await supervisor.start({name: 'one', settings: () => Promise.resolve({run: 0, failures: 0})});
	const pid = supervisor.list()[0]?.pid ?? 0;
	await supervisor.stop();
	t.throws(() => process.kill(pid, 0), {code: 'ESRCH'});
	await eventually(async () => /bye/.test(await log()));
});

test('a log never takes more than twice its limit', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'log-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const path = join(folder, 'a', 'service.log');
	const log = openLogFile(path, 1000);
	for (let line = 0; line < 200; line++) log.write(Buffer.from(`line ${line}\n`));
	log.close();
	t.true((await stat(path)).size <= 1000);
	t.true((await stat(`${path}.1`)).size <= 1000);
	t.is((await stat(path)).mode & 0o777, 0o600);
	t.regex(await readFile(path, 'utf8'), /line 199\n$/);
});

test('an endless line is cut and characters in two pieces stay whole', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'log-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const path = join(folder, 'service.log');
	const log = openLogFile(path, 1024 * 1024, () => new Date(0));
	const euro = Buffer.from('€');
	log.write(euro.subarray(0, 1));
	log.write(Buffer.concat([euro.subarray(1), Buffer.from('\n')]));
	log.write(Buffer.from('x'.repeat(40_000)));
	log.close();
	const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
	t.is(lines[0], '1970-01-01T00:00:00.000Z €');
	t.is(lines.length, 2);
});
