import {type ChildProcess, spawn} from 'node:child_process';
import {join} from 'node:path';
import {type LogFile, openLogFile} from './log-file.ts';
import {isFromService, type Stop, type ToService} from './protocol.ts';

/** How a service process is started: the runtime, what comes before the program, and the program's own bytes. */
export type Program = {runtime: string; arguments: readonly string[]; bundle: Uint8Array; env: Readonly<Record<string, string>>};

export type ServiceSpec = {
	name: string;
	/** Made anew for every start, because certificates and peers may have changed. */
	settings: () => Promise<unknown>;
};

export type ServiceStatus = {
	name: string;
	state: 'starting' | 'running' | 'waiting' | 'stopped';
	restarts: number;
	logPath: string;
	pid?: number;
	/** Milliseconds since the epoch. */
	startedAt?: number;
	lastExit?: {code: number | null; signal: string | null; at: number};
};

export type Supervisor = {
	/** Starts a service and keeps it running; resolves when it serves for the first time. */
	start(spec: ServiceSpec): Promise<void>;
	/** Runs a service inside this process, for nodes whose one small service is not worth a process of its own. */
	startInside(name: string, start: (log: (line: string) => void) => Promise<Stop>): Promise<void>;
	list(): ServiceStatus[];
	/** Called after every change of a status. */
	onChange(listener: () => void): void;
	/** Stops all services, the last one started first. */
	stop: Stop;
};

export type SupervisorDeps = {
	program: Program;
	logFolder: string;
	log: (line: string) => void;
	/** Bounds of the wait before a service is started again. */
	backOff?: {firstMs: number; longestMs: number; calmMs: number};
};

const graceMs = 7000;

/** Runs the services of a node as children: same program bytes, settings over IPC, output to bounded files. */
export const supervise = ({
	program,
	logFolder,
	log,
	backOff = {firstMs: 100, longestMs: 5000, calmMs: 30_000},
}: SupervisorDeps): Supervisor => {
	const services: Service[] = [];
	const listeners: (() => void)[] = [];
	const changed = () => {
		for (const listener of listeners) listener();
	};
	return {
		start(spec) {
			const logFile = openLogFile(join(logFolder, `${spec.name}.log`));
			const service = keepRunning({spec, program, logFile, log, backOff, changed});
			services.push(service);
			return service.ready;
		},
		async startInside(name, run) {
			const logFile = openLogFile(join(logFolder, `${name}.log`));
			const startedAt = Date.now();
			const stop = await run(line => {
				logFile.write(Buffer.from(`${line}\n`));
			});
			services.push({
				ready: Promise.resolve(),
				status: () => ({name, state: 'running', restarts: 0, logPath: logFile.path, startedAt, pid: process.pid}),
				async stop() {
					await stop();
					logFile.close();
				},
			});
			changed();
		},
		list() {
			return services.map(service => service.status());
		},
		onChange(listener) {
			listeners.push(listener);
		},
		async stop() {
			for (const service of services.splice(0).reverse()) await service.stop();
		},
	};
};

type Service = {ready: Promise<void>; status(): ServiceStatus; stop: Stop};

type Running = {
	spec: ServiceSpec;
	program: Program;
	logFile: LogFile;
	log: (line: string) => void;
	backOff: {firstMs: number; longestMs: number; calmMs: number};
	changed: () => void;
};

const keepRunning = ({spec, program, logFile, log, backOff, changed}: Running): Service => {
	let status: ServiceStatus = {name: spec.name, state: 'starting', restarts: 0, logPath: logFile.path};
	let child: ChildProcess | undefined;
	let timer: NodeJS.Timeout | undefined;
	let delay = backOff.firstMs;
	let stopping = false;
	let resolveReady: () => void = () => undefined;
	const ready = new Promise<void>(resolve => {
		resolveReady = resolve;
	});
	const update = (next: Partial<ServiceStatus>) => {
		status = {...status, ...next};
		changed();
	};

	const run = async () => {
		update({state: 'starting'});
		let settings: unknown;
		try {
			settings = await spec.settings();
		} catch (error) {
			log(`${spec.name}: no settings: ${String(error)}`);
			again();
			return;
		}
		if (stopping) return;
		child = startChild(program, spec.name, logFile);
		update({startedAt: Date.now(), ...(child.pid === undefined ? {} : {pid: child.pid})});
		child.on('message', message => {
			if (!isFromService(message)) return;
			if ('hello' in message) {
				const answer: ToService = {settings};
				settings = undefined;
				child?.send(answer, () => undefined);
			} else {
				update({state: 'running'});
				resolveReady();
			}
		});
		const ended = once((code: number | null, signal: string | null) => {
			if (Date.now() - (status.startedAt ?? 0) > backOff.calmMs) delay = backOff.firstMs;
			child = undefined;
			update({state: stopping ? 'stopped' : 'waiting', lastExit: {code, signal, at: Date.now()}});
			if (!stopping) again();
		});
		child.on('exit', ended);
		child.on('error', error => {
			logFile.write(Buffer.from(`cannot start: ${error.message}\n`));
			ended(null, null);
		});
	};

	const again = () => {
		log(`${spec.name} ended; starting it again in ${String(delay)} ms`);
		timer = setTimeout(() => {
			status = {...status, restarts: status.restarts + 1};
			void run();
		}, delay);
		delay = Math.min(delay * 2, backOff.longestMs);
	};

	void run();
	return {
		ready,
		status: () => status,
		async stop() {
			stopping = true;
			clearTimeout(timer);
			if (child !== undefined) await end(child);
			update({state: 'stopped'});
			logFile.close();
		},
	};
};

const startChild = ({runtime, arguments: before, bundle, env}: Program, name: string, logFile: LogFile): ChildProcess => {
	const child = spawn(runtime, [...before, '-', 'service', name], {env, stdio: ['pipe', 'pipe', 'pipe', 'ipc']});
	const keep = (chunk: Uint8Array) => {
		logFile.write(chunk);
	};
	child.stdout?.on('data', keep);
	child.stderr?.on('data', keep);
	// A child that dies while it reads its program is handled as an exit.
	child.stdin?.on('error', () => undefined);
	child.stdin?.end(bundle);
	return child;
};

/** Closing the channel asks a service to end; one that does not is killed. */
const end = (child: ChildProcess) =>
	new Promise<void>(resolve => {
		const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
		child.once('exit', () => {
			clearTimeout(timer);
			resolve();
		});
		if (child.connected) child.disconnect();
		else child.kill('SIGTERM');
	});

const once = <Arguments extends unknown[]>(act: (...values: Arguments) => void) => {
	let done = false;
	return (...values: Arguments) => {
		if (done) return;
		done = true;
		act(...values);
	};
};
