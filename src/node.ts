import {Socket} from 'node:net';
import {buffer} from 'node:stream/consumers';
import {nodeEnvironment} from './attestation/variants/local/measured-boot.ts';
import type {NodeStart} from './services/bootstrapper/main.ts';
import {runService} from './services/supervisor/child.ts';
import type {ServiceMain, Stop} from './services/supervisor/protocol.ts';
import {version} from './version.ts';

declare global {
	/** Stamped into the first line of an image's bundle. */
	var constellationImage: string | undefined;
}

/**
 * The services by name. Each is loaded by the process that runs it only: every process of a node reads the whole bundle, and what it
 * does not use should cost no memory. Settings come from our own parent, hence the assertions.
 */
const services: Readonly<Record<string, ServiceMain>> = {
	'kube-apiserver': async settings => {
		const {main} = await import('./services/api-server/main.ts');
		return main(settings as Parameters<typeof main>[0]);
	},
	'key-service': async settings => {
		const {main} = await import('./services/key/main.ts');
		return main(settings);
	},
	'join-service': async settings => {
		const {main} = await import('./services/join/main.ts');
		return main(settings);
	},
	'verification-service': async settings => {
		const {main} = await import('./services/verification/main.ts');
		return main(settings);
	},
	operator: async settings => {
		const {main} = await import('./services/operator/main.ts');
		return main(settings as Parameters<typeof main>[0]);
	},
};

const bundleDescriptor = 3;
const longestStopMs = 11_000;

const main = async (parameters: readonly string[]) => {
	const [first, name = ''] = parameters;
	if (first === 'service') {
		const service = services[name];
		if (service === undefined) throw new Error(`there is no service ${name}`);
		await runService(name, service);
		return;
	}
	await runNode(parameters);
};

const runNode = async (parameters: readonly string[]) => {
	const start: NodeStart = {
		parameters,
		imageVersion: globalThis.constellationImage ?? `v${version}`,
		program: {
			// The very runtime that was measured, also after its file was replaced.
			runtime: process.platform === 'linux' ? '/proc/self/exe' : process.execPath,
			arguments: process.execArgv,
			bundle: await buffer(new Socket({fd: bundleDescriptor, readable: true, writable: false})),
			env: nodeEnvironment,
		},
		tpmSocket: './tpm.sock',
		metadataSocket: './metadata.sock',
		diskFolder: './disk',
	};
	// A node that waits may hold nothing but sockets that count as idle; it ends only when it is told to.
	const alive = setInterval(() => undefined, 60_000);
	let stop: Stop = () => Promise.resolve();
	const end = (exitCode: number) => {
		process.exitCode = exitCode;
		clearInterval(alive);
		// Whatever still holds the process after its services ended must not keep the machine half alive.
		setTimeout(() => process.kill(process.pid, 'SIGKILL'), longestStopMs).unref();
		void stop();
	};
	process.once('SIGTERM', () => {
		end(0);
	});
	const {startNode} = await import('./services/bootstrapper/main.ts');
	stop = await startNode(start, () => {
		end(1);
	});
};

await main(process.argv.slice(2));
