import {randomUUID, X509Certificate} from 'node:crypto';
import test, {type ExecutionContext} from 'ava';
import {connectionNonce, exporterLabels, joinUserData} from '../../../src/atls/binding.ts';
import {openAtls} from '../../../src/atls/client.ts';
import {encodeNonce} from '../../../src/atls/nonce.ts';
import {serveAtls} from '../../../src/atls/server.ts';
import {validatorOf} from '../../../src/attestation/variant.ts';
import {createCsr} from '../../../src/keys/csr.ts';
import {clusterId} from '../../../src/keys/derive.ts';
import {authorityPin, generateKeys} from '../../../src/keys/pki.ts';
import {retireMachines} from '../../../src/kubernetes/machine-records.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {clientOn} from '../../../src/rpc/client.ts';
import {API as JoinApi} from '../../../src/rpc/gen/join_pb.ts';
import {createServer} from '../../../src/rpc/server.ts';
import {RpcError, status} from '../../../src/rpc/status.ts';
import {annotations} from '../../../src/services/join/annotations.ts';
import {identitiesIn} from '../../../src/services/join/identities.ts';
import {ownIdentity} from '../../../src/services/join/own-identity.ts';
import {eventually} from '../../helpers/eventually.ts';
import {
	acceptedPolicy,
	askRejoin,
	askTicket,
	bootNode,
	image,
	joinWorld,
	maker,
	type Node,
	policyOf,
	rejoinRequest,
	ticketRequest,
	type World,
} from '../../helpers/join-world.ts';
import {newMachine, newMaker} from '../../helpers/local-machine.ts';

const secrets = inNamespace(resources.secrets, 'kube-system');

const tokens = async ({admin}: World) =>
	(await admin.list(secrets)).items.filter(({metadata}) => metadata.name.startsWith('bootstrap-token-'));

const ready = (world: World) => eventually(() => world.service.policies.current());

const refused = async (t: ExecutionContext, world: World, ask: Promise<unknown>, code = status.PERMISSION_DENIED) => {
	const error = await t.throwsAsync(ask, {instanceOf: RpcError});
	t.is(error.code, code, error.message);
	t.deepEqual(await tokens(world), [], 'a token was minted');
	return error.message;
};

test('a worker gets its ticket, and nothing that is for control planes', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const node = await bootNode({name: 'worker-1'});
	const ticket = await askTicket(node, await world.open());
	t.deepEqual(new Uint8Array(clusterId(ticket.measurementSecret, ticket.measurementSalt)), new Uint8Array(world.clusterId));
	t.is(ticket.stateDiskKey.length, 32);
	t.deepEqual(ticket.controlPlaneFiles, []);
	t.is(ticket.storageKey.length, 0);
	t.is(ticket.kubernetesVersion, 'v1.32.9');
	t.is(ticket.apiServerEndpoint, world.deps.apiEndpoint);
	t.regex(ticket.token, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
	t.is(ticket.discoveryTokenCaCertHash, authorityPin(world.pki['ca.crt']));
	t.is(Buffer.from(ticket.clusterCa).toString(), world.pki['ca.crt']);
	const certificate = new X509Certificate(ticket.kubeletCert);
	t.is(certificate.subject, 'O=system:nodes\nCN=system:node:worker-1');
	t.is(certificate.subjectAltName, 'IP Address:127.0.0.1');
	t.true(certificate.verify(new X509Certificate(ticket.clusterCa).publicKey));
	const days = (certificate.validToDate.getTime() - Date.now()) / 86_400_000;
	t.true(days > 29 && days <= 30);
	const [token] = await tokens(world);
	t.is(token?.['type'], 'bootstrap.kubernetes.io/token');
	const joining = await world.admin.get(resources.joiningNodes, 'worker-1');
	t.is(joining.metadata.annotations?.[annotations.joinState], 'ticket');
	t.like(joining['spec'], {name: 'worker-1', iscontrolplane: false, componentsreference: 'k8s-components-sha256-x'});
});

