import {randomBytes} from 'node:crypto';
import {mkdtempSync, rmSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {buildSync} from 'esbuild';
import type {CloudSpec} from '../../src/machine/service/types.ts';
import {processesIn, signalProcess, waitForEnd} from '../../src/process.ts';
import {clusterFolder, controlSocket, prepareClusterFolder} from '../../src/providers/local/cluster-folder.ts';
import {claimNetwork, type LocalNetwork, loadBalancerOf} from '../../src/providers/local/network.ts';
import {ensureReleaseKey} from '../../src/releases/release-key.ts';

/** Not a secret's hash: it only has the form of one. */
export const someHash = `$2b$10$${'a'.repeat(53)}`;

const built = mkdtempSync(join(tmpdir(), 'constellation-program-'));
process.on('exit', () => rmSync(built, {recursive: true, force: true}));

/** The machine program whose machines only sleep, bundled as the real one is: it starts in a fraction of the time. */
export const sleepingProgram = join(built, 'machine.mjs');
buildSync({
	entryPoints: [join(import.meta.dirname, '..', 'fixtures', 'machine', 'program.ts')],
	outfile: sleepingProgram,
	bundle: true,
	platform: 'node',
	format: 'esm',
	define: {__VERSION__: '"0.0.0"'},
});

export type LocalCluster = {
	home: string;
	dataHome: string;
	uid: string;
	folder: string;
	socket: string;
	network: LocalNetwork;
	spec: CloudSpec;
};

/** A prepared local cluster in a temporary home with addresses of its own; whatever works there is ended when the test is over. */
export const localCluster = async (t: ExecutionContext): Promise<LocalCluster> => {
	const home = await mkdtemp(join(tmpdir(), 'constellation-'));
	t.teardown(async () => {
		for (let left = processesIn(home); left.length > 0; left = processesIn(home)) {
			for (const each of left) signalProcess(each, 'SIGKILL');
			await Promise.all(left.map(each => waitForEnd(each, 5000)));
		}
		await rm(home, {recursive: true, force: true, maxRetries: 5});
	});
	const dataHome = join(home, 'data');
	const uid = randomBytes(4).toString('hex');
	await prepareClusterFolder(dataHome, uid, home);
	await ensureReleaseKey(join(dataHome, 'release-key'));
	const network = await claimNetwork(dataHome, uid);
	return {
		home,
		dataHome,
		uid,
		folder: clusterFolder(dataHome, uid),
		socket: controlSocket(dataHome, uid),
		network,
		spec: {uid, name: 'demo', network, loadBalancer: loadBalancerOf(network), initSecretHash: someHash, dataHome},
	};
};

/** Waits for a condition and gives what it found; fails with the name of what it waited for. */
export const until = async <T>(
	what: string,
	look: () => Promise<T | undefined | false> | T | undefined | false,
	ms = 15_000,
): Promise<T> => {
	const end = performance.now() + ms;
	for (;;) {
		const found = await look();
		if (found !== undefined && found !== false) return found;
		if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
		await delay(10);
	}
};
