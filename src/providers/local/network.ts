import {createHash} from 'node:crypto';
import {link, mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {AppError, exitCodes} from '../../errors.ts';
import {isAlive, isProcessRecord, recordOf} from '../../process.ts';
import {clusterUids} from './cluster-folder.ts';
import {canListen} from './ports.ts';

/** The addresses of one cluster: a /24 of the loopback network, or a block of ports on 127.0.0.1 where there is only that address. */
export type LocalNetwork = {kind: 'addresses'; prefix: string} | {kind: 'ports'; firstPort: number};

/** Ports of a cluster's stable endpoint, the same in every cluster. */
export const balancedPorts = {
	kubernetes: 6443,
	bootstrapper: 9000,
	recovery: 9999,
	'verify-http': 30_080,
	verify: 30_081,
	join: 30_090,
} as const;

const firstOfBlocks = 20_000;
const blockSize = 1616;
/** Below the ports that systems give to outgoing connections. */
const blocks = 18;

/** host:port of the load balancer by service. */
export const loadBalancerOf = (network: LocalNetwork): Record<string, string> =>
	Object.fromEntries(
		Object.entries(balancedPorts).map(([service, port], position) => [
			service,
			network.kind === 'addresses' ? `${network.prefix}.1:${port}` : `127.0.0.1:${network.firstPort + position}`,
		]),
	);

export type ClaimDeps = {platform?: string; canListen?: typeof canListen};

/**
 * Claims the addresses of a cluster: one file per network in networks/, made exclusively. A cluster that has a claim keeps it. A claim
 * whose cluster has no folder and whose claimer is dead is taken over. Throws AppError `no-network` (exit 3) when none is free.
 */
export const claimNetwork = async (dataHome: string, uid: string, deps: ClaimDeps = {}): Promise<LocalNetwork> => {
	const {platform = process.platform, canListen: free = canListen} = deps;
	const folder = join(dataHome, 'networks');
	await mkdir(folder, {recursive: true, mode: 0o700});
	const own = await claimedBy(folder, uid);
	if (own !== undefined) return own;
	const living = new Set(await clusterUids(dataHome));
	for (const network of candidates(uid, platform)) {
		const [host = '', port = ''] = (loadBalancerOf(network).kubernetes ?? '').split(':');
		if ((await isFree(folder, network, living)) && (await free(host, Number(port))) && (await take(folder, network, uid)))
			return network;
	}
	throw new AppError('No free addresses for another local cluster.', {
		code: 'no-network',
		exitCode: exitCodes.preflight,
		next: ['Remove a local cluster you no longer need with `constellation terminate` in its folder.'],
	});
};

/** The network that a cluster has claimed. */
export const networkOf = (dataHome: string, uid: string): Promise<LocalNetwork | undefined> =>
	claimedBy(join(dataHome, 'networks'), uid);

/** Gives the claim of a cluster back. */
export const releaseNetwork = async (dataHome: string, uid: string): Promise<void> => {
	const network = await networkOf(dataHome, uid);
	if (network !== undefined) await rm(join(dataHome, 'networks', fileOf(network)), {force: true});
};

/** Spread by uid, so that clusters made at the same time seldom meet; then every other one. */
function* candidates(uid: string, platform: string): Generator<LocalNetwork, void> {
	const start = createHash('sha256').update(uid).digest().readUInt32BE(0);
	const count = platform === 'linux' ? 254 * 256 : blocks;
	// 64 tries are enough to find one; a machine with more local clusters has other problems.
	for (let step = 0; step < Math.min(count, 64); step++) {
		const at = (start + step) % count;
		yield platform === 'linux'
			? {kind: 'addresses', prefix: `127.${1 + Math.floor(at / 256)}.${at % 256}`}
			: {kind: 'ports', firstPort: firstOfBlocks + at * blockSize};
	}
}

const fileOf = (network: LocalNetwork): string =>
	network.kind === 'addresses' ? `${network.prefix}.json` : `ports-${network.firstPort}.json`;

const networkFrom = (file: string): LocalNetwork | undefined => {
	const [, prefix, firstPort] = /^(?:(127\.\d+\.\d+)|ports-(\d+))\.json$/.exec(file) ?? [];
	if (prefix !== undefined) return {kind: 'addresses', prefix};
	return firstPort === undefined ? undefined : {kind: 'ports', firstPort: Number(firstPort)};
};

const claimedBy = async (folder: string, uid: string): Promise<LocalNetwork | undefined> => {
	const files = await readdir(folder).catch(() => []);
	for (const file of files) {
		const network = networkFrom(file);
		if (network !== undefined && (await readClaim(folder, file))?.uid === uid) return network;
	}
	return undefined;
};

const isFree = async (folder: string, network: LocalNetwork, living: ReadonlySet<string>): Promise<boolean> => {
	const claim = await readClaim(folder, fileOf(network));
	if (claim === undefined) return true;
	if (living.has(claim.uid) || (isProcessRecord(claim.claimer) && isAlive(claim.claimer))) return false;
	await rm(join(folder, fileOf(network)), {force: true});
	return true;
};

const take = async (folder: string, network: LocalNetwork, uid: string): Promise<boolean> => {
	const path = join(folder, fileOf(network));
	const aside = join(folder, `.${uid}-${process.pid}`);
	await writeFile(aside, JSON.stringify({uid, claimer: recordOf(process.pid), since: new Date().toISOString()}), {mode: 0o600});
	try {
		await link(aside, path);
		return true;
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
		throw error;
	} finally {
		await rm(aside, {force: true});
	}
};

const readClaim = async (folder: string, file: string): Promise<{uid: string; claimer?: unknown} | undefined> => {
	try {
		const value: unknown = JSON.parse(await readFile(join(folder, file), 'utf8'));
		if (typeof value !== 'object' || value === null || !('uid' in value) || typeof value.uid !== 'string') return {uid: ''};
		return {uid: value.uid, ...('claimer' in value && {claimer: value.claimer})};
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
		return {uid: ''};
	}
};
