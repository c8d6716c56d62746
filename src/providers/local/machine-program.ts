import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {createInterface} from 'node:readline';
import {AppError, exitCodes} from '../../errors.ts';
import type {Event} from '../../events.ts';
import {clusterFolder, readClusterFile} from './cluster-folder.ts';

/** What starts the machine service and its commands: a runtime and a program file. */
export type MachineProgram = {runtime: string; program: string};

/** The machine program that came with the tool: beside the bundle, or the source in a checkout; started by the runtime in use. */
export const toolMachineProgram = (): MachineProgram => {
	for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
		for (const name of ['machine.mjs', 'machine.ts']) {
			if (existsSync(join(folder, name))) return {runtime: process.execPath, program: join(folder, name)};
		}
		if (dirname(folder) === folder) throw new Error('the machine program is missing from this installation');
	}
};

/** The machine program of an image: it stays the same when the tool is updated, so Terraform's state can name it. */
export const imageMachineProgram = (image: {folder: string; manifest: {launcher: string; runtime: string}}): MachineProgram => ({
	runtime: join(image.folder, image.manifest.runtime),
	program: join(image.folder, image.manifest.launcher),
});

/** The program that started a cluster's machine service, or the tool's own when that is gone. */
export const clusterMachineProgram = async (dataHome: string, uid: string): Promise<MachineProgram> => {
	const known = await readClusterFile(dataHome, uid, 'program.json');
	const [runtime, program] = Array.isArray(known) ? (known as unknown[]) : [];
	if (typeof runtime !== 'string' || typeof program !== 'string' || !existsSync(runtime) || !existsSync(program))
		return toolMachineProgram();
	return {runtime, program};
};

/** Starts the machine service of a cluster; its machines stay off until they are started. */
export const startMachineService = (dataHome: string, uid: string) => runControl(dataHome, uid, 'start');

/** Switches the machines and the machine service of a cluster off; everything on disk stays. */
export const stopMachineService = (dataHome: string, uid: string) => runControl(dataHome, uid, 'halt');

/** Ends every process of a cluster and removes its folder and addresses, whatever Terraform knows of it. */
export const removeMachineService = (dataHome: string, uid: string) => runControl(dataHome, uid, 'stop');

/** Runs one command of the machine program; its lines are log events. Throws AppError `machine-service` (exit 4). */
const runControl = async function* (
	dataHome: string,
	uid: string,
	command: 'start' | 'halt' | 'stop',
): AsyncGenerator<Event, void, void> {
	const {runtime, program} = await clusterMachineProgram(dataHome, uid);
	const child = spawn(runtime, [program, 'ctl', command, '--folder', clusterFolder(dataHome, uid)], {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', TZ: 'UTC'},
		// A Ctrl-C in the terminal must not cut a start or a removal in half.
		detached: true,
	});
	const ended = new Promise<number>((resolve, reject) => {
		child.on('error', reject);
		child.on('close', code => resolve(code ?? 1));
	});
	// Awaited below; a spawn that fails must not count as unhandled until then.
	ended.catch(() => undefined);
	let last = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => (last = text.trim().split('\n').at(-1) ?? last));
	for await (const line of createInterface({input: child.stdout})) {
		last = line;
		yield {type: 'log', source: 'machine service', line, at: Date.now()};
	}
	if ((await ended) === 0) return;
	throw new AppError(`The machine service could not do ${command}: ${last}`, {
		code: 'machine-service',
		exitCode: exitCodes.infrastructure,
		next: [`Look at ${join(clusterFolder(dataHome, uid), 'service.log')}.`],
	});
};
