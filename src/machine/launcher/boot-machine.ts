import type {ChildProcess} from 'node:child_process';
import type {FileHandle} from 'node:fs/promises';
import {join} from 'node:path';
import {toHex} from '../../attestation/bytes.ts';
import {localRegisters} from '../../attestation/registers.ts';
import {measuredCommandLine, nodeEnvironment} from '../../attestation/variants/local/measured-boot.ts';
import {openRegular} from '../../releases/files.ts';
import {parseManifest} from '../../releases/manifest.ts';
import {type BankDigest, digestsOf} from '../tpm/banks.ts';
import type {SoftwareTpm} from '../tpm/software-tpm.ts';
import type {RuntimeDigests} from './runtime-digests.ts';
import {startNode} from './start-node.ts';

export type BootOptions = {
	/** Folder and version of the image. */
	image: {folder: string; version: string};
	/** The machine's folder: working directory of its processes. */
	folder: string;
	/** Parameters of the node, equal on all nodes of the cluster. */
	params: readonly string[];
	tpm: SoftwareTpm;
	/** Shared by the machines of one machine service, so that the runtime is hashed once. */
	runtimeDigests: RuntimeDigests;
	/** Told every step of the boot, one line each. */
	report?: (line: string) => void;
};

export type BootedNode = {child: ChildProcess; pid: number};

const largestProgram = 64 * 1024 * 1024;

/**
 * Measured boot: opens launcher, bundle and runtime once, extends them and the command line into the TPM, and starts exactly those
 * bytes. The bundle goes through a pipe from the very buffer that was measured; the runtime is executed through the descriptor that
 * was measured. Register 4 launcher, 9 bundle, 11 runtime, 12 command line.
 */
export async function bootMachine(options: BootOptions): Promise<BootedNode> {
	const {image, tpm, params, report = () => undefined} = options;
	const manifest = parseManifest((await readOnce(join(image.folder, 'manifest.json'))).toString('utf8'), image.version);
	const runtime = await openRegular(join(image.folder, manifest.runtime));
	try {
		const launcher = await readOnce(join(image.folder, manifest.launcher));
		const bundle = await readOnce(join(image.folder, manifest.bundle));
		const runtimeDigests = await options.runtimeDigests(runtime);
		const commandLine = measuredCommandLine(manifest.arguments, params, nodeEnvironment);
		tpm.reset();
		const measure = (register: number, digests: readonly BankDigest[], what: string): void => {
			tpm.measure(register, digests, what);
			report(`measured ${register} ${what} ${toHex(digests[0]?.digest ?? new Uint8Array())}`);
		};
		measure(localRegisters.launcher, digestsOf(launcher), 'launcher machine.mjs');
		measure(localRegisters.bundle, digestsOf(bundle), 'bundle node.mjs');
		measure(localRegisters.runtime, runtimeDigests.digests, 'runtime node');
		measure(localRegisters.commandLine, digestsOf(Buffer.from(commandLine)), 'command line');
		return await startNode({
			runtime,
			runtimePath: join(image.folder, manifest.runtime),
			isUnchanged: runtimeDigests.isUnchanged,
			arguments: manifest.arguments,
			params,
			bundle,
			folder: options.folder,
		});
	} finally {
		await runtime.close();
	}
}

async function readOnce(path: string): Promise<Buffer> {
	const file: FileHandle = await openRegular(path);
	try {
		const {size} = await file.stat();
		if (size > largestProgram) throw new Error(`${path} is larger than ${largestProgram} bytes`);
		return await file.readFile();
	} finally {
		await file.close();
	}
}
