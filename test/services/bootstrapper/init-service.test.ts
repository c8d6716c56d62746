import {create, type MessageInitShape} from '@bufbuild/protobuf';
import test from 'ava';
import bcrypt from 'bcryptjs';
import {encodeKmsUri} from '../../../src/keys/kms-uri.ts';
import {generateMasterSecret} from '../../../src/keys/master-secret.ts';
import {InitRequestSchema, type InitResponseSchema} from '../../../src/rpc/gen/init_pb.ts';
import {RpcError, status} from '../../../src/rpc/status.ts';
import {secretAttempts} from '../../../src/services/bootstrapper/init/attempts.ts';
import type {InitOrder} from '../../../src/services/bootstrapper/init/request.ts';
import {heldResult} from '../../../src/services/bootstrapper/init/result.ts';
import {type InitResult, type InitServiceDeps, initService} from '../../../src/services/bootstrapper/init/service.ts';
import {nodeLock} from '../../../src/services/bootstrapper/node-lock.ts';
import type {NodeState} from '../../../src/services/bootstrapper/node-state.ts';

type Response = MessageInitShape<typeof InitResponseSchema>;

const secret = Buffer.from('the-init-secret-of-this-cluster!');
const hash = bcrypt.hashSync(secret.toString(), 4);
const master = generateMasterSecret();
const newRequest = (initSecret: Uint8Array = Buffer.from(secret)) =>
	create(InitRequestSchema, {initSecret, kmsUri: encodeKmsUri(master)});

/** An Init service whose cluster is made by the test. */
const newService = (changes: Partial<InitServiceDeps> = {}) => {
	const lines: string[] = [];
	const work = Promise.withResolvers<InitResult>();
	let held: InitResult | undefined;
	let began = 0;
	let tell: (line: string) => void = () => undefined;
	const deps: InitServiceDeps = {
		name: 'control-1',
		role: 'control-plane',
		lock: nodeLock(),
		attempt: secretAttempts(() => Promise.resolve(hash)),
		isFresh: () => Promise.resolve(began === 0),
		announce: () => Promise.resolve(() => Promise.resolve()),
		runningCluster: () => Promise.resolve(undefined),
		check: () => ({}) as InitOrder,
		async initialise(_order, progress) {
			began += 1;
			tell = progress;
			held = await work.promise;
			return held;
		},
		result: () => held,
		acknowledged() {
			held = undefined;
			return Promise.resolve();
		},
		log: line => lines.push(line),
		...changes,
	};
	const service = initService(deps);
	const call = (request = newRequest(), headers: Record<string, string> = {}) =>
		service.init(request, {peer: '127.0.0.1:1', signal: new AbortController().signal, header: name => headers[name]});
	return {deps, service, call, work, lines, progress: (line: string) => tell(line), began: () => began};
};

/** All messages of a call and the status it ended with. */
const outcome = async (call: AsyncGenerator<Response>): Promise<{responses: Response[]; code: status}> => {
	const responses: Response[] = [];
	try {
		for await (const response of call) responses.push(response);
		return {responses, code: status.OK};
	} catch (error) {
		if (!(error instanceof RpcError)) throw error;
		return {responses, code: error.code};
	}
};

const errorOf = ({responses}: {responses: Response[]}) => {
	const last = responses.at(-1)?.kind;
	return last?.case === 'initFailure' ? last.value.error : undefined;
};

const emptyState: NodeState = {
	Role: 'ControlPlane',
	MeasurementSalt: '',
	name: 'control-1',
	clusterCa: '',
	apiEndpoint: '',
	kubernetesVersion: 'v1.32.9',
	kubelet: {cert: '', key: ''},
};

const done: InitResult = {kubeconfig: Buffer.from('kubeconfig'), clusterId: Buffer.alloc(32, 7)};

test('the first message is the result for clients that do not ask for progress', async t => {
	const {call, work} = newService();
	work.resolve(done);
	const {responses, code} = await outcome(call());
	t.is(code, status.OK);
	t.deepEqual(
		responses.map(({kind}) => kind?.case),
		['initSuccess'],
	);
});

test('progress is streamed to clients that ask for it', async t => {
	const {call, work, progress, began} = newService();
	const running = call(newRequest(), {'constellation-progress': '1'});
	const first = running.next();
	while (began() === 0) await new Promise(setImmediate);
	progress('one');
	t.deepEqual((await first).value, {kind: {case: 'log', value: {log: Buffer.from('one\n')}}});
	progress('two');
	work.resolve(done);
	const {responses} = await outcome(running);
	t.deepEqual(
		responses.map(({kind}) => kind?.case),
		['log', 'initSuccess'],
	);
});

test('a wrong init secret gets nothing: no work, no logs, no hint', async t => {
	const {call, began} = newService();
	const answer = await outcome(call(newRequest(Buffer.from('wrong')), {'constellation-progress': '1'}));
	t.is(answer.code, status.PERMISSION_DENIED);
	t.is(errorOf(answer), 'invalid init secret');
	t.is(answer.responses.length, 1);
	t.is(began(), 0);
});