test('a control plane gets the eight files and the key of the store', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const node = await bootNode({name: 'control-2', role: 'control-plane'});
	const ticket = await askTicket(node, await world.open());
	t.deepEqual(ticket.controlPlaneFiles.map(({name}) => name).sort(), [
		'ca.crt',
		'ca.key',
		'etcd/ca.crt',
		'etcd/ca.key',
		'front-proxy-ca.crt',
		'front-proxy-ca.key',
		'sa.key',
		'sa.pub',
	]);
	t.deepEqual(new Uint8Array(ticket.storageKey), new Uint8Array(world.deps.storageKey.reveal()));
	t.is((await world.admin.get(resources.joiningNodes, 'control-plane')).metadata.name, 'control-plane');
});

test('one control plane joins at a time, also through two services; the same one may ask again', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const {address, service} = await world.another({name: 'control-9', generationFile: `${world.folder}/other`});
	await eventually(() => service.policies.current());
	const [second, third] = [
		await bootNode({name: 'control-2', role: 'control-plane'}),
		await bootNode({name: 'control-3', role: 'control-plane'}),
	];
	await askTicket(second, await world.open());
	const before = (await tokens(world)).length;
	const error = await t.throwsAsync(askTicket(third, await world.open(address)), {instanceOf: RpcError});
	t.is(error.code, status.FAILED_PRECONDITION);
	t.is((await tokens(world)).length, before);
	await askTicket(second, await world.open(address));
	// A deadline that passed frees the place, whether or not an operator is there.
	await world.admin.patch(resources.joiningNodes, 'control-plane', {spec: {deadline: '2020-01-01T00:00:00Z'}}, 'merge');
	await askTicket(third, await world.open());
	t.like((await world.admin.get(resources.joiningNodes, 'control-plane'))['spec'], {name: 'control-3'});
});

test('the same machine asks again; another one gets neither its name nor its disk', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const node = await bootNode({name: 'worker-1'});
	const channel = await world.open();
	const first = await askTicket(node, channel);
	const again = await askTicket(node, channel);
	t.deepEqual(first.stateDiskKey, again.stateDiskKey);
	t.not(first.token, again.token);
	const before = (await tokens(world)).length;
	const others: [string, Partial<Node['machine']>][] = [
		['name', {name: 'worker-1'}],
		['disk', {name: 'worker-2', diskUuid: node.machine.diskUuid}],
	];
	for (const [what, identity] of others) {
		const other = await bootNode(identity);
		const error = await t.throwsAsync(askTicket(other, await world.open()), {instanceOf: RpcError}, what);
		t.is(error.code, status.PERMISSION_DENIED, what);
		t.regex(error.message, /belongs to another machine/);
	}
	t.is((await tokens(world)).length, before);
});

test('a machine that was retired never comes back, its name does', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const node = await bootNode({name: 'worker-1'});
	await askTicket(node, await world.open());
	await retireMachines(world.admin, ['worker-1']);
	await t.throwsAsync(askTicket(node, await world.open()), {message: /retired/});
	await t.throwsAsync(askRejoin(node, await world.open()), {message: /retired/});
	const next = await bootNode({name: 'worker-1'});
	await t.notThrowsAsync(askTicket(next, await world.open()));
	const sameDisk = await bootNode({name: 'worker-5', diskUuid: node.machine.diskUuid});
	await t.throwsAsync(askTicket(sameDisk, await world.open()), {message: /disk belongs/});
	await retireMachines(world.admin, ['nobody']);
});

