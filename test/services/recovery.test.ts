import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openAtls} from '../../src/atls/client.ts';
import type {LocalPolicy} from '../../src/attestation/policy.ts';
import {issuerOf, validatorOf} from '../../src/attestation/variant.ts';
import {sha256} from '../../src/attestation/variants/local/measured-boot.ts';
import {recoverNodes} from '../../src/flows/recover.ts';
import {dataKey} from '../../src/keys/derive.ts';
import {encodeKmsUri, noStorageUri} from '../../src/keys/kms-uri.ts';
import {generateMasterSecret} from '../../src/keys/master-secret.ts';
import {KubeError, type KubeObject} from '../../src/kubernetes/kube.ts';
import {clientOn} from '../../src/rpc/client.ts';
import {API} from '../../src/rpc/gen/recoverproto_pb.ts';
import {status} from '../../src/rpc/status.ts';
import {openDisk} from '../../src/services/disk.ts';
import {type Recovered, recoverService, serveRecovery} from '../../src/services/recovery/server.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {newMachine, newMaker} from '../helpers/local-machine.ts';
import {memoryKube} from '../helpers/memory-kube.ts';

const master = generateMasterSecret();
const requestOf = (secret = master) => ({kmsUri: encodeKmsUri(secret), storageUri: noStorageUri});

/** A disk whose state was written under the key that follows from the master secret. */
const formattedDisk = async (t: ExecutionContext, uuid: string) => {
	const folder = await mkdtemp(join(tmpdir(), 'recovery-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const disk = openDisk(folder, () => Promise.resolve(uuid));
	await disk.save(dataKey(master, uuid, 32), Buffer.from('state'));
	return disk;
};

const newService = async (t: ExecutionContext) => {
	const disk = await formattedDisk(t, '11111111-2222-4333-8444-555555555555');
	const recovered: Recovered[] = [];
	const lines: string[] = [];
	const service = recoverService({disk, log: line => lines.push(line), recovered: secrets => recovered.push(secrets)});
	return {disk, recovered, lines, recover: (request = requestOf()) => service.recover(request, {peer: 'test'})};
};

test('row 23: a wrong master secret is answered with an error and the node goes on waiting', async t => {
	const {recover, recovered, disk, lines} = await newService(t);
	const wrong = requestOf(generateMasterSecret());
	await t.throwsAsync(recover(wrong), {code: status.INVALID_ARGUMENT, message: /another cluster/});
	t.is(recovered.length, 0);
	t.deepEqual(await recover(), {});
	t.is(recovered.length, 1);
	t.is(Buffer.from(await disk.open(recovered[0]?.stateKey.reveal() ?? Buffer.alloc(32))).toString(), 'state');
	t.false(JSON.stringify(lines).includes(wrong.kmsUri));
});

test('secrets at the same time are tried one after the other; only the first right one counts', async t => {
	const {recover, recovered} = await newService(t);
	const answers = await Promise.allSettled([recover(requestOf(generateMasterSecret())), recover(), recover()]);
	t.deepEqual(
		answers.map(answer => answer.status),
		['rejected', 'fulfilled', 'fulfilled'],
	);
	t.is(recovered.length, 1);
});

for (const [what, request] of Object.entries({
	'another key management service': {...requestOf(), kmsUri: 'kms://aws?region=eu'},
	'a storage': {...requestOf(), storageUri: 'storage://aws?bucket=b'},
	'no key': {...requestOf(), kmsUri: 'kms://cluster-kms?salt=AAAA'},
})) {
	test(`refused before anything is tried: ${what}`, async t => {
		const {recover, recovered} = await newService(t);
		await t.throwsAsync(recover(request), {code: status.INVALID_ARGUMENT});
		t.is(recovered.length, 0);
	});
}

test('over aTLS: an attested node is recovered; row 4: one with the TPM of another maker is sent nothing', async t => {
	const maker = newMaker();
	const {tpm, machine} = newMachine(maker, {role: 'control-plane'});
	const recovered: Recovered[] = [];
	const {port, stop} = await serveRecovery({
		listen: {host: '127.0.0.1', port: 0},
		issuer: issuerOf('local-vtpm', tpm),
		disk: await formattedDisk(t, machine.diskUuid),
		log: () => undefined,
		recovered: secrets => recovered.push(secrets),
	});
	t.teardown(stop);
	const policyOf = (makerKey: Uint8Array): LocalPolicy => {
		const zero = {expected: new Uint8Array(32), warnOnly: false};
		const measurements = new Map([4, 15].map(register => [register, zero] as const));
		return {variant: 'local-vtpm', measurements, makerKey, releaseKey: makerKey};
	};
	const address = `127.0.0.1:${port}`;
	const stranger = newMaker();
	await t.throwsAsync(openAtls(address, {validator: validatorOf(policyOf(stranger.publicKey))}), {name: 'AttestationRefused'});
	t.is(recovered.length, 0);
	const {channel, close} = await openAtls(address, {validator: validatorOf(policyOf(maker.publicKey))});
	await clientOn(channel, API).recover(requestOf());
	close();
	t.is(recovered.length, 1);
});

test('in the middle of an upgrade recover helps control planes of either image, and those of no other', async t => {
	const maker = newMaker();
	const folder = await mkdtemp(join(tmpdir(), 'recovery-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const workspace = workspaceAt(folder);
	await writeFile(workspace.path('kubeconfig'), 'any');
	const extended = (content: string) => sha256(Buffer.concat([new Uint8Array(32), sha256(Buffer.from(content))]));
	const measurements = (content: string) =>
		new Map([
			[9, {expected: extended(content), warnOnly: false}],
			[15, {expected: new Uint8Array(32), warnOnly: false}],
		]);
	const policy: LocalPolicy = {
		variant: 'local-vtpm',
		measurements: measurements('new'),
		makerKey: maker.publicKey,
		releaseKey: maker.publicKey,
		previous: {image: 'v0.1.0', measurements: measurements('old')},
	};
	const recover = async (content: string, by: LocalPolicy): Promise<{pushed: number; recovered: number}> => {
		const {tpm, machine} = newMachine(maker, {role: 'control-plane'});
		await tpm.extend(9, Buffer.from(content));
		let recovered = 0;
		const {port, stop} = await serveRecovery({
			listen: {host: '127.0.0.1', port: 0},
			issuer: issuerOf('local-vtpm', tpm),
			disk: await formattedDisk(t, machine.diskUuid),
			log: () => undefined,
			recovered: () => {
				recovered += 1;
				void stop();
			},
		});
		t.teardown(stop);
		const silent = () => Promise.reject(new KubeError(0, '', 'nobody answers yet'));
		const kube = () => ({...memoryKube(Date.now), get: recovered > 0 ? () => Promise.resolve({} as KubeObject) : silent});
		const pause = () => new Promise<void>(resolve => setTimeout(resolve, 20));
		const node = {endpoint: `127.0.0.1:${port}`, name: machine.name};
		const flow = recoverNodes(
			{workspace, kube, now: Date.now, pause},
			{node, policy: by, secret: master, patience: 60_000},
			new AbortController().signal,
		);
		for (;;) {
			const next = await flow.next();
			if (next.done === true) return {pushed: next.value, recovered};
		}
	};
	for (const content of ['old', 'new']) t.deepEqual(await recover(content, policy), {pushed: 1, recovered: 1}, content);
	await t.throwsAsync(recover('other', policy), {code: 'attestation-refused'});
	const {previous: _, ...newest} = policy;
	await t.throwsAsync(recover('old', newest), {code: 'attestation-refused'}, 'after the upgrade');
});
