import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {type FileHandle, open, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Writable} from 'node:stream';
import {bundleArguments, nodeEnvironment} from '../../attestation/variants/local/measured-boot.ts';

export type StartOptions = {
	runtime: FileHandle;
	/** Used only where a descriptor cannot be executed. */
	runtimePath: string;
	isUnchanged: () => Promise<boolean>;
	arguments: readonly string[];
	params: readonly string[];
	bundle: Uint8Array;
	folder: string;
};

/**
 * Starts the node in a process group of its own: bundle on standard input, the same bytes again on descriptor 3, output to
 * serial.log, the measured environment and nothing else. A runtime that changed since it was measured is stopped at once.
 */
export async function startNode(options: StartOptions): Promise<{child: ChildProcess; pid: number}> {
	await keepMemoryOutOfCoreDumps();
	const log = await open(join(options.folder, 'serial.log'), 'a', 0o600);
	try {
		const byDescriptor = process.platform === 'linux';
		const program = byDescriptor ? `/proc/self/fd/${options.runtime.fd}` : options.runtimePath;
		const child = spawn(program, [...options.arguments, ...bundleArguments, ...options.params], {
			argv0: 'constellation-node',
			cwd: options.folder,
			env: nodeEnvironment,
			detached: true,
			stdio: ['pipe', log.fd, log.fd, 'pipe'],
		});
		await once(child, 'spawn');
		// From here on the system refuses to write to the file that runs; what happened before shows in its times.
		const same = (await options.isUnchanged()) && (byDescriptor || (await isSameFile(options.runtime, options.runtimePath)));
		if (child.pid === undefined || !same) {
			child.kill('SIGKILL');
			throw new Error('the runtime changed while it was measured');
		}
		for (const stream of [child.stdin, child.stdio[3]]) if (stream instanceof Writable) send(stream, options.bundle);
		return {child, pid: child.pid};
	} finally {
		await log.close();
	}
}

/** A node that ends before it read everything shows in its exit, not here. */
function send(stream: Writable, bundle: Uint8Array): void {
	stream.on('error', () => stream.destroy());
	stream.end(bundle);
}

async function isSameFile(file: FileHandle, path: string): Promise<boolean> {
	const [opened, named] = [await file.stat(), await stat(path)];
	return opened.dev === named.dev && opened.ino === named.ino;
}

/** Children inherit the filter: a core dump of theirs holds no memory. Only Linux has it; elsewhere this does nothing. */
async function keepMemoryOutOfCoreDumps(): Promise<void> {
	if (process.platform !== 'linux') return;
	try {
		await writeFile('/proc/self/coredump_filter', '0');
	} catch {
		// A hardened /proc may forbid it; core dumps are then as the user's limits have them.
	}
}
