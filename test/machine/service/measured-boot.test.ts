import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {localRegisters} from '../../../src/attestation/registers.ts';
import {writeJson} from '../../../src/machine/service/files.ts';
import {measuredBoot} from '../../../src/machine/service/measured-boot.ts';
import {startService} from '../../../src/machine/service/serve.ts';
import {readMakerKey} from '../../../src/providers/local/cluster-folder.ts';
import {localNodeGroups} from '../../../src/providers/local/node-groups.ts';
import {localPolicy} from '../../../src/releases/image.ts';
import {makeImage} from '../../../src/releases/make-image.ts';
import {ensureReleaseKey} from '../../../src/releases/release-key.ts';
import {connectTpm} from '../../../src/services/tpm.ts';
import {unixRequest} from '../../../src/unix-http.ts';
import {localCluster, until} from '../../helpers/local-cluster.ts';

test.serial('machines boot the image measured: registers as computed from its files, the same key after every boot', async t => {
	const cluster = await localCluster(t);
	const {dataHome, folder, home, socket, uid} = cluster;
	const bundle = join(home, 'node.mjs');
	await writeFile(bundle, "console.log('up', globalThis.constellationImage); setInterval(() => undefined, 1000);");
	const from = {bundle, launcher: bundle, runtime: process.execPath};
	const image = await makeImage({version: 'v1.2.3', dataHome, from});
	const {publicKey} = await ensureReleaseKey(join(dataHome, 'release-key'));
	const {measurements} = localPolicy(image, await readMakerKey(dataHome, uid), publicKey);
	writeJson(join(folder, 'spec.json'), cluster.spec);
	const service = await startService(folder, measuredBoot(join(folder, 'maker.pem'), join(image.folder, 'node')));
	t.teardown(() => service.stop());
	const groups = localNodeGroups(socket);
	const put = (name: string, version: string) =>
		unixRequest({socketPath: socket, method: 'PUT', path: `/groups/${name}`, body: {role: 'worker', image: version, size: 1}});

	await put('worker_default', 'v1.2.3');
	const machine = join(folder, 'machines', 'worker-0');
	const boots: {registers: Uint8Array[]; key: Uint8Array | undefined}[] = [];
	for (const time of ['first', 'second']) {
		await until(
			`the ${time} start`,
			async () => (await readFile(join(machine, 'serial.log'), 'utf8')).split('up v1.2.3').length > boots.length + 1,
		);
		const tpm = connectTpm(join(machine, 'tpm.sock'));
		boots.push({registers: await tpm.readPcrs(), key: (await tpm.attestationKey()).certificate});
		await until('the TPM to be kept', () => stat(join(machine, 'tpm-state')).catch(() => undefined));
		await groups.stopMachine('worker-0');
		if (time === 'first') await groups.startMachine('worker-0');
	}
	for (const {registers} of boots) {
		for (const [register, {expected}] of measurements)
			t.deepEqual(Buffer.from(registers[register] ?? []), Buffer.from(expected), `register ${register}`);
	}
	t.deepEqual(boots[0]?.key, boots[1]?.key);
	t.is((await stat(join(machine, 'tpm-state'))).mode & 0o777, 0o600);
	t.regex(
		await readFile(join(machine, 'serial.log'), 'utf8'),
		new RegExp(`measured ${localRegisters.commandLine} command line [0-9a-f]{64}`),
	);

	t.like(await put('other', 'v9.9.9'), {failed: [{detail: 'there is no image v9.9.9 on this computer'}]});
});
