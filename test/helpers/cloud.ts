import {createHash, randomBytes, randomUUID} from 'node:crypto';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import bcrypt from 'bcryptjs';
import {openAtls} from '../../src/atls/client.ts';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {withMeasurement} from '../../src/attestation/measurements.ts';
import {formatPolicy, type LocalPolicy} from '../../src/attestation/policy.ts';
import {formatImageStatement} from '../../src/attestation/signed-measurements.ts';
import type {Tpm} from '../../src/attestation/tpm/tpm.ts';
import {validatorOf} from '../../src/attestation/variant.ts';
import {
	clusterRegisterOf,
	measuredCommandLine,
	parametersOf,
	registerOf,
} from '../../src/attestation/variants/local/measured-boot.ts';
import type {NodeRole} from '../../src/events.ts';
import {encodeKmsUri, noStorageUri} from '../../src/keys/kms-uri.ts';
import {generateMasterSecret} from '../../src/keys/master-secret.ts';
import {generateKeys, privateKeyOf} from '../../src/keys/pki.ts';
import {waitFor} from '../../src/kubernetes/wait.ts';
import {serveTpm} from '../../src/machine/tpm/server.ts';
import type {SoftwareTpm} from '../../src/machine/tpm/software-tpm.ts';
import {clientOn} from '../../src/rpc/client.ts';
import {API as InitApi} from '../../src/rpc/gen/init_pb.ts';
import {API as RecoverApi} from '../../src/rpc/gen/recoverproto_pb.ts';
import {main as apiServer} from '../../src/services/api-server/main.ts';
import type {NodeHost} from '../../src/services/bootstrapper/host-context.ts';
import {run} from '../../src/services/bootstrapper/main.ts';
import type {Member} from '../../src/services/bootstrapper/member.ts';
import {openDisk} from '../../src/services/disk.ts';
import type {Disk, Instance, ServiceName} from '../../src/services/host.ts';
import {serviceNames} from '../../src/services/host.ts';
import {main as joinService} from '../../src/services/join/main.ts';
import {main as keyService} from '../../src/services/key/main.ts';
import {main as operator} from '../../src/services/operator/main.ts';
import type {ServiceMain, Stop} from '../../src/services/supervisor/protocol.ts';
import type {Supervisor} from '../../src/services/supervisor/supervisor.ts';
import {main as verificationService} from '../../src/services/verification/main.ts';
import {newMachine, newMaker} from './local-machine.ts';

const sha256 = (content: Uint8Array | string) => createHash('sha256').update(content).digest();
const image = new Map([
	[4, 'launcher'],
	[9, 'bundle'],
	[11, 'runtime'],
]);

const mains: Record<string, ServiceMain> = {
	'kube-apiserver': settings => apiServer(settings as Parameters<typeof apiServer>[0]),
	'key-service': keyService,
	'join-service': joinService,
	'verification-service': verificationService,
	operator: settings => operator(settings as Parameters<typeof operator>[0]),
};

type Machine = {name: string; role: NodeRole; diskUuid: string; tpm: Tpm; software: SoftwareTpm; folder: string};

/** What happens to a node on the way; a test can stop it anywhere by throwing. */
export type Faults = {
	disk?: (disk: Disk) => Disk;
	tpm?: (tpm: Tpm) => Tpm;
	/** What the machine measures in the place of what its image says, by register. */
	boots?: ReadonlyMap<number, string>;
};

export type Booted = {host: NodeHost; member: Promise<Member>; lines: string[]; off(): Promise<void>};

/**
 * A cloud in one process: machines with software TPMs and disks whose nodes run for real (gRPC, aTLS, API server, services), only
 * without processes of their own. Everything ends with the test.
 */
