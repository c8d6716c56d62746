import {randomBytes, randomUUID} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {connectionNonce, exporterLabels, joinUserData} from '../../src/atls/binding.ts';
import {type AtlsChannel, openAtls} from '../../src/atls/client.ts';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {formatImageStatement} from '../../src/attestation/signed-measurements.ts';
import type {Tpm} from '../../src/attestation/tpm/tpm.ts';
import {
	formatPolicy,
	type Issuer,
	issuerOf,
	type LocalPolicy,
	type Validator,
	validatorOf,
} from '../../src/attestation/variant.ts';
import type {MachineIdentity} from '../../src/attestation/variants/local/ak-certificate.ts';
import {localParameters, measuredCommandLine, registerOf, sha256} from '../../src/attestation/variants/local/measured-boot.ts';
import {encodeBase64} from '../../src/keys/base64.ts';
import {createCsr} from '../../src/keys/csr.ts';
import {clusterId, measurementSecret, registerWithClusterId} from '../../src/keys/derive.ts';
import {generateMasterSecret} from '../../src/keys/master-secret.ts';
import {generateKeys, privateKeyOf} from '../../src/keys/pki.ts';
import {kubeClient} from '../../src/kubernetes/client.ts';
import type {Kube} from '../../src/kubernetes/kube.ts';
import {type AcceptedPolicies, clusterManifests, createMissing} from '../../src/kubernetes/manifests.ts';
import {clientOn} from '../../src/rpc/client.ts';
import {API as JoinApi} from '../../src/rpc/gen/join_pb.ts';
import {Secret} from '../../src/secret.ts';
import {createPki} from '../../src/services/bootstrapper/pki.ts';
import {keysAt} from '../../src/services/join/keys.ts';
import {type JoinService, type JoinServiceDeps, runJoinService} from '../../src/services/join/service.ts';
import {main as keyService} from '../../src/services/key/main.ts';
import {type ClientIdentity, startTestServer, type TestServer} from './api-server.ts';
import {newMachine, newMaker} from './local-machine.ts';

/** Contents of the files of an image, and its version where that is not v1.0.0. */
export type ImageFiles = {launcher: string; bundle: string; runtime: string; version?: string};

export const image: ImageFiles = {launcher: 'launcher', bundle: 'bundle', runtime: 'runtime'};

const registers = {launcher: 4, bundle: 9, runtime: 11} as const;
const parts = ['launcher', 'bundle', 'runtime'] as const;

export type Maker = ReturnType<typeof newMaker>;

export const maker = newMaker();
export const release = generateKeys();

export const commandLine = (makerKey = maker.publicKey, releaseKey = release.publicKey): string =>
	measuredCommandLine([], localParameters(makerKey, releaseKey));

/** The signed measurements file of an image. */
export const statementOf = (files: ImageFiles): Uint8Array =>
	formatImageStatement({
		version: files.version ?? 'v1.0.0',
		arguments: [],
		measurements: new Map(parts.map(part => [registers[part], {expected: registerOf(sha256(files[part])), warnOnly: false}])),
	});

export const policyOf = (files: ImageFiles): LocalPolicy => ({
	variant: 'local-vtpm',
	measurements: new Map([
		...parts.map(part => [registers[part], {expected: registerOf(sha256(files[part])), warnOnly: false}] as const),
		[12, {expected: registerOf(sha256(commandLine())), warnOnly: false}] as const,
		[15, {expected: new Uint8Array(32), warnOnly: false}] as const,
	]),
	makerKey: maker.publicKey,
	releaseKey: release.publicKey,
});

/** An entry of acceptedPolicies, signed by `signer`. */
export const acceptedPolicy = (files: ImageFiles, signer = release, config: unknown = formatPolicy(policyOf(files))) => {
	const statement = statementOf(files);
	return {
		measurements: encodeBase64(statement),
		signature: encodeBase64(signBlob(statement, privateKeyOf(signer.privateKey))),
		attestationConfig: config,
	};
};

export type Node = {machine: MachineIdentity; tpm: Tpm; issuer: Issuer};

/** A machine that booted an image the measured way. */
export const bootNode = async (
	identity: Partial<MachineIdentity> = {},
	options: {files?: ImageFiles; maker?: Maker; cluster?: Uint8Array; measureAll?: boolean} = {},
): Promise<Node> => {
	const {machine, tpm} = newMachine(options.maker ?? maker, {diskUuid: randomUUID(), ...identity});
	const files = options.files ?? image;
	for (const part of parts) await tpm.extend(registers[part], Buffer.from(files[part]));
	await tpm.extend(12, Buffer.from(commandLine()));
	if (options.cluster) await tpm.extend(15, options.cluster);
	return {machine, tpm, issuer: issuerOf('local-vtpm', tpm)};
};

export type World = {
	api: TestServer;
	admin: Kube;
	service: JoinService;
	address: string;
	deps: JoinServiceDeps;
	clusterId: Uint8Array;
	/** Judges the JoinService as a client that knows the cluster does. */
	validator: Validator;
	node: Node;
	log: string[];
	folder: string;
	pki: ReturnType<typeof createPki>;
	kubeFor: (identity: ClientIdentity) => Kube;
	/** Another JoinService over the same cluster. */
	another: (changes?: Partial<JoinServiceDeps>) => Promise<{service: JoinService; address: string}>;
	open: (address?: string, clientCertificate?: {certificate: string; key: Secret}) => Promise<AtlsChannel>;
};