test('attested but greedy: every other field than its own is refused, without a token', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const node = await bootNode({name: 'worker-1'});
	const channel = await world.open();
	const csr = (commonName: string, organization = 'system:nodes', keys = generateKeys()) =>
		createCsr(keys, {organization, commonName});
	const denied = [{diskUuid: '00000000-0000-4000-8000-000000000001'}, {name: 'worker-2'}, {isControlPlane: true}];
	for (const changes of denied) await refused(t, world, askTicket(node, channel, changes));
	const malformed = [
		{diskUuid: 'measurementSecret'},
		{diskUuid: node.machine.diskUuid.toUpperCase()},
		{diskUuid: ''},
		{certificateRequest: csr('system:node:worker-1', 'system:masters')},
		{certificateRequest: csr('worker-1')},
		{certificateRequest: csr('system:node:')},
		{certificateRequest: csr('system:node:control-plane')},
		{certificateRequest: csr('system:node:a.b')},
		{certificateRequest: csr(`system:node:${'a'.repeat(64)}`)},
		{certificateRequest: new Uint8Array()},
	];
	for (const changes of malformed) await refused(t, world, askTicket(node, channel, changes), status.INVALID_ARGUMENT);
	t.deepEqual((await world.admin.list(resources.joiningNodes)).items, []);
});

test('evidence counts for its connection and its fields only', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const node = await bootNode({name: 'worker-1'});
	const {address, service} = await world.another({name: 'control-9', generationFile: `${world.folder}/other`});
	await eventually(() => service.policies.current());
	const channel = await world.open();
	const send = (request: Awaited<ReturnType<typeof ticketRequest>>, at = channel) =>
		clientOn(at.channel, JoinApi).issueJoinTicket(request);
	const good = await ticketRequest(node, channel);
	// Replayed: on a new connection, at another replica, with each field changed after it was signed.
	await refused(t, world, send(good, await world.open()));
	await refused(t, world, send(good, await world.open(address)));
	const other = await ticketRequest(node, channel, {name: 'worker-1'});
	await refused(t, world, send({...good, certificateRequest: other.certificateRequest}));
	await refused(t, world, send({...good, diskUuid: '00000000-0000-4000-8000-000000000001'}));
	await refused(t, world, send({...good, isControlPlane: true}));
	await refused(t, world, send({...good, evidence: new Uint8Array()}));
	await refused(t, world, send({...good, evidence: new Uint8Array(200_000)}), status.INVALID_ARGUMENT);
	await refused(t, world, send({...good, evidence: good.evidence.subarray(0, -1)}));
	// Signed for the other method, the other role, the other direction.
	await refused(t, world, send(await ticketRequest(node, channel, {signed: {method: 'IssueRejoinTicket'}})));
	await refused(t, world, send(await ticketRequest(node, channel, {signed: {role: 'control-plane'}})));
	const attest = connectionNonce(channel.connection, exporterLabels.attest);
	await refused(t, world, send(await ticketRequest(node, channel, {nonce: attest})));
	const rejoin = await rejoinRequest(node, channel);
	await refused(t, world, send({...good, evidence: rejoin.evidence}));
	t.deepEqual((await world.admin.list(resources.joiningNodes)).items, []);
	// None of this spoils the request itself.
	await t.notThrowsAsync(send(good));
});

test('relay: a waiting node that quotes the exporter as its server name vouches for nobody', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const victim = await bootNode({name: 'worker-1'});
	// The victim serves aTLS, as a node does that waits for Init: it quotes any nonce for its own leaf.
	const front = await serveAtls(createServer(), {issuer: victim.issuer, host: '127.0.0.1', port: 0});
	t.teardown(() => front.close());
	const channel = await world.open();
	const nonce = connectionNonce(channel.connection, exporterLabels.join);
	const {connect} = await import('node:tls');
	const {readCertificate} = await import('../../../src/keys/certificate.ts');
	const evidence = await new Promise<Uint8Array>((resolve, reject) => {
		const socket = connect(
			{
				host: '127.0.0.1',
				port: front.port,
				servername: encodeNonce(nonce),
				ALPNProtocols: ['h2'],
				rejectUnauthorized: false,
			},
			() => {
				const leaf = socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0);
				resolve(readCertificate(leaf).extensions[0]?.value ?? new Uint8Array());
				socket.destroy();
			},
		);
		socket.on('error', reject);
	});
	t.true(evidence.length > 1000, 'the quote over the exporter was obtained');
	const message = await refused(t, world, askTicket(victim, channel, {evidence}));
	t.regex(message, /another connection or request/);
});