export const newCloud = async (t: ExecutionContext) => {
	const root = await mkdtemp(join(tmpdir(), 'cloud-'));
	const maker = newMaker();
	const release = generateKeys();
	const digests = {makerDigest: sha256(maker.publicKey), releaseDigest: sha256(release.publicKey)};
	const commandLine = measuredCommandLine([], parametersOf(digests.makerDigest, digests.releaseDigest));
	const enforced = (content: string) => ({expected: registerOf(sha256(content)), warnOnly: false});
	const measurements = new Map([...image].map(([register, content]) => [register, enforced(content)]));
	const zero = {expected: new Uint8Array(32), warnOnly: false};
	const policy: LocalPolicy = {
		variant: 'local-vtpm',
		measurements: new Map([...measurements, [12, enforced(commandLine)], [15, zero]]),
		makerKey: maker.publicKey,
		releaseKey: release.publicKey,
	};
	const initSecret = randomBytes(16).toString('hex');
	const hash = bcrypt.hashSync(initSecret, 4);
	const master = generateMasterSecret();
	const instances = new Map<string, Instance>();
	const running = new Set<Booted>();
	t.teardown(async () => {
		await Promise.all([...running].map(node => node.off()));
		await rm(root, {recursive: true, force: true});
	});

	const create = (name: string, role: NodeRole): Machine => {
		const {software, tpm, machine} = newMachine(maker, {name, role, diskUuid: randomUUID()});
		return {name, role, diskUuid: machine.diskUuid, tpm, software, folder: join(root, name)};
	};

	const boot = async (machine: Machine, faults: Faults = {}): Promise<Booted> => {
		const {name, role, software, folder} = machine;
		software.reset();
		for (const [register, content] of new Map([...image, ...(faults.boots ?? []), [12, commandLine]]))
			await machine.tpm.extend(register, Buffer.from(content));
		const ports = await freePorts(serviceNames.length);
		const endpoints = Object.fromEntries(serviceNames.map((service, index) => [service, `127.0.0.1:${ports[index] ?? 0}`]));
		const instance: Instance = {
			name,
			role,
			uid: '0123abcd',
			address: '127.0.0.1',
			providerId: `local://0123abcd/${name}`,
			endpoints: endpoints as Record<ServiceName, string>,
		};
		instances.set(name, instance);
		const {disk = same, tpm = same} = faults;
		const lines: string[] = [];
		const ending = new AbortController();
		await mkdir(folder, {recursive: true});
		const tpmSocket = join(folder, 'tpm.sock');
		const tpmServer = await serveTpm(software, tpmSocket);
		const host: NodeHost = {
			instance,
			parameters: {provider: 'local', variant: 'local-vtpm', ...digests},
			imageVersion: 'v1.2.3',
			bootId: randomUUID(),
			metadata: {
				self: () => Promise.resolve(instance),
				list: () => Promise.resolve([...instances.values()]),
				initSecretHash: () => Promise.resolve(hash),
				loadBalancer: service => Promise.resolve(firstControlPlane(instances).endpoints[service]),
				disk: () => Promise.resolve({uuid: machine.diskUuid, store: join(root, 'store.db')}),
				keys: () => Promise.resolve({maker: maker.publicKey, release: release.publicKey}),
				log: () => Promise.resolve(),
			},
			disk: disk(openDisk(folder, () => Promise.resolve(machine.diskUuid))),
			tpm: tpm(machine.tpm),
			supervisor: inProcess(folder, tpmSocket),
			signal: ending.signal,
			log: line => lines.push(line),
		};
		const member = run(host);
		// A test that expects a failure awaits the member itself.
		member.catch(() => undefined);
		const booted: Booted = {
			host,
			member,
			lines,
			async off() {
				if (!running.delete(booted)) return;
				ending.abort();
				const nothing = new Promise<undefined>(resolve => setImmediate(resolve, undefined));
				const found = await Promise.race([member.catch(() => undefined), nothing]);
				await (found === undefined ? host.supervisor.stop() : found.stop());
				await tpmServer.close();
				instances.delete(name);
			},
		};
		running.add(booted);
		return booted;
	};

	/** Waits until the node said something. */
	const said = (node: Booted, text: string) => {
		const found = () => Promise.resolve(node.lines.some(line => line.includes(text)) ? true : undefined);
		return waitFor({name: `${node.host.instance.name} says "${text}"`, check: found}, {timeoutMs: 30_000, intervalMs: 20});
	};

	/** What the CLI does: attest, then Init. Gives kubeconfig and cluster ID, or throws with what the node said. */
	const init = async (to: Booted) => {
		await said(to, to.lines.some(line => line.includes('replace')) ? 'replace' : 'waiting for');
		const {channel, close} = await openAtls(to.host.instance.endpoints.bootstrapper, {validator: validatorOf(policy)});
		try {
			const request = {
				kmsUri: encodeKmsUri(master),
				storageUri: noStorageUri,
				kubernetesVersion: 'v1.32.9',
				clusterName: 'demo-0123abcd',
				initSecret: Buffer.from(initSecret),
				attestationConfig: Buffer.from(JSON.stringify(formatPolicy(policy))),
				signedMeasurements: statement,
				measurementsSignature: signBlob(statement, privateKeyOf(release.privateKey)),
				releaseKey: release.publicKey,
				imageVersion: 'v1.2.3',
			};
			for await (const {kind} of clientOn(channel, InitApi).init(request)) {
				if (kind.case === 'initSuccess') return {kubeconfig: kind.value.kubeconfig, clusterId: kind.value.clusterId};
				if (kind.case === 'initFailure') throw new Error(kind.value.error);
			}
			throw new Error('Init gave no result');
		} finally {
			close();
		}
	};
	const statement = formatImageStatement({version: 'v1.2.3', arguments: [], measurements});

	const acknowledge = async (to: Booted, clusterId: Uint8Array) => {
		const measurements = withMeasurement(policy.measurements, 15, clusterRegisterOf(clusterId));
		const validator = validatorOf({...policy, measurements});
		const {channel, close} = await openAtls(to.host.instance.endpoints.bootstrapper, {validator});
		try {
			await clientOn(channel, InitApi).acknowledgeInit({initSecret: Buffer.from(initSecret)});
		} finally {
			close();
		}
	};

	const recover = async (to: Booted) => {
		const {channel, close} = await openAtls(to.host.instance.endpoints.recovery, {validator: validatorOf(policy)});
		try {
			await clientOn(channel, RecoverApi).recover({kmsUri: encodeKmsUri(master), storageUri: noStorageUri});
		} finally {
			close();
		}
	};

	return {root, initSecret, create, boot, said, init, acknowledge, recover, policy, master};
};

