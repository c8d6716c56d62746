// Tickets of a JoinService a second and the CPU of one, over loopback with real aTLS, against plain TLS 1.3 handshakes with a P-256
// certificate in the same process. That process holds JoinService, KeyService, API server, store and the TPM behind the service's own
// evidence; the nodes that ask are another process.
import {fork} from 'node:child_process';
import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {connect, createServer} from 'node:tls';
import {openAtls} from '../src/atls/client.ts';
import {withMeasurement} from '../src/attestation/measurements.ts';
import {formatPolicy} from '../src/attestation/policy.ts';
import {issuerOf, parsePolicy, validatorOf} from '../src/attestation/variant.ts';
import {registerWithClusterId} from '../src/keys/derive.ts';
import {createAuthority, generateKeys, issueCertificate} from '../src/keys/pki.ts';
import {Secret} from '../src/secret.ts';
import {askTicket, commandLine, image, joinWorld, maker, policyOf} from '../test/helpers/join-world.ts';
import {newMachine} from '../test/helpers/local-machine.ts';

const seconds = 8;
const parallel = 4;

type Order = {service: string; tls: number; makerKey: string; commandLine: string; policy: unknown};
type Load = 'tickets' | 'handshakes';

if (process.send === undefined) await serve();
else process.once('message', order => void ask(order as Order));

/** The side that is measured. */
async function serve(): Promise<void> {
	const ends: (() => unknown)[] = [];
	const world = await joinWorld({teardown: end => ends.push(end)});
	const authority = createAuthority({commonName: 'bench'});
	const keys = generateKeys();
	const cert = issueCertificate(authority, {
		subject: {commonName: 'bench'},
		publicKey: keys.publicKey,
		usages: ['serverAuth'],
		days: 1,
	});
	const plain = createServer({cert, key: Buffer.from(keys.privateKey.reveal()), minVersion: 'TLSv1.3'}, socket => {
		socket.on('error', () => undefined);
		socket.end('.');
	});
	plain.listen(0, '127.0.0.1');
	await once(plain, 'listening');
	const child = fork(import.meta.filename, {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
	child.once('exit', (code, signal) => {
		if (signal === null) throw new Error(`the nodes ended with code ${String(code)}`);
	});
	const answer = async (): Promise<number> => Number((await once(child, 'message'))[0]);
	const policy = policyOf(image);
	const order: Order = {
		service: world.address,
		tls: (plain.address() as AddressInfo).port,
		makerKey: Buffer.from(maker.privateKey.reveal()).toString('utf8'),
		commandLine: commandLine(),
		policy: formatPolicy({
			...policy,
			measurements: withMeasurement(policy.measurements, 15, registerWithClusterId(new Uint8Array(32), world.clusterId)),
		}),
	};
	child.send(order);
	await answer();
	const measure = async (load: Load) => {
		child.send(load);
		const before = process.cpuUsage();
		const start = performance.now();
		const count = await answer();
		const elapsed = (performance.now() - start) / 1000;
		const {user, system} = process.cpuUsage(before);
		return {rate: count / elapsed, cpu: (user + system) / 1000 / count, share: (user + system) / 1e6 / elapsed};
	};
	const handshakes = await measure('handshakes');
	const tickets = await measure('tickets');
	child.kill();
	plain.close();
	console.log(
		`tickets: ${tickets.rate.toFixed(0)} a second with ${parallel} at once (${(tickets.share * 100).toFixed(0)} % of one core); on one whole core ${(1000 / tickets.cpu).toFixed(0)}`,
	);
	console.log(
		`CPU of a ticket: ${tickets.cpu.toFixed(1)} ms; of a plain TLS 1.3 handshake: ${handshakes.cpu.toFixed(2)} ms; ratio ${(tickets.cpu / handshakes.cpu).toFixed(1)} (no target)`,
	);
	for (const end of ends.toReversed()) await end();
	process.exit(0);
}

/** The nodes: each asks for one ticket after the other, each on a connection of its own. */
async function ask(order: Order): Promise<void> {
	const maker = {privateKey: new Secret(Buffer.from(order.makerKey))};
	const nodes = await Promise.all(
		Array.from({length: parallel}, async (_, index) => {
			const {machine, tpm} = newMachine(maker, {name: `worker-${index}`, role: 'worker'});
			const measured = [
				[4, image.launcher],
				[9, image.bundle],
				[11, image.runtime],
				[12, order.commandLine],
			] as const;
			for (const [register, content] of measured) await tpm.extend(register, Buffer.from(content));
			return {machine, tpm, issuer: issuerOf('local-vtpm', tpm)};
		}),
	);
	const validator = validatorOf(parsePolicy('local-vtpm', order.policy));
	const loads: Record<Load, (node: (typeof nodes)[number]) => Promise<void>> = {
		async tickets(node) {
			const channel = await openAtls(order.service, {validator});
			try {
				await askTicket(node, channel);
			} finally {
				channel.close();
			}
		},
		handshakes: () =>
			new Promise((resolve, reject) => {
				const socket = connect({host: '127.0.0.1', port: order.tls, rejectUnauthorized: false, minVersion: 'TLSv1.3'});
				socket.on('data', () => socket.destroy());
				socket.on('error', reject);
				socket.on('close', () => resolve());
			}),
	};
	// Both are warm before anything is counted.
	for (let turn = 0; turn < 5; turn++) for (const load of Object.values(loads)) for (const node of nodes) await load(node);
	const serve = async (message: unknown) => {
		const load = loads[message as Load];
		const end = performance.now() + seconds * 1000;
		let count = 0;
		const one = async (node: (typeof nodes)[number]) => {
			for (; performance.now() < end; count += 1) await load(node);
		};
		await Promise.all(nodes.map(one));
		process.send?.(count);
	};
	process.on('message', message => void serve(message));
	process.send?.(0);
}
