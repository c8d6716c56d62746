import {createHash, randomBytes} from 'node:crypto';
import type {MessageInitShape} from '@bufbuild/protobuf';
import test, {type ExecutionContext} from 'ava';
import {connectionNonce, exporterLabels, joinUserData} from '../../../src/atls/binding.ts';
import {connectionOf} from '../../../src/atls/connection.ts';
import {serveAtls} from '../../../src/atls/server.ts';
import {signBlob} from '../../../src/attestation/blob-signature.ts';
import {formatImageStatement} from '../../../src/attestation/signed-measurements.ts';
import {issuerOf, validatorOf} from '../../../src/attestation/variant.ts';
import {measuredCommandLine, parametersOf, registerOf} from '../../../src/attestation/variants/local/measured-boot.ts';
import {parseCsr} from '../../../src/keys/csr.ts';
import {clusterId} from '../../../src/keys/derive.ts';
import {authorityPin, generateKeys, issueCertificate, privateKeyOf} from '../../../src/keys/pki.ts';
import {API, type IssueJoinTicketRequest, type IssueJoinTicketResponseSchema} from '../../../src/rpc/gen/join_pb.ts';
import {addService, createServer} from '../../../src/rpc/server.ts';
import {Secret} from '../../../src/secret.ts';
import {bindToCluster} from '../../../src/services/bootstrapper/identity.ts';
import {askUntilGiven} from '../../../src/services/bootstrapper/join/loop.ts';
import {requestRejoinTicket, requestTicket} from '../../../src/services/bootstrapper/join/request.ts';
import {ForeignCluster} from '../../../src/services/bootstrapper/join/ticket.ts';
import {pkiNames} from '../../../src/services/bootstrapper/node-state.ts';
import {createPki} from '../../../src/services/bootstrapper/pki.ts';
import type {Instance, ServiceName} from '../../../src/services/host.ts';
import {serviceNames} from '../../../src/services/host.ts';
import {newMachine, newMaker} from '../../helpers/local-machine.ts';

type Ticket = MessageInitShape<typeof IssueJoinTicketResponseSchema>;

const sha256 = (content: Uint8Array | string) => createHash('sha256').update(content).digest();

const maker = newMaker();
const release = generateKeys();
const roots = {makerDigest: sha256(maker.publicKey), releaseDigest: sha256(release.publicKey)};
const pki = createPki();
const secret = randomBytes(32);
const salt = randomBytes(32);
const own = newMachine(maker, {name: 'worker-7'});
const ownControlPlane = newMachine(maker, {name: 'control-7', role: 'control-plane'});

const image = ['launcher', 'bundle', 'runtime'];
const registers = [4, 9, 11];
const measurements = formatImageStatement({
	version: 'v1.2.3',
	arguments: [],
	measurements: new Map(
		registers.map((register, index) => [register, {expected: registerOf(sha256(image[index] ?? '')), warnOnly: false}]),
	),
});

type Service = {
	/** What its machine booted; as the image says by default. */
	boots?: readonly string[];
	cluster?: Uint8Array;
	isBound?: boolean;
	serviceMaker?: typeof maker;
	signer?: typeof release;
	endorsed?: boolean;
	change?: (ticket: Ticket) => Ticket;
};

/** A JoinService with a real TPM whose behaviour the test decides. Counts what reaches it. */
const newService = async (t: ExecutionContext, service: Service = {}) => {
	const {
		boots = image,
		serviceMaker = maker,
		signer = release,
		endorsed = true,
		change = (ticket: Ticket): Ticket => ticket,
	} = service;
	const {cluster = clusterId(secret, salt), isBound = true} = service;
	const {tpm} = newMachine(serviceMaker, {name: 'control-1', role: 'control-plane'});
	// An event of the TPM extends the hash of its data, exactly as the launcher does with what it measures.
	for (const [index, register] of registers.entries()) await tpm.extend(register, Buffer.from(boots[index] ?? ''));
	await tpm.extend(12, Buffer.from(measuredCommandLine([], parametersOf(roots.makerDigest, roots.releaseDigest))));
	if (isBound) await tpm.extend(15, cluster);
	const endorsement = {
		measurements,
		signature: signBlob(measurements, privateKeyOf(signer.privateKey)),
		releaseKey: signer.publicKey,
		makerKey: serviceMaker.publicKey,
	};
	const seen: IssueJoinTicketRequest[] = [];
	const server = createServer();
	addService(server, API, {
		issueJoinTicket(request, call) {
			seen.push(request);
			checkEvidence(request, connectionOf(call));
			return Promise.resolve(change(ticketFor(request)));
		},
		issueRejoinTicket: () => Promise.resolve({stateDiskKey: randomBytes(32), measurementSecret: secret}),
		async *watchJoins() {},
	});
	const issuer = issuerOf('local-vtpm', tpm, endorsed ? endorsement : undefined);
	const atls = await serveAtls(server, {issuer, host: '127.0.0.1', port: 0});
	t.teardown(() => atls.close());
	return {endpoint: `127.0.0.1:${atls.port}`, seen};
};

