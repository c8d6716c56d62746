import {spawn} from 'node:child_process';
import {closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {
	isAlive,
	isProcessRecord,
	type ProcessRecord,
	processesIn,
	recordOf,
	signalGroup,
	signalProcess,
	waitForEnd,
} from '../../process.ts';
import {unixRequest} from '../../unix-http.ts';
import {claim, holderOf, release} from './claim.ts';
import {storedMachines} from './cloud.ts';
import {readJson, writeJson} from './files.ts';
import {killLeftovers} from './machine.ts';
import {object, parseGroup, parseSpec} from './parse.ts';
import {Refused} from './refused.ts';
import {fileNames} from './serve.ts';
import type {CloudSpec, MachineView} from './types.ts';

export type CtlDeps = {
	/** clusters/UID. */
	folder: string;
	/** Command line that starts this program again: runtime, then program. */
	program: readonly [string, ...string[]];
	print(line: string): void;
};

/** The machine service waits most of its life: little memory matters more to it than speed. */
const smallRuntime = ['--v8-pool-size=1', '--max-semi-space-size=1'];
const startMs = 20_000;
const lockMs = 60_000;
/** Machines end in order what they serve. */
const haltMs = 20_000;

/** Starts the machine service unless it runs; resolves once it answers. The spec replaces an older one. */
export const start = (deps: CtlDeps, given: unknown): Promise<void> =>
	alone(deps, async () => {
		const spec = given === undefined ? parseSpec(readJson(join(deps.folder, fileNames.spec))) : parseSpec(given);
		await startHeld(deps, spec);
	});

/** Makes a node group what `given` ({role, image, size}) says; starts the machine service first when it does not run. */
export const groupApply = async (deps: CtlDeps, name: string, given: unknown): Promise<void> => {
	const group = parseGroup(name, given);
	if (!(await isServed(deps.folder))) await start(deps, undefined);
	const answer = object(await control(deps.folder, 'PUT', `/groups/${name}`, group), 'the answer');
	for (const removed of list(answer.removed)) deps.print(`${String(removed)} removed`);
	for (const added of list(answer.added)) deps.print(`${String(added)} running`);
	const failed = list(answer.failed) as MachineView[];
	for (const machine of failed) deps.print(`${machine.name} failed: ${machine.detail ?? 'no reason given'}`);
	if (failed.length > 0)
		throw new Refused(500, 'machine-failed', `${failed.length} of ${group.size} machines of ${name} did not boot`);
	deps.print(`${name}: ${group.size} of ${group.size}`);
};

/** Removes a node group and its machines, also when the machine service does not run any more. */
export const groupDelete = async (deps: CtlDeps, name: string): Promise<void> => {
	if (!existsSync(deps.folder)) {
		deps.print(`${name}: nothing to remove`);
		return;
	}
	if (!(await isServed(deps.folder))) {
		await alone(deps, () => {
			removeStored(deps, name);
			return Promise.resolve();
		});
		return;
	}
	const {removed} = object(await control(deps.folder, 'DELETE', `/groups/${name}`), 'the answer');
	for (const machine of list(removed)) deps.print(`${String(machine)} removed`);
};

/** Switches the machines and the service off; disks, keys and groups stay, `start` brings them back. */
export const halt = async (deps: CtlDeps): Promise<void> => {
	if (!existsSync(deps.folder)) throw new Refused(404, 'nothing', `there is no cluster in ${deps.folder}`);
	await alone(deps, async () => {
		const ended = await killService(deps.folder, true);
		for (const record of storedMachines(deps.folder)) killLeftovers(join(deps.folder, 'machines', record.name), record);
		deps.print(ended ? 'machine service stopped' : 'machine service was not running');
	});
};

/** Ends every process of the cluster and removes its folder and its network claim. Says what it removed; doing it twice is fine. */
export const stop = async (deps: CtlDeps): Promise<void> => {
	if (!existsSync(deps.folder) && processesIn(resolve(deps.folder)).length === 0) {
		deps.print('nothing to stop: this cluster has no machine service here');
		return;
	}
	await alone(deps, async () => {
		const spec = readJson(join(deps.folder, fileNames.spec));
		const machines = storedMachines(deps.folder);
		if (await killService(deps.folder, false)) deps.print('machine service stopped');
		for (const record of machines) {
			killLeftovers(join(deps.folder, 'machines', record.name), record);
			if (record.process !== undefined) await waitForEnd(record.process, 5000);
			deps.print(`${record.name} removed`);
		}
		await killStrays(deps);
		rmSync(deps.folder, {recursive: true, force: true, maxRetries: 5, retryDelay: 50});
		if (releaseNetwork(spec)) deps.print('network released');
		removeUnfinished(deps.folder);
		deps.print(`${deps.folder} removed`);
	});
};

const startHeld = async (deps: CtlDeps, spec: CloudSpec): Promise<void> => {
	const {folder} = deps;
	const known = readJson(join(folder, fileNames.spec));
	if (known !== undefined && parseSpec(known).uid !== spec.uid)
		throw new Refused(409, 'other-cluster', `${folder} belongs to another cluster`);
	if (await isServed(folder)) {
		await control(folder, 'PUT', '/init-secret-hash', {hash: spec.initSecretHash});
		deps.print(`machine service runs (process ${holderOf(join(folder, fileNames.service))?.pid ?? 'unknown'})`);
		return;
	}
	if (!existsSync(join(folder, fileNames.maker)))
		throw new Refused(400, 'no-maker-key', `${join(folder, fileNames.maker)} is missing`);
	writeJson(join(folder, fileNames.spec), spec);
	// Whoever has to start or stop this cluster later does it with the same program, not with one that was installed since.
	writeJson(join(folder, fileNames.program), deps.program);
	const started = launch(deps);
	try {
		await answers(folder, started);
	} catch (error) {
		signalGroup(started, 'SIGKILL');
		throw error;
	}
	deps.print(`machine service started (process ${started.pid})`);
};

/** Detached, in its own session, with a minimal environment: it outlives Terraform, the terminal and the CLI. */
const launch = ({folder, program}: CtlDeps): ProcessRecord => {
	const log = openSync(join(folder, fileNames.log), 'w', 0o600);
	const [runtime, ...args] = program;
	const child = spawn(runtime, [...smallRuntime, ...args, 'serve', '--folder', folder], {
		cwd: folder,
		detached: true,
		stdio: ['ignore', log, log],
		env: {PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', TZ: 'UTC'},
	});
	closeSync(log);
	child.unref();
	// What goes wrong with the spawn itself shows in the missing record below.
	child.on('error', () => undefined);
	const record = child.pid === undefined ? undefined : recordOf(child.pid);
	if (record === undefined) throw new Refused(500, 'not-started', `${runtime} did not start`);
	return record;
};

/** Waits until the process that answers the control socket is the one expected: a socket alone could be anybody's. */
const answers = async (folder: string, expected: ProcessRecord): Promise<void> => {
	const until = performance.now() + startMs;
	for (;;) {
		try {
			const {pid} = object(await control(folder, 'GET', '/status'), 'the answer');
			if (pid === expected.pid) return;
		} catch (error) {
			// Not listening yet; whether it ever will is decided below.
			if (error instanceof Refused) throw error;
		}
		if (!isAlive(expected))
			throw new Refused(500, 'not-started', `the machine service ended: ${lastLine(join(folder, fileNames.log))}`);
		if (performance.now() > until) throw new Refused(500, 'not-started', 'the machine service does not answer');
		await delay(10);
	}
};

/** Whether the machine service answers; false also for one that is about to end: another one has to be started then. */
const isServed = async (folder: string): Promise<boolean> => {
	const holder = holderOf(join(folder, fileNames.service));
	if (holder === undefined) return false;
	try {
		await answers(folder, holder);
		return true;
	} catch (error) {
		if (isAlive(holder)) throw error;
		return false;
	}
};

const killService = async (folder: string, gently: boolean): Promise<boolean> => {
	const record = readJson(join(folder, fileNames.service));
	if (!isProcessRecord(record) || !isAlive(record)) return false;
	signalProcess(record, gently ? 'SIGTERM' : 'SIGKILL');
	if (!(await waitForEnd(record, gently ? haltMs : 10_000))) {
		signalGroup(record, 'SIGKILL');
		await waitForEnd(record, 5000);
	}
	return true;
};

const killStrays = async (deps: CtlDeps): Promise<void> => {
	// What was killed with its group needs a moment to go; only what stays after that was not known.
	for (let wait = 0; wait < 40 && processesIn(resolve(deps.folder)).length > 0; wait++) await delay(25);
	for (;;) {
		const strays = processesIn(resolve(deps.folder));
		if (strays.length === 0) return;
		for (const stray of strays) {
			deps.print(`stray process ${stray.pid} ended`);
			signalProcess(stray, 'SIGKILL');
		}
		await Promise.all(strays.map(stray => waitForEnd(stray, 5000)));
	}
};

const removeStored = (deps: CtlDeps, group: string): void => {
	for (const record of storedMachines(deps.folder)) {
		if (record.group !== group) continue;
		killLeftovers(join(deps.folder, 'machines', record.name), record);
		rmSync(join(deps.folder, 'machines', record.name), {recursive: true, force: true});
		deps.print(`${record.name} removed`);
	}
	const path = join(deps.folder, 'groups.json');
	const stored = readJson(path);
	if (typeof stored !== 'object' || stored === null || !('groups' in stored) || !Array.isArray(stored.groups)) return;
	writeJson(path, {...stored, groups: (stored.groups as {name?: unknown}[]).filter(each => each.name !== group)});
};

/** A process killed while it wrote the lock beside the folder leaves the half-written file under another name. */
const removeUnfinished = (folder: string): void => {
	const prefix = `${basename(folder)}.lock.`;
	for (const name of readdirSync(dirname(folder)))
		if (name.startsWith(prefix)) rmSync(join(dirname(folder), name), {force: true});
};

const releaseNetwork = (given: unknown): boolean => {
	try {
		const {uid, network, dataHome} = parseSpec(given);
		const name = network.kind === 'addresses' ? network.prefix : `ports-${network.firstPort}`;
		const path = join(dataHome, 'networks', `${name}.json`);
		const owner = readJson(path);
		if (typeof owner !== 'object' || owner === null || !('uid' in owner) || owner.uid !== uid) return false;
		rmSync(path, {force: true});
		return true;
	} catch (error) {
		// A cluster that was never described has claimed nothing that we know of.
		if (error instanceof Refused) return false;
		throw error;
	}
};

/** Commands that start or stop the service of one folder run one at a time; a holder that died is replaced. */
const alone = async <T>(deps: CtlDeps, job: () => Promise<T>): Promise<T> => {
	mkdirSync(dirname(deps.folder), {recursive: true, mode: 0o700});
	// Beside the folder, not in it: `stop` removes the folder.
	const path = `${resolve(deps.folder)}.lock`;
	const until = performance.now() + lockMs;
	for (let holder = claim(path); holder !== undefined; holder = claim(path)) {
		if (performance.now() > until) throw new Refused(409, 'busy', `process ${holder.pid} is working on this cluster`);
		await delay(25);
	}
	try {
		return await job();
	} finally {
		release(path);
	}
};

const control = (folder: string, method: string, path: string, body?: unknown): Promise<unknown> =>
	unixRequest({socketPath: join(folder, fileNames.control), method, path, ...(body !== undefined && {body})});

const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

const lastLine = (path: string): string => {
	try {
		return readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '';
	} catch {
		// The log is only there to explain another failure.
		return 'no log';
	}
};