test('guessing is bounded', async t => {
	let now = 0;
	const attempt = secretAttempts(
		() => Promise.resolve(hash),
		() => now,
	);
	for (let guess = 0; guess < 5; guess++) t.is(await attempt(Buffer.from(`guess-${guess}`)), 'wrong');
	t.is(await attempt(secret), 'too-many');
	now += 5000;
	t.is(await attempt(secret), 'right');
	const crowd = Array.from({length: 6}, () => attempt(secret));
	t.deepEqual(await Promise.all(crowd), ['right', 'right', 'right', 'right', 'too-many', 'too-many']);
});

test('a caller that guesses too fast is told to wait, also with the right secret', async t => {
	const {service, call, began} = newService({attempt: () => Promise.resolve('too-many')});
	t.is((await outcome(call())).code, status.RESOURCE_EXHAUSTED);
	t.is(began(), 0);
	await t.throwsAsync(service.acknowledgeInit({initSecret: secret}), {message: /too many/});
});

test('the result of Init is there until its time is over', t => {
	let now = 0;
	const held = heldResult(() => now);
	t.is(held.result(), undefined);
	const initResult = {kubeconfig: '', clusterId: '', until: 1000};
	const nothing = () => Promise.resolve();
	held.keep({state: () => ({...emptyState, initResult}), save: nothing}, done, nothing);
	now = 999;
	t.deepEqual(held.result()?.clusterId, done.clusterId);
	now = 1000;
	t.is(held.result(), undefined);
});

test('only the whole secret counts: bcrypt would compare 72 bytes', async t => {
	const long = 'x'.repeat(80);
	const attempt = secretAttempts(() => Promise.resolve(bcrypt.hashSync(long.slice(0, 72), 4)));
	t.is(await attempt(Buffer.from(long)), 'wrong');
	t.is(await attempt(Buffer.from(long.slice(0, 72))), 'right');
	t.is(await attempt(new Uint8Array()), 'wrong');
});

test('a worker is never the first node', async t => {
	const answer = await outcome(newService({role: 'worker'}).call());
	t.is(answer.code, status.FAILED_PRECONDITION);
	t.regex(errorOf(answer) ?? '', /is a worker/);
});

test('row 11: a node that belongs to a cluster refuses', async t => {
	const answer = await outcome(newService({isFresh: () => Promise.resolve(false)}).call());
	t.is(answer.code, status.FAILED_PRECONDITION);
	t.regex(errorOf(answer) ?? '', /belongs to a cluster already/);
});

test('row 12: no second cluster beside one that answers', async t => {
	const {call, began} = newService({runningCluster: () => Promise.resolve('127.1.2.10:6443')});
	const answer = await outcome(call());
	t.is(answer.code, status.FAILED_PRECONDITION);
	t.regex(errorOf(answer) ?? '', /127\.1\.2\.10:6443/);
	t.is(began(), 0);
});

test('row 12: two callers at once make one cluster and get the same result', async t => {
	const {call, work, began} = newService();
	const calls = [outcome(call()), outcome(call())];
	while (began() === 0) await new Promise(setImmediate);
	work.resolve(done);
	const answers = await Promise.all(calls);
	t.is(began(), 1);
	t.deepEqual(answers[0], answers[1]);
	t.is(answers[0]?.code, status.OK);
});

test('row 12: a node that joins meanwhile does not init', async t => {
	const {call, deps, began} = newService();
	t.true(deps.lock.take('join'));
	const answer = await outcome(call());
	t.is(answer.code, status.FAILED_PRECONDITION);
	t.regex(errorOf(answer) ?? '', /already being activated/);
	t.is(began(), 0);
});

test('the work goes on when its caller goes away; the result waits for the acknowledgement', async t => {
	const {call, service, work, began} = newService();
	const first = call(newRequest(), {'constellation-progress': '1'});
	void first.next();
	while (began() === 0) await new Promise(setImmediate);
	void first.return(undefined);
	work.resolve(done);
	t.is((await outcome(call())).code, status.OK);
	t.is((await outcome(call())).code, status.OK);
	await t.throwsAsync(service.acknowledgeInit({initSecret: Buffer.from('wrong')}), {message: 'invalid init secret'});
	await service.acknowledgeInit({initSecret: Buffer.from(secret)});
	const late = await outcome(call());
	t.is(late.code, status.FAILED_PRECONDITION);
	t.regex(errorOf(late) ?? '', /belongs to a cluster already/);
	t.is(began(), 1);
});

test('row 21: a failure after the lock is final and names the node', async t => {
	const {call, work} = newService();
	work.reject(new Error('the disk is full'));
	const first = await outcome(call());
	t.is(first.code, status.INTERNAL);
	t.is(errorOf(first), 'the disk is full; replace control-1');
	const second = await outcome(call());
	t.is(second.code, status.FAILED_PRECONDITION);
	t.is(errorOf(second), 'the disk is full; replace control-1');
});

test('row 17: neither logs nor errors quote the request', async t => {
	const check = (): InitOrder => {
		throw new Error('the cluster name is not a DNS label');
	};
	const {call, lines} = newService({check});
	const request = newRequest();
	const {kmsUri} = request;
	const answer = await outcome(call(request));
	const all = JSON.stringify([lines, answer.responses]);
	for (const canary of [secret.toString(), kmsUri, Buffer.from(master.key.reveal()).toString('base64')])
		t.false(all.includes(canary));
	t.is(request.kmsUri, '');
	t.true(request.initSecret.every(byte => byte === 0));
});
