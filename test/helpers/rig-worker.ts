// The load of a rig, in a thread of its own: what a test does at the same time must not slow a request down.
import {createHash, randomBytes} from 'node:crypto';
import {Agent, type RequestOptions, request} from 'node:https';
import {parentPort, workerData} from 'node:worker_threads';
import {credentials} from '@grpc/grpc-js';
import type {KubeConnection} from '../../src/kubernetes/https.ts';
import {parseKubeconfig} from '../../src/kubernetes/kubeconfig.ts';
import {createClient} from '../../src/rpc/client.ts';
import {API as VerifyApi} from '../../src/rpc/gen/verify_pb.ts';
import type {RigReport, RigSettings} from './rig.ts';
import {every, newCounter} from './rig-load.ts';
import {followConfigMaps} from './rig-watch.ts';

const {kubeconfig, verify, share} = workerData as RigSettings;
const connection: KubeConnection = parseKubeconfig(kubeconfig);
const base = new URL(connection.server);
const failures: string[] = [];
const identity = {
	ca: connection.ca,
	cert: connection.cert,
	key: Buffer.from(connection.key.reveal()),
	minVersion: 'TLSv1.2',
} as const;
/** Connections that are used again and again; one is kept when there is nothing to send. */
const kept = new Agent({...identity, keepAlive: true, maxFreeSockets: 1, scheduling: 'lifo'});
const path = '/api/v1/namespaces/default/configmaps';

export type Send = (
	options: Pick<RequestOptions, 'method' | 'path' | 'signal'>,
	body?: object,
	isNew?: boolean,
) => Promise<Answer>;
type Answer = {code: number; body: Record<string, unknown>};

/** One request without any retry, on a connection of its own where it should be. */
const send: Send = (options, body, isNew = false) =>
	new Promise((resolve, reject) => {
		const text = body === undefined ? undefined : JSON.stringify(body);
		const sent = request({
			...(isNew ? {...identity, agent: false} : {agent: kept}),
			host: base.hostname,
			port: base.port,
			...options,
			headers: text === undefined ? {} : {'content-type': 'application/json', 'content-length': Buffer.byteLength(text)},
		});
		sent.on('error', reject);
		sent.on('response', response => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.on('error', reject);
			response.on('end', () => {
				try {
					const answer = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
					resolve({code: response.statusCode ?? 0, body: answer});
				} catch {
					reject(new Error('the answer is not JSON'));
				}
			});
		});
		sent.end(text);
	});

const must = ({code, body}: Answer, wanted: number): Record<string, unknown> => {
	if (code === wanted) return body;
	throw new Error(`${code} ${String(body['message'])}`);
};

const name = (index: number) => `rig-${index}`;
const labels = {app: 'rig'};
const reads = newCounter('read', failures);
const writes = newCounter('write', failures);
const verifications = newCounter('verification', failures);
const written: string[] = [];

const read = (index: number) =>
	reads.send(async signal => {
		must(await send({path: `${path}/${name(0)}`, signal}, undefined, index % 2 === 0), 200);
	});

const write = (index: number) =>
	writes.send(async signal => {
		const [isNew, value] = [index % 2 === 0, randomBytes(8).toString('hex')];
		const object = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: name(index), labels}, data: {value}};
		must(await send({method: 'POST', path, signal}, object, isNew), 201);
		written.push(name(index));
		const {data} = must(await send({path: `${path}/${name(index)}`, signal}, undefined, isNew), 200);
		if ((data as {value?: string} | undefined)?.value !== value) throw new Error('something else was read back than was written');
	});

const clientOf = () => createClient(VerifyApi, verify, credentials.createInsecure(), {movesOn: true});
const keptClient = clientOf();
const userData = Buffer.from('VerifyService');

const challenge = (index: number) =>
	verifications.send(async signal => {
		const client = index % 2 === 0 ? clientOf() : keptClient;
		try {
			const nonce = randomBytes(32);
			const {attestation} = await client.getAttestation({nonce}, {signal});
			const challenged = createHash('sha256').update(userData).update(nonce).digest();
			if (!Buffer.from(attestation).includes(challenged)) throw new Error('the evidence is for another challenge');
		} finally {
			if (client !== keptClient) client.channel.close();
		}
	});

// The first object is there before anything is read.
must(await send({method: 'POST', path}, {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: name(0), labels}, data: {}}), 201);
const listed = must(await send({path: `${path}?labelSelector=app%3Drig`}), 200);
const {resourceVersion} = listed['metadata'] as {resourceVersion: string};
const watch = followConfigMaps({...identity, host: base.hostname, port: base.port, path}, resourceVersion, failures);
const ends = [every(20 * share, read), every(2 * share, index => write(index + 1)), every(50 * share, challenge)];
parentPort?.postMessage('running');

parentPort?.once('message', () => void stop());

async function stop() {
	for (const end of ends) end();
	await Promise.all([reads, writes, verifications].map(counter => counter.idle()));
	const seen = await watch.end(written);
	const loads = {reads: reads.load(), writes: writes.load(), verifications: verifications.load()};
	const all = [loads.reads, loads.writes, loads.verifications];
	const failed = all.reduce((sum, load) => sum + load.failed, seen.failed);
	const late = all.reduce((sum, load) => sum + load.late, 0);
	parentPort?.postMessage({...loads, watch: seen, failed, late, failures} satisfies RigReport);
	kept.destroy();
	keptClient.channel.close();
}