test('reflection: the evidence of the service itself is refused', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const channel = await world.open();
	const evidence = channel.connection.attested.document;
	const node = await bootNode({name: 'control-1', role: 'control-plane'});
	await refused(t, world, askTicket({...node, machine: world.node.machine}, channel, {evidence}));
	const request = await rejoinRequest(node, channel, world.node.machine.diskUuid);
	await refused(t, world, clientOn(channel.channel, JoinApi).issueRejoinTicket({...request, evidence}));
});

test('a software TPM with perfect registers from another maker is refused, join and rejoin', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const foreign = await bootNode({name: 'worker-1'}, {maker: newMaker()});
	await refused(t, world, askTicket(foreign, await world.open()));
	await refused(t, world, askRejoin(foreign, await world.open()));
	// The client refuses such a service as well, before a byte is sent.
	const impostor = await bootNode({name: 'control-1', role: 'control-plane'}, {maker: newMaker(), cluster: world.clusterId});
	const front = await serveAtls(createServer(), {issuer: impostor.issuer, host: '127.0.0.1', port: 0});
	t.teardown(() => front.close());
	await t.throwsAsync(world.open(`127.0.0.1:${front.port}`), {name: 'AttestationRefused'});
});

const boots: [Parameters<typeof bootNode>[1], number][] = [
	[{files: {...image, launcher: 'other'}}, 4],
	[{files: {...image, bundle: 'bundlf'}}, 9],
	[{files: {...image, runtime: 'other'}}, 11],
	[{cluster: new Uint8Array(32).fill(1)}, 15],
];

test('a node with one wrong register is refused, and recorded by name with what differs', async t => {
	const world = await joinWorld(t);
	await ready(world);
	for (const [options, register] of boots) {
		const node = await bootNode({name: `worker-${register}`}, options);
		t.regex(await refused(t, world, askTicket(node, await world.open())), new RegExp(`Register ${register} `));
		t.true(world.log.some(line => line.startsWith(`worker-${register} refused`)));
	}
	const refusals = await eventually(async () => {
		const {items} = await world.admin.list(inNamespace(resources.events, 'kube-system'));
		const found = items.filter(item => item['reason'] === 'JoinRefused');
		return found.length === boots.length && found;
	});
	for (const [, register] of boots) {
		const texts = refusals.map(({metadata}) => metadata.annotations?.[annotations.refusal] ?? '{}');
		const records = texts.map(text => JSON.parse(text) as Record<string, unknown>);
		const refusal = records.find(record => record['register'] === register);
		t.like(refusal, {node: `worker-${register}`, role: 'worker', code: 'register-mismatch', count: 1});
		t.regex(String(refusal?.['expected']), /^[0-9a-f]{64}$/);
		t.not(refusal?.['expected'], refusal?.['actual']);
	}
});

test('already a member: asks again and is refused', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const node = await bootNode({name: 'worker-1'});
	await askTicket(node, await world.open());
	const before = (await tokens(world)).length;
	await node.tpm.extend(15, world.clusterId);
	await t.throwsAsync(askTicket(node, await world.open()), {message: /Register 15/});
	t.is((await tokens(world)).length, before);
});

test('a restarted node gets its own key again, a stranger does not', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const node = await bootNode({name: 'worker-1'});
	const stranger = await bootNode({name: 'worker-2'});
	await refused(t, world, askRejoin(stranger, await world.open()));
	const ticket = await askTicket(node, await world.open());
	const rejoin = await askRejoin(node, await world.open());
	t.deepEqual(rejoin.stateDiskKey, ticket.stateDiskKey);
	t.deepEqual(rejoin.measurementSecret, ticket.measurementSecret);
	const channel = await world.open();
	await t.throwsAsync(askRejoin(stranger, channel, node.machine.diskUuid), {message: /not enrolled for this disk/});
	await t.throwsAsync(askRejoin(node, channel, 'measurementSecret'), {message: /UUID/});
	const {evidence} = await rejoinRequest(node, channel);
	const other = await world.open();
	const replay = clientOn(other.channel, JoinApi).issueRejoinTicket({diskUuid: node.machine.diskUuid, evidence});
	await t.throwsAsync(replay, {message: /attestation refused/});
});

