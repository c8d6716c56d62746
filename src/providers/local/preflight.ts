import {access, constants, mkdir, statfs} from 'node:fs/promises';
import {dirname} from 'node:path';
import {AppError, exitCodes, type Problem} from '../../errors.ts';
import type {Event} from '../../events.ts';
import {findTerraform, type TerraformBinary} from '../../infrastructure/binary.ts';
import {type Download, downloadOpenTofu, pinnedDownload} from '../../infrastructure/download.ts';
import {type Fetch, proxiedFetch} from '../../proxy.ts';
import {controlSocket} from './cluster-folder.ts';
import {balancedPorts, loadBalancerOf, networkOf} from './network.ts';
import {listenProblem, portHolder} from './ports.ts';

export type PreflightOptions = {
	dataHome: string;
	/** Folder of the workspace. */
	workspace: string;
	env: NodeJS.ProcessEnv;
	/** Of an existing cluster: its own addresses are checked, or nothing when its machine service holds them. */
	uid?: string;
	/** Whether the machine service of `uid` runs. */
	running?: boolean;
	platform?: string;
	/** An address of the loopback network that no cluster has: a port that cannot be opened there is held on all addresses. */
	probeAddress?: string;
	/** Asked when no Terraform is there and one could be downloaded; true means go on. Left out: never downloads. */
	mayDownload?: (offer: Download) => Promise<boolean>;
	fetch?: Fetch;
	signal?: AbortSignal;
};

/** `only`: clusters in other places do without it. */
type Check = {id: string; title: string; only?: 'local'; run: () => AsyncGenerator<Event, string, void>};

/** Why a check failed, and what to do about it. */
class Failed extends Error {
	readonly fix: string;
	readonly details: Readonly<Record<string, unknown>>;

	constructor(message: string, fix: string, details: Readonly<Record<string, unknown>> = {}) {
		super(message);
		this.fix = fix;
		this.details = details;
	}
}

const longestSocketPath = 103;
const neededBytes = 300 * 1024 * 1024;
const kubeletPort = 10_250;
const unusedAddress = '127.254.254.254';

/**
 * Everything that can fail before a local cluster is created: all checks run, each is an event. Gives the Terraform to use, or throws AppError
 * `preflight` (exit 3) with every failed check as a problem; `details.offer` is the OpenTofu download when only Terraform is missing.
 */
export const localPreflight = async function* (options: PreflightOptions): AsyncGenerator<Event, TerraformBinary, void> {
	const failed: (Problem & {details: Readonly<Record<string, unknown>>})[] = [];
	let terraform: TerraformBinary | undefined;
	const checks: Check[] = [
		{
			id: 'platform',
			title: 'Operating system',
			only: 'local',
			run: () => nothingTold(checkPlatform(options.platform ?? process.platform)),
		},
		{
			id: 'terraform',
			title: 'Terraform or OpenTofu',
			async *run() {
				terraform = yield* obtainTerraform(options);
				return `${terraform.product} ${terraform.version}, ${terraform.path}`;
			},
		},
		{id: 'workspace', title: 'Workspace folder', run: () => nothingTold(checkWritable(options.workspace))},
		{id: 'data', title: 'Data folder', run: () => nothingTold(checkWritable(options.dataHome))},
		{id: 'disk', title: 'Disk space', run: () => nothingTold(checkSpace(options.dataHome))},
		{id: 'sockets', title: 'Length of socket names', only: 'local', run: () => nothingTold(checkSocketPath(options.dataHome))},
		{id: 'addresses', title: 'Addresses and ports', only: 'local', run: () => nothingTold(checkAddresses(options))},
	];
	for (const {run, ...about} of checks) {
		const check = {type: 'check', ...about} as const;
		yield {...check, state: 'running', at: Date.now()};
		try {
			yield {...check, state: 'ok', detail: yield* run(), at: Date.now()};
		} catch (error) {
			const {message, fix, details} = explain(error);
			failed.push({path: about.id, message, fix, details});
			yield {...check, state: 'failed', detail: message, fix, at: Date.now()};
		}
	}
	if (failed.length === 0 && terraform !== undefined) return terraform;
	const [first] = failed;
	throw new AppError(failed.length === 1 && first !== undefined ? first.message : `${failed.length} things are in the way.`, {
		code: 'preflight',
		exitCode: exitCodes.preflight,
		next: failed.flatMap(({fix}) => (fix === undefined ? [] : [fix])),
		problems: failed.map(({path, message, fix}) => ({path, message, ...(fix !== undefined && {fix})})),
		details: Object.assign({}, ...failed.map(problem => problem.details)) as Record<string, unknown>,
	});
};

/** A check that has nothing to tell while it runs. */
const nothingTold = async function* (result: Promise<string>): AsyncGenerator<Event, string, void> {
	return await result;
};

