import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {sep} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';

/** Which process: a pid alone is used again by the system, its start time and the boot it belongs to are not. */
export type ProcessRecord = {pid: number; startTime: string; bootId: string};

const isLinux = process.platform === 'linux';

/** Names the current boot of this machine: every process of an earlier boot is gone. */
export const bootId = (): string =>
	isLinux
		? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
		: commandOutput('/usr/sbin/sysctl', ['-n', 'kern.boottime']);

/** The record of a running process; undefined when there is none, or only its zombie. */
export const recordOf = (pid: number): ProcessRecord | undefined => {
	const startTime = isLinux ? linuxStartTime(pid) : otherStartTime(pid);
	return startTime === undefined || startTime === '' ? undefined : {pid, startTime, bootId: bootId()};
};

/** Whether exactly that process still runs. A zombie counts as dead: it holds nothing any more. */
export const isAlive = (record: ProcessRecord): boolean => {
	const now = recordOf(record.pid);
	return now !== undefined && now.startTime === record.startTime && now.bootId === record.bootId;
};

/** Narrows what was read from a file. */
export const isProcessRecord = (value: unknown): value is ProcessRecord =>
	typeof value === 'object' &&
	value !== null &&
	'pid' in value &&
	Number.isInteger(value.pid) &&
	'startTime' in value &&
	typeof value.startTime === 'string' &&
	'bootId' in value &&
	typeof value.bootId === 'string';

/** Sends a signal to the process group that `record` leads, if that process still is the one recorded. */
export const signalGroup = (record: ProcessRecord, signal: NodeJS.Signals): boolean =>
	isAlive(record) && send(-record.pid, signal);

/** Sends a signal to one process by its record. */
export const signalProcess = (record: ProcessRecord, signal: NodeJS.Signals): boolean =>
	isAlive(record) && send(record.pid, signal);

/** Resolves with true once the process is gone, with false after `milliseconds`. */
export const waitForEnd = async (record: ProcessRecord, milliseconds: number): Promise<boolean> => {
	const until = performance.now() + milliseconds;
	while (isAlive(record)) {
		if (performance.now() > until) return false;
		await delay(15);
	}
	return true;
};

/**
 * Processes of this user that work in `folder` or below it, wherever they were started from. This finds what was started in the
 * instant before a kill and was never recorded. Linux only: elsewhere the list is empty and the records have to do.
 */
export const processesIn = (folder: string): ProcessRecord[] => {
	if (!isLinux) return [];
	const found: ProcessRecord[] = [];
	for (const entry of readdirSync('/proc')) {
		if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
		const cwd = linkTarget(`/proc/${entry}/cwd`)?.replace(/ \(deleted\)$/, '');
		if (cwd === undefined || (cwd !== folder && !cwd.startsWith(folder + sep))) continue;
		const record = recordOf(Number(entry));
		if (record !== undefined) found.push(record);
	}
	return found;
};

const send = (target: number, signal: NodeJS.Signals): boolean => {
	try {
		return process.kill(target, signal);
	} catch (error) {
		// It ended between the look and the signal: what the caller wanted.
		if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
		throw error;
	}
};

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and parentheses, so count from its end. */
const linuxStartTime = (pid: number): string | undefined => {
	let stat: string;
	try {
		stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	} catch {
		// No such process.
		return undefined;
	}
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
};

/** ps tells the state first: a Z is a zombie. */
const otherStartTime = (pid: number): string | undefined => {
	const [state = '', ...time] = commandOutput('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).split(/\s+/);
	return state.startsWith('Z') ? undefined : time.join(' ');
};

const linkTarget = (path: string): string | undefined => {
	try {
		return readlinkSync(path);
	} catch {
		// Another user's process, or one that just ended.
		return undefined;
	}
};

const commandOutput = (command: string, args: string[]): string => {
	try {
		return execFileSync(command, args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}).trim();
	} catch {
		// ps exits with 1 when there is no such process.
		return '';
	}
};
