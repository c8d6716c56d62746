import test, {type ExecutionContext} from 'ava';
import {openAtls} from '../../../src/atls/client.ts';
import {signBlob} from '../../../src/attestation/blob-signature.ts';
import {issuerOf} from '../../../src/attestation/variant.ts';
import {endorsedValidator} from '../../../src/attestation/variants/local/endorsed.ts';
import {sha256} from '../../../src/attestation/variants/local/measured-boot.ts';
import {privateKeyOf} from '../../../src/keys/pki.ts';
import {readMachineRecords} from '../../../src/kubernetes/machine-records.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {RpcError, status} from '../../../src/rpc/status.ts';
import {narrow, policyDigest, policySetDigest, readPolicySet, widen, withPolicySet} from '../../../src/upgrade/policy-set.ts';
import {reportsIn} from '../../../src/upgrade/replica-report.ts';
import {laggingReplicas} from '../../../src/upgrade/replicas.ts';
import {eventually} from '../../helpers/eventually.ts';
import {
	acceptedPolicy,
	askRejoin,
	askTicket,
	bootNode,
	type ImageFiles,
	image,
	joinWorld,
	maker,
	release,
	statementOf,
	type World,
} from '../../helpers/join-world.ts';

const newer: ImageFiles = {...image, bundle: 'newer', version: 'v1.1.0'};
const configMaps = inNamespace(resources.configMaps, 'kube-system');
const leases = inNamespace(resources.leases, 'kube-system');
const prefix = 'constellation.edgeless.systems';

const joinConfig = (world: World) => world.admin.get(configMaps, 'join-config');

const change = async (world: World, edit: (set: ReturnType<typeof readPolicySet>) => ReturnType<typeof readPolicySet>) => {
	const config = await joinConfig(world);
	await world.admin.update(configMaps, withPolicySet(config, edit(readPolicySet(config))));
};

const reportOf = async (world: World) => {
	const [report] = reportsIn([await world.admin.get(leases, 'join-service-control-1')]);
	if (report === undefined) throw new Error('that is no report');
	return report;
};

const lagging = async (world: World) =>
	laggingReplicas(readPolicySet(await joinConfig(world)), ['control-1'], [await reportOf(world)], Date.now());

/** Waits until the JoinService enforces what the cluster holds, by its own word. */
const settled = (world: World) =>
	eventually(async () => (await lagging(world).catch(() => [undefined])).length === 0 || undefined);

const refused = async (t: ExecutionContext, asked: Promise<unknown>, message: RegExp) => {
	const error = await t.throwsAsync(asked, {instanceOf: RpcError, message});
	t.is(error.code, status.PERMISSION_DENIED);
};

test('widen, narrow: both images join and rejoin, then the retired one neither', async t => {
	const world = await joinWorld(t);
	await settled(world);
	const old = await bootNode({name: 'worker-1'});
	const fresh = await bootNode({name: 'worker-2'}, {files: newer});
	await t.notThrowsAsync(askTicket(old, await world.open()));
	await refused(t, askTicket(fresh, await world.open()), /Register 9/);

	await change(world, set => widen(set, acceptedPolicy(newer)));
	await settled(world);
	t.is((await reportOf(world)).digest, policySetDigest(readPolicySet(await joinConfig(world))));
	await t.notThrowsAsync(askTicket(fresh, await world.open()));
	for (const node of [old, fresh]) await t.notThrowsAsync(askRejoin(node, await world.open()));
	const records = [...(await readMachineRecords(world.admin)).values()];
	t.deepEqual(records.map(({name, image}) => [name, image]).toSorted(), [
		['worker-1', 'v1.0.0'],
		['worker-2', 'v1.1.0'],
	]);
	const {metadata} = await world.admin.get(resources.joiningNodes, 'worker-2');
	t.is(metadata.annotations?.[`${prefix}/attested-image`], 'v1.1.0');

	await change(world, set => narrow(set, [policyDigest(acceptedPolicy(image))]));
	await settled(world);
	await refused(t, askRejoin(old, await world.open()), /Register 9/);
	await refused(t, askTicket(await bootNode({name: 'worker-3'}), await world.open()), /Register 9/);
	await t.notThrowsAsync(askRejoin(fresh, await world.open()));
});

test('a policy that is not taken over is reported, and the one in force stays', async t => {
	const world = await joinWorld(t, {generation: 5, policies: [acceptedPolicy(image)]});
	await settled(world);
	const before = await reportOf(world);
	const cases: [string, unknown, RegExp][] = [
		['unsigned', {generation: 6, policies: [{...acceptedPolicy(newer), signature: ''}]}, /not signed/],
		['an older state put back', {generation: 4, policies: [acceptedPolicy(newer)]}, /lower than 5/],
		['the same generation, another content', {generation: 5, policies: [acceptedPolicy(newer)]}, /same generation/],
	];
	for (const [name, accepted, message] of cases) {
		await world.admin.patch(configMaps, 'join-config', {data: {acceptedPolicies: JSON.stringify(accepted)}}, 'merge');
		const report = await eventually(async () => {
			const found = await reportOf(world);
			return message.test(found.refused ?? '') ? found : undefined;
		});
		t.deepEqual([report.generation, report.digest], [before.generation, before.digest], name);
		t.not((await lagging(world)).length, 0, name);
	}
	await change(world, set => widen({...set, policies: [acceptedPolicy(image)]}, acceptedPolicy(newer)));
	await settled(world);
	t.is((await reportOf(world)).refused, undefined);
});

test('a node of either image judges a service of either image, by the keys measured into itself', async t => {
	const world = await joinWorld(t);
	const roots = {makerDigest: sha256(maker.publicKey), releaseDigest: sha256(release.publicKey)};
	for (const files of [image, newer]) {
		const node = await bootNode({name: 'control-9', role: 'control-plane'}, {files, cluster: world.clusterId});
		const statement = statementOf(files);
		const endorsement = {
			measurements: statement,
			signature: signBlob(statement, privateKeyOf(release.privateKey)),
			makerKey: maker.publicKey,
			releaseKey: release.publicKey,
		};
		const {address, service} = await world.another({issuer: issuerOf('local-vtpm', node.tpm, endorsement), name: 'control-9'});
		const channel = await openAtls(address, {validator: endorsedValidator(roots)});
		t.is(channel.connection.attested.machine?.name, 'control-9', files.version ?? 'v1.0.0');
		channel.close();
		// The statement of one image does not vouch for a service that runs another one.
		const other = statementOf(files === image ? newer : image);
		const lent = {...endorsement, measurements: other, signature: signBlob(other, privateKeyOf(release.privateKey))};
		const wrong = await world.another({issuer: issuerOf('local-vtpm', node.tpm, lent), name: 'control-9'});
		await t.throwsAsync(openAtls(wrong.address, {validator: endorsedValidator(roots)}), {message: /Register 9/});
		await service.stop();
		await wrong.service.stop();
	}
});