/** A control plane: the real API server, KeyService and JoinService, with real TLS and a software TPM. */
export const joinWorld = async (t: Pick<ExecutionContext, 'teardown'>, accepted?: AcceptedPolicies): Promise<World> => {
	const folder = await mkdtemp(join(tmpdir(), 'join-'));
	const api = await startTestServer();
	const server = `https://127.0.0.1:${api.port}`;
	const kubeFor = ({cert, key}: ClientIdentity) => kubeClient({server, ca: api.settings.ca, cert, key});
	const admin = kubeFor(api.admin);
	const master = generateMasterSecret();
	const measurementSalt = randomBytes(32);
	const id = clusterId(measurementSecret(master), measurementSalt);
	const attestationConfig = formatPolicy(policyOf(image));
	await createMissing(
		admin,
		clusterManifests({
			image: 'image',
			imageVersion: 'v1.0.0',
			kubernetesVersion: 'v1.32.9',
			components: {reference: 'k8s-components-sha256-x', list: []},
			attestationConfig,
			acceptedPolicies: accepted ?? {generation: 1, policies: [acceptedPolicy(image)]},
			measurementSalt,
			masterSecret: master,
		}),
	);
	const sockets = {join: join(folder, 'join.sock'), storage: join(folder, 'storage.sock')};
	const stopKeys = await keyService({
		masterSecret: {key: encodeBase64(master.key.reveal()), salt: encodeBase64(master.salt.reveal())},
		sockets,
	});
	const node = await bootNode({name: 'control-1', role: 'control-plane'}, {cluster: id});
	const pki = {
		...createPki(),
		'ca.crt': api.authority.certificate,
		'ca.key': Buffer.from(api.authority.key.reveal()).toString(),
	};
	const log: string[] = [];
	const statement = statementOf(image);
	const pinned = {makerKey: maker.publicKey, releaseKey: release.publicKey};
	const endorsement = {
		measurements: statement,
		signature: signBlob(statement, privateKeyOf(release.privateKey)),
		...pinned,
	};
	const deps: JoinServiceDeps = {
		kube: kubeFor(api.identity('system:serviceaccount:kube-system:join-service', 'system:serviceaccounts')),
		keys: keysAt(sockets.join),
		issuer: issuerOf('local-vtpm', node.tpm, endorsement),
		pinned,
		name: 'control-1',
		listen: {host: '127.0.0.1', port: 0},
		pki,
		apiEndpoint: `127.0.0.1:${api.port}`,
		storageKey: new Secret(randomBytes(32)),
		generationFile: join(folder, 'generation'),
		log: line => log.push(line),
	};
	const stops: (() => Promise<void>)[] = [];
	const start = async (changes: Partial<JoinServiceDeps> = {}) => {
		const service = await runJoinService({...deps, keys: keysAt(sockets.join), ...changes});
		stops.push(service.stop);
		return {service, address: `127.0.0.1:${service.port}`};
	};
	const {service, address} = await start();
	t.teardown(async () => {
		for (const stop of stops) await stop();
		await stopKeys();
		await api.close();
		await rm(folder, {recursive: true, force: true});
	});
	const policy = policyOf(image);
	const measurements = new Map([
		...policy.measurements,
		[15, {expected: registerWithClusterId(new Uint8Array(32), id), warnOnly: false}] as const,
	]);
	const validator = validatorOf({...policy, measurements});
	return {
		api,
		admin,
		service,
		address,
		deps,
		clusterId: id,
		validator,
		node,
		log,
		folder,
		pki,
		kubeFor,
		another: start,
		open: async (at = address, clientCertificate) => {
			const channel = await openAtls(at, {validator, ...(clientCertificate ? {clientCertificate} : {})});
			t.teardown(channel.close);
			return channel;
		},
	};
};

export type TicketChanges = {
	diskUuid?: string;
	name?: string;
	isControlPlane?: boolean;
	certificateRequest?: Uint8Array;
	evidence?: Uint8Array;
	/** What is signed, where it differs from what is asked. */
	signed?: Partial<Parameters<typeof joinUserData>[0]>;
	nonce?: Uint8Array;
};

/** A ticket request of a node on a connection; what is changed is also signed unless `signed` says otherwise. */
export const ticketRequest = async ({machine, issuer}: Node, channel: AtlsChannel, changes: TicketChanges = {}) => {
	const isControlPlane = changes.isControlPlane ?? machine.role === 'control-plane';
	const diskUuid = changes.diskUuid ?? machine.diskUuid;
	const subject = {organization: 'system:nodes', commonName: `system:node:${changes.name ?? machine.name}`};
	const certificateRequest = changes.certificateRequest ?? createCsr(generateKeys(), subject, ['127.0.0.1']);
	const role = isControlPlane ? 'control-plane' : 'worker';
	const userData = joinUserData({method: 'IssueJoinTicket', diskUuid, role, certificateRequest, ...changes.signed});
	const nonce = changes.nonce ?? connectionNonce(channel.connection, exporterLabels.join);
	return {diskUuid, certificateRequest, isControlPlane, evidence: changes.evidence ?? (await issuer.issue(userData, nonce))};
};

export const askTicket = async (node: Node, channel: AtlsChannel, changes: TicketChanges = {}) =>
	clientOn(channel.channel, JoinApi).issueJoinTicket(await ticketRequest(node, channel, changes), {timeout: 20_000});

export const rejoinRequest = async ({machine, issuer}: Node, channel: AtlsChannel, diskUuid = machine.diskUuid) => {
	const nonce = connectionNonce(channel.connection, exporterLabels.join);
	return {diskUuid, evidence: await issuer.issue(joinUserData({method: 'IssueRejoinTicket', diskUuid}), nonce)};
};

export const askRejoin = async (node: Node, channel: AtlsChannel, diskUuid?: string) =>
	clientOn(channel.channel, JoinApi).issueRejoinTicket(await rejoinRequest(node, channel, diskUuid), {timeout: 20_000});