const same = <T>(value: T): T => value;

const firstControlPlane = (instances: ReadonlyMap<string, Instance>): Instance => {
	const found = [...instances.values()].find(({role}) => role === 'control-plane');
	if (found === undefined) throw new Error('there is no control plane');
	return found;
};

/** Runs the services of a node in this process; paths in their settings are relative to the machine's folder. */
const inProcess = (folder: string, tpmSocket: string): Supervisor => {
	const stops: Stop[] = [];
	const names: string[] = [];
	return {
		async start({name, settings}) {
			const main = mains[name];
			if (main === undefined) throw new Error(`there is no service ${name}`);
			stops.push(await main(placed(await settings(), folder, tpmSocket)));
			names.push(name);
		},
		async startInside(name, run) {
			stops.push(await run(() => undefined));
			names.push(name);
		},
		list: () => names.map(name => ({name, state: 'running', restarts: 0, logPath: join(folder, `${name}.log`)})),
		onChange: () => undefined,
		async stop() {
			for (const stop of stops.splice(0).reverse()) await stop();
		},
	};
};

const placed = (settings: unknown, folder: string, tpmSocket: string): unknown => {
	const text = JSON.stringify({...(settings as object), generationFile: join(folder, 'generation')});
	return JSON.parse(text.replaceAll('./tpm.sock', tpmSocket).replaceAll('./disk', folder)) as unknown;
};

let lastPort = 20_000 + (process.pid % 100) * 100;

/** Ports that nobody uses, below the range from which the system takes those of outgoing connections. */
const freePorts = async (count: number): Promise<number[]> => {
	const ports: number[] = [];
	while (ports.length < count) {
		const port = ++lastPort;
		if (await isFree(port)) ports.push(port);
	}
	return ports;
};

const isFree = (port: number) =>
	new Promise<boolean>(resolve => {
		const server = createServer();
		server.once('error', () => {
			resolve(false);
		});
		server.listen(port, '127.0.0.1', () => {
			server.close(() => {
				resolve(true);
			});
		});
	});