/** The Terraform that is there, or the pinned OpenTofu when the user agrees to its download. */
const obtainTerraform = async function* (options: PreflightOptions): AsyncGenerator<Event, TerraformBinary, void> {
	try {
		return await findTerraform(options);
	} catch (error) {
		const offer = error instanceof AppError ? pinnedDownload(options.platform ?? process.platform, process.arch) : undefined;
		if (offer === undefined || options.mayDownload === undefined || !(await options.mayDownload(offer))) throw error;
		const {dataHome, signal, env, fetch: download = proxiedFetch(env)} = options;
		yield* downloadOpenTofu(offer, {dataHome, fetch: download, ...(signal && {signal})});
		return findTerraform(options);
	}
};

const explain = (error: unknown): {message: string; fix: string; details: Readonly<Record<string, unknown>>} => {
	if (error instanceof Failed) return {message: error.message, fix: error.fix, details: error.details};
	if (error instanceof AppError) return {message: error.message, fix: error.next.join(' '), details: error.details};
	throw error;
};

const checkPlatform = (platform: string): Promise<string> => {
	if (platform === 'linux') return Promise.resolve('Linux: every node has its own address');
	if (platform === 'darwin') return Promise.resolve('macOS: nodes share 127.0.0.1 and have allocated ports');
	return Promise.reject(
		new Failed(
			`Local clusters do not run on ${platform === 'win32' ? 'native Windows' : platform}.`,
			'On Windows, use WSL2 and run the tool inside it.',
		),
	);
};

const checkWritable = async (folder: string): Promise<string> => {
	const existing = await nearest(folder);
	try {
		await access(existing, constants.W_OK | constants.X_OK);
		if (existing !== folder) await mkdir(folder, {recursive: true, mode: 0o700});
		return folder;
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
		throw new Failed(
			`The folder ${folder} cannot be written (${code}).`,
			'Choose another folder, or give yourself write access to it.',
		);
	}
};

const checkSpace = async (folder: string): Promise<string> => {
	const {bavail, bsize} = await statfs(await nearest(folder));
	const megabytes = Math.floor((bavail * bsize) / 1024 / 1024);
	if (bavail * bsize >= neededBytes) return `${megabytes} MB free`;
	throw new Failed(
		`Only ${megabytes} MB are free for ${folder}; ${neededBytes / 1024 / 1024} MB are needed.`,
		'Free some disk space, or set XDG_DATA_HOME to a folder on another disk.',
	);
};

const checkSocketPath = (dataHome: string): Promise<string> => {
	const length = Buffer.byteLength(controlSocket(dataHome, '00000000'));
	if (length <= longestSocketPath) return Promise.resolve(`${length} of ${longestSocketPath} bytes`);
	return Promise.reject(
		new Failed(
			`The path of ${dataHome} is too long for sockets: ${length} bytes, ${longestSocketPath} are possible.`,
			'Set XDG_DATA_HOME to a shorter path.',
		),
	);
};

const checkAddresses = async ({
	dataHome,
	uid,
	running = false,
	platform = process.platform,
	probeAddress = unusedAddress,
}: PreflightOptions): Promise<string> => {
	if (running) return 'held by the machine service of this cluster';
	const claimed = uid === undefined ? undefined : await networkOf(dataHome, uid);
	const own = claimed === undefined ? [] : Object.values(loadBalancerOf(claimed));
	// Without a claim, an address that no cluster has shows whether somebody holds a port on all addresses.
	const probes =
		platform === 'linux' ? [...Object.values(balancedPorts), kubeletPort].map(port => `${probeAddress}:${port}`) : [];
	const endpoints = own.length > 0 ? own : probes;
	const taken: string[] = [];
	const holders: Record<string, unknown>[] = [];
	for (const endpoint of endpoints) {
		const [host = '', port = ''] = endpoint.split(':');
		const problem = await listenProblem(host, Number(port));
		if (problem === undefined) continue;
		const holder = problem === 'EADDRINUSE' ? await portHolder(host, Number(port)) : undefined;
		const by = holder === undefined ? `(${problem})` : `(held by ${holder.name}, process ${holder.pid})`;
		taken.push(`port ${port} ${by}`);
		holders.push({endpoint, problem, ...(holder && {pid: holder.pid, name: holder.name})});
	}
	if (taken.length === 0) return endpoints.length === 0 ? 'ports are allocated at creation' : 'addresses and ports are free';
	throw new Failed(
		`These cannot be listened on: ${taken.join(', ')}.`,
		'Stop what holds the ports, then run the command again.',
		{holders},
	);
};

/** The folder itself or the nearest one above it that exists. */
const nearest = async (folder: string): Promise<string> => {
	for (let current = folder; ; current = dirname(current)) {
		try {
			await access(current);
			return current;
		} catch (error) {
			if (dirname(current) === current) throw error;
		}
	}
};
