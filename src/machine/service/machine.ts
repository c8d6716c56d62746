import {appendFileSync, mkdirSync, renameSync, rmSync, statSync} from 'node:fs';
import type {Server} from 'node:http';
import {join} from 'node:path';
import {isAlive, processesIn, recordOf, signalGroup, signalProcess, waitForEnd} from '../../process.ts';
import type {MachineState} from '../../providers/node-groups.ts';
import {addressOf} from './addresses.ts';
import {writeJson} from './files.ts';
import type {Boot, CloudEvent, CloudSpec, MachineRecord, MachineView} from './types.ts';

export type Machine = {
	record(): MachineRecord;
	view(): MachineView;
	/** Switches the machine on; resolves when its process runs, or with the state `failed`. Does nothing to a running one. */
	start(): Promise<void>;
	/** Switches it off: SIGTERM for its first process, then SIGKILL for its whole process group. */
	stop(): Promise<void>;
	/** Switches it off and removes its disk, TPM and logs. `gently`: what it serves may end in order before. */
	remove(gently: boolean): Promise<void>;
};

export type MachineDeps = {
	/** Absolute path of the machine's folder; the record lies in it. */
	folder: string;
	spec(): CloudSpec;
	boot: Boot;
	/** Opens the metadata socket of this machine. */
	serveMetadata(machine: Machine, folder: string, log: (line: string) => void): Promise<Server>;
	emit(event: CloudEvent): void;
};

/** What a node serves ends in order: answers under way are given, clients told to ask elsewhere. */
const gracefulMs = 12_000;
const killedMs = 3000;
const largestLog = 4 * 1024 * 1024;

/** One machine of the miniature cloud. A machine whose process ended stays off until somebody asks. */
export const createMachine = (first: MachineRecord, deps: MachineDeps): Machine => {
	const {folder} = deps;
	let record = first;
	let state: MachineState = 'stopped';
	let detail: string | undefined = 'not started';
	let metadata: Server | undefined;
	let ended: Promise<unknown> = Promise.resolve();
	let last: Promise<unknown> = Promise.resolve();

	const view = (): MachineView => ({
		name: record.name,
		group: record.group,
		role: record.role,
		image: record.image,
		address: addressOf(deps.spec().network, record.slot),
		state,
		...(detail !== undefined && {detail}),
	});
	const become = (next: MachineState, why?: string) => {
		state = next;
		detail = why;
		deps.emit({type: 'machine', ...view(), at: Date.now()});
	};
	const save = (change: Partial<MachineRecord>) => {
		record = {...record, ...change};
		writeJson(join(folder, 'machine.json'), record);
	};
	// What the node says of itself is kept apart from what was done to it: it must not pass for a measurement.
	const tell = (type: 'boot' | 'node', line: string) => {
		appendLine(join(folder, 'serial.log'), `[${type === 'boot' ? 'machine' : 'node'}] ${line}`);
		deps.emit({type, name: record.name, role: record.role, line, at: Date.now()});
	};
	const report = (line: string) => {
		tell('boot', line);
	};
	/** One thing at a time happens to a machine. */
	const inTurn = <T>(job: () => Promise<T>): Promise<T> => {
		const result = last.then(job);
		// The next one waits for this one, however it ends; its caller gets the error.
		last = result.catch(() => undefined);
		return result;
	};

	const switchOff = async (grace: number) => {
		const {process: running} = record;
		// The node ends its services in their order; all at once they would end under each other.
		if (running !== undefined && signalProcess(running, 'SIGTERM') && grace > 0) await waitForEnd(running, grace);
		killLeftovers(folder, record);
		if (running !== undefined) await waitForEnd(running, killedMs);
		await ended;
		await closeServer(metadata);
		metadata = undefined;
	};

	const switchOn = async () => {
		killLeftovers(folder, record);
		mkdirSync(join(folder, 'disk'), {recursive: true, mode: 0o700});
		rotate(join(folder, 'serial.log'));
		become('creating');
		try {
			metadata ??= await deps.serveMetadata(machine, folder, line => {
				tell('node', line);
			});
			report(`booting ${record.image} as ${record.role}`);
			const booted = await deps.boot({record, folder, spec: deps.spec(), report});
			save({process: booted.record});
			ended = booted.ended.then(why => {
				killLeftovers(folder, record);
				if (state === 'running') {
					report(`off: ${why}`);
					become('stopped', why);
				}
			});
			become('running');
		} catch (error) {
			const why = error instanceof Error ? error.message : String(error);
			report(`failed: ${why}`);
			killLeftovers(folder, record);
			await closeServer(metadata);
			metadata = undefined;
			become('failed', why);
		}
	};

	const machine: Machine = {
		record: () => record,
		view,
		start: () =>
			inTurn(async () => {
				if (state !== 'running') await switchOn();
			}),
		stop: () =>
			inTurn(async () => {
				const was = state;
				state = 'terminating';
				await switchOff(gracefulMs);
				become('stopped', was === 'running' ? 'switched off' : detail);
			}),
		remove: gently =>
			inTurn(async () => {
				become('terminating');
				await switchOff(gently ? gracefulMs : 0);
				rmSync(folder, {recursive: true, force: true, maxRetries: 3});
				become('terminated');
			}),
	};
	return machine;
};

/** Ends every process of a machine: the group it recorded and whatever else works in its folder. */
export const killLeftovers = (folder: string, record: MachineRecord): number => {
	const own = recordOf(process.pid);
	let ended = record.process !== undefined && signalGroup(record.process, 'SIGKILL') ? 1 : 0;
	for (const stray of processesIn(folder)) {
		if (stray.pid === own?.pid || stray.pid === record.process?.pid || !isAlive(stray)) continue;
		if (signalProcess(stray, 'SIGKILL')) ended++;
	}
	return ended;
};

const closeServer = (server: Server | undefined): Promise<void> =>
	new Promise(resolve => {
		if (server === undefined) {
			resolve();
			return;
		}
		server.close(() => resolve());
		server.closeAllConnections();
	});

const appendLine = (path: string, line: string): void => {
	try {
		appendFileSync(path, `${line}\n`, {mode: 0o600});
	} catch {
		// A full disk, or a folder removed by hand: the line still reaches who listens, and no machine is lost over its log.
	}
};

/** Keeps the log of one earlier time. */
const rotate = (path: string): void => {
	const size = statSync(path, {throwIfNoEntry: false})?.size ?? 0;
	if (size > largestLog) renameSync(path, `${path}.1`);
};