/** Our evidence must count for this connection, disk, role and key alone. */
const checkEvidence = (request: IssueJoinTicketRequest, connection: ReturnType<typeof connectionOf>) => {
	const zero = {expected: new Uint8Array(32), warnOnly: false};
	const policy = {
		variant: 'local-vtpm',
		measurements: new Map([4, 15].map(register => [register, zero])),
		makerKey: maker.publicKey,
	} as const;
	const {diskUuid, certificateRequest, isControlPlane} = request;
	const role = isControlPlane ? 'control-plane' : 'worker';
	validatorOf({...policy, releaseKey: release.publicKey}).validate(
		request.evidence,
		connectionNonce(connection, exporterLabels.join),
		joinUserData({method: 'IssueJoinTicket', diskUuid, role, certificateRequest}),
	);
};

const ticketFor = ({certificateRequest, isControlPlane}: IssueJoinTicketRequest): Ticket => {
	const {publicKey, addresses} = parseCsr(certificateRequest);
	const name = isControlPlane ? ownControlPlane.machine.name : own.machine.name;
	return {
		stateDiskKey: randomBytes(32),
		measurementSalt: salt,
		measurementSecret: secret,
		kubeletCert: Buffer.from(certificateFor(publicKey, name, addresses)),
		apiServerEndpoint: '127.0.0.1:6443',
		token: 'abcdef.0123456789abcdef',
		discoveryTokenCaCertHash: authorityPin(pki['ca.crt']),
		controlPlaneFiles: isControlPlane ? pkiNames.map(file => ({name: file, data: Buffer.from(pki[file])})) : [],
		kubernetesVersion: 'v1.32.9',
		clusterCa: Buffer.from(pki['ca.crt']),
		storageKey: isControlPlane ? randomBytes(32) : new Uint8Array(),
	};
};

const certificateFor = (publicKey: Uint8Array, name: string, addresses: readonly string[] = [], authority = pki) =>
	issueCertificate(
		{certificate: authority['ca.crt'], key: secretOf(authority['ca.key'])},
		{
			subject: {organization: 'system:nodes', commonName: `system:node:${name}`},
			publicKey,
			usages: ['clientAuth', 'serverAuth'],
			addresses,
			days: 30,
		},
	);

const secretOf = (pem: string) => new Secret(Buffer.from(pem));

const instanceOf = ({name, role}: {name: string; role: Instance['role']}, join = '127.0.0.1:1'): Instance => ({
	name,
	role,
	uid: '0123abcd',
	address: '127.0.0.1',
	providerId: '',
	endpoints: Object.fromEntries(serviceNames.map(service => [service, join])) as Record<ServiceName, string>,
});

const askerOf = ({machine, tpm}: typeof own) => ({
	instance: instanceOf(machine),
	diskUuid: machine.diskUuid,
	issuer: issuerOf('local-vtpm', tpm),
	roots,
});

const ask = (endpoint: string, who = own) => requestTicket(endpoint, askerOf(who), new AbortController().signal);

test('a worker gets a ticket from an endorsed service of the cluster', async t => {
	const {endpoint, seen} = await newService(t);
	const ticket = await ask(endpoint);
	t.deepEqual(ticket.clusterId, clusterId(secret, salt));
	t.is(ticket.kubernetesVersion, 'v1.32.9');
	t.is(ticket.controlPlane, undefined);
	t.false(seen[0]?.isControlPlane);
	t.is(seen[0]?.diskUuid, own.machine.diskUuid);
});

test('a control plane gets exactly the known files', async t => {
	const {endpoint} = await newService(t);
	const ticket = await ask(endpoint, ownControlPlane);
	t.deepEqual(Object.keys(ticket.controlPlane?.pki ?? {}).sort(), [...pkiNames].sort());
});

for (const [what, service] of Object.entries<Service>({
	'another bundle than its image says': {boots: ['launcher', 'changed', 'runtime']},
	'the TPM of another maker': {serviceMaker: newMaker()},
	'measurements signed by another key': {signer: generateKeys()},
	'no signed measurements': {endorsed: false},
	'a machine in no cluster': {isBound: false},
})) {
	test(`row 7: not one request byte for a service with ${what}`, async t => {
		const {endpoint, seen} = await newService(t, service);
		await t.throwsAsync(ask(endpoint), {name: 'AttestationRefused'});
		t.is(seen.length, 0);
	});
}