test('the first node rejoins because its own service recorded it', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const first = await bootNode({name: 'control-1', role: 'control-plane'});
	await t.throwsAsync(askRejoin(first, await world.open()), {message: /has not joined/});
	const identities = identitiesIn(world.deps.kube);
	await identities.claim(await ownIdentity(first.tpm, 'v1.0.0'));
	const own = await ownIdentity(first.tpm, 'v1.0.0');
	await identities.claim(own);
	// A key stays with its disk, name and role, also where a new certificate of the maker says otherwise.
	for (const change of [{diskUuid: randomUUID()}, {name: 'control-2'}, {role: 'worker'}] as const) {
		await t.throwsAsync(identities.claim({...own, ...change}), {message: /this machine joined/});
		await t.throwsAsync(identities.confirm({...own, ...change}), {message: /this machine joined/});
	}
	await t.notThrowsAsync(askRejoin(first, await world.open()));
	const worker = newMachine(maker, {name: 'w', role: 'worker'});
	await t.throwsAsync(ownIdentity(worker.tpm, 'v1.0.0'), {message: /no control plane/});
});

test('machines that join at the same moment are all recorded', async t => {
	const world = await joinWorld(t);
	await ready(world);
	const nodes = await Promise.all([1, 2, 3, 4].map(number => bootNode({name: `worker-${number}`})));
	await Promise.all(nodes.map(async node => askTicket(node, await world.open())));
	const {data} = await world.admin.get(inNamespace(resources.configMaps, 'kube-system'), 'join-identities');
	t.is(Object.keys(data as object).length, 4);
});

test('without the KeyService there is no ticket and no token, and no text of the failure', async t => {
	const world = await joinWorld(t);
	const broken = {
		measurementSecret: () => Promise.reject(new Error('canary')),
		diskKey: () => Promise.reject(new Error('canary')),
		close: () => undefined,
	};
	const {address, service} = await world.another({keys: broken, generationFile: `${world.folder}/other`});
	await eventually(() => service.policies.current());
	const node = await bootNode({name: 'worker-1'});
	const message = await refused(t, world, askTicket(node, await world.open(address)), status.INTERNAL);
	t.notRegex(message, /canary/);
});

test('without a valid policy nobody is admitted', async t => {
	const world = await joinWorld(t, {generation: 1, policies: [acceptedPolicy(image, generateKeys())]});
	await eventually(() => world.log.some(line => /not taken over/.test(line)));
	const node = await bootNode({name: 'worker-1'});
	await refused(t, world, askTicket(node, await world.open()), status.FAILED_PRECONDITION);
});

test('a machine of an older image that is still accepted joins as well', async t => {
	const old = {...image, bundle: 'old'};
	const world = await joinWorld(t, {generation: 3, policies: [acceptedPolicy(old), acceptedPolicy(image)]});
	await ready(world);
	await t.notThrowsAsync(askTicket(await bootNode({name: 'worker-1'}, {files: old}), await world.open()));
	await t.notThrowsAsync(askTicket(await bootNode({name: 'worker-2'}), await world.open()));
});

test('an own client that does not know the cluster ID in register 15 refuses the service', async t => {
	const world = await joinWorld(t);
	const error = await t.throwsAsync(openAtls(world.address, {validator: validatorOf(policyOf(image))}));
	t.is(error.name, 'AttestationRefused');
	t.truthy(joinUserData({method: 'IssueRejoinTicket', diskUuid: 'x'}));
});