test('row 7: the ticket of another cluster than the service runs in stops the node', async t => {
	const {endpoint} = await newService(t, {cluster: randomBytes(32)});
	await t.throwsAsync(ask(endpoint), {instanceOf: ForeignCluster});
	const {endpoint: other} = await newService(t, {change: ticket => ({...ticket, measurementSalt: randomBytes(32)})});
	await t.throwsAsync(ask(other), {instanceOf: ForeignCluster});
});

const files = pkiNames.map(name => ({name, data: Buffer.from(pki[name])}));
const stranger = createPki();

const wrongTickets: [string, typeof own, Ticket][] = [
	[
		'a path outside the folder',
		ownControlPlane,
		{controlPlaneFiles: [...files.slice(1), {name: '../../evil', data: Buffer.from('x')}]},
	],
	['a file that is missing', ownControlPlane, {controlPlaneFiles: files.slice(1)}],
	['a file twice', ownControlPlane, {controlPlaneFiles: [...files, ...files.slice(0, 1)]}],
	['files for a worker', own, {controlPlaneFiles: files}],
	['no storage key', ownControlPlane, {storageKey: new Uint8Array()}],
	['a pin that is not that of the CA', own, {discoveryTokenCaCertHash: `sha256:${'0'.repeat(64)}`}],
	['a CA that is not the pinned one', own, {clusterCa: Buffer.from(stranger['ca.crt'])}],
	['a certificate for another key', own, {kubeletCert: Buffer.from(certificateFor(generateKeys().publicKey, 'worker-7'))}],
	['a short disk key', own, {stateDiskKey: randomBytes(16)}],
	['an endpoint that is none', own, {apiServerEndpoint: 'evil'}],
	['no version at all', own, {kubernetesVersion: ''}],
];

for (const [what, who, change] of wrongTickets) {
	test(`a ticket is refused as a whole for ${what}`, async t => {
		const {endpoint} = await newService(t, {change: ticket => ({...ticket, ...change}) as Ticket});
		await t.throwsAsync(ask(endpoint, who), {name: 'Error'});
	});
}

test('a certificate that another authority signed, or for another name, is refused', async t => {
	for (const [name, authority] of [
		['worker-7', stranger],
		['worker-8', pki],
	] as const) {
		const change = (ticket: Ticket) => {
			const [request] = seen.slice(-1);
			const {publicKey} = parseCsr(request?.certificateRequest ?? new Uint8Array());
			return {...ticket, kubeletCert: Buffer.from(certificateFor(publicKey, name, [], authority))};
		};
		const {endpoint, seen} = await newService(t, {change});
		await t.throwsAsync(ask(endpoint), {message: /certificate/});
	}
});

test('a rejoin names the service it came from, to be compared with the own disk', async t => {
	const {endpoint} = await newService(t);
	const ticket = await requestRejoinTicket(endpoint, askerOf(own), new AbortController().signal);
	t.deepEqual(Buffer.from(ticket.measurementSecret.reveal()), secret);
	t.deepEqual(Buffer.from(ticket.attested.registers[15] ?? []), Buffer.from(registerOf(sha256(clusterId(secret, salt)))));
});

test('asking goes on until a ticket is there, never to oneself, and ends at once for a foreign cluster', async t => {
	const {endpoint} = await newService(t);
	const waits = {quietMs: 1, refusedMs: 1, longestMs: 4};
	const asked: string[] = [];
	let rounds = 0;
	const loop = (ask: (endpoint: string) => Promise<string>) =>
		askUntilGiven({
			own: instanceOf({name: 'control-7', role: 'control-plane'}, endpoint),
			list() {
				if (rounds++ === 0) return Promise.reject(new Error('not yet'));
				return Promise.resolve([
					instanceOf({name: 'control-7', role: 'control-plane'}, endpoint),
					instanceOf({name: 'control-9', role: 'control-plane'}),
					instanceOf({name: 'control-1', role: 'control-plane'}, endpoint),
					instanceOf({name: 'worker-1', role: 'worker'}, endpoint),
				]);
			},
			ask(at) {
				asked.push(at);
				return ask(at);
			},
			log: () => undefined,
			signal: new AbortController().signal,
			waits,
		});
	const given = await loop(at => (asked.length < 3 ? Promise.reject(new Error('busy')) : Promise.resolve(at)));
	t.is(given, endpoint);
	t.deepEqual(asked, [endpoint, endpoint, endpoint]);
	await t.throwsAsync(
		loop(() => Promise.reject(new ForeignCluster('x'))),
		{instanceOf: ForeignCluster},
	);
});

test('a machine is bound to one cluster, once, and only when its register shows it', async t => {
	const {tpm} = newMachine(newMaker());
	await t.throwsAsync(bindToCluster({...tpm, extend: () => Promise.resolve()}, randomBytes(32)), {message: /does not show/});
	await bindToCluster(tpm, randomBytes(32));
	await t.throwsAsync(bindToCluster(tpm, randomBytes(32)), {message: /belongs to a cluster already/});
});
