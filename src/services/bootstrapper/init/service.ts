import type {MessageInitShape} from '@bufbuild/protobuf';
import type {NodeRole} from '../../../events.ts';
import type {InitRequest, InitResponseSchema} from '../../../rpc/gen/init_pb.ts';
import {RpcError, status} from '../../../rpc/status.ts';
import type {Stop} from '../../supervisor/protocol.ts';
import type {NodeLock} from '../node-lock.ts';
import type {Verdict} from './attempts.ts';
import type {InitOrder} from './request.ts';

/** What Init hands out: the administrator's kubeconfig and the ID of the new cluster. Both are gone once acknowledged. */
export type InitResult = {kubeconfig: Uint8Array; clusterId: Uint8Array};

export type InitServiceDeps = {
	name: string;
	role: NodeRole;
	lock: NodeLock;
	attempt: (secret: Uint8Array) => Promise<Verdict>;
	/** Whether register 15 is still zero. */
	isFresh: () => Promise<boolean>;
	/** Tells the other machines that a cluster is being made here; called before they are looked at. */
	announce: () => Promise<Stop>;
	/** Endpoint of a cluster that runs, or is being made, on another machine. */
	runningCluster: () => Promise<string | undefined>;
	check: (request: InitRequest) => InitOrder;
	/** Makes the cluster; ends the announcement when its services take over. */
	initialise: (order: InitOrder, progress: (line: string) => void, announced: Stop) => Promise<InitResult>;
	/** The result that was not acknowledged yet; undefined when there is none (any more). */
	result: () => InitResult | undefined;
	acknowledged: () => Promise<void>;
	/** Why this node can never make a cluster again, known from the start. */
	failure?: string;
	log: (line: string) => void;
};

/** Header of clients that want progress lines before the result: v2.9 ones take the first message for the result. */
export const progressHeader = 'constellation-progress';

type Response = MessageInitShape<typeof InitResponseSchema>;
type Work = {result: Promise<InitResult>; lines: string[]; changed: () => Promise<void>};
type Context = {peer: string; signal: AbortSignal; header(name: string): string | undefined};

/**
 * Init and AcknowledgeInit. The init secret is checked before anything else is answered. One Init does the work, decoupled from its
 * stream; a caller that comes again with the same secret gets the same work, then the same result until it acknowledges.
 * Once the lock is taken a failure is final: the answer names the node to replace.
 */
export const initService = (deps: InitServiceDeps) => {
	const {name, role, lock, log} = deps;
	let work: Work | undefined;
	let starting: Promise<Work> | undefined;
	let {failure} = deps;

	const begin = (order: InitOrder, announced: Stop) => {
		const lines: string[] = [];
		let notify: () => void = () => undefined;
		let change = new Promise<void>(resolve => {
			notify = resolve;
		});
		const progress = (line: string) => {
			lines.push(line);
			log(line);
			notify();
			change = new Promise<void>(resolve => {
				notify = resolve;
			});
		};
		const result = deps
			.initialise(order, progress, announced)
			.catch((error: unknown) => {
				failure = `${messageOf(error)}; replace ${name}`;
				throw new RpcError(status.INTERNAL, failure);
			})
			.finally(() => {
				// From here on only a result that is still held is answered.
				work = undefined;
			});
		// Whoever listens gets it; a caller that went away must not end the node.
		result.catch(() => undefined);
		work = {result, lines, changed: () => change};
		return work;
	};

	/** Begins if no other machine has a cluster or makes one. */
	const alone = async (order: InitOrder) => {
		const announced = await deps.announce();
		const running = await deps.runningCluster();
		if (running === undefined && lock.take('init')) return begin(order, announced);
		await announced();
		throw refused(running === undefined ? `${name} is already being activated` : `a cluster answers at ${running} already`);
	};

	/** The one work of all callers, also of those that come while it is only being prepared. */
	const join = (order: InitOrder): Promise<Work> => {
		if (work !== undefined) return Promise.resolve(work);
		starting ??= alone(order).finally(() => {
			starting = undefined;
		});
		return starting;
	};

	const authorize = async (secret: Uint8Array) => {
		const verdict = await deps.attempt(secret);
		if (verdict === 'too-many') throw new RpcError(status.RESOURCE_EXHAUSTED, 'too many attempts, try again in some seconds');
		if (verdict === 'wrong') throw new RpcError(status.PERMISSION_DENIED, 'invalid init secret');
	};

	const start = async (request: InitRequest) => {
		if (work !== undefined) return work;
		if (failure !== undefined) throw new RpcError(status.FAILED_PRECONDITION, failure);
		if (role !== 'control-plane') throw refused(`${name} is a worker; Init goes to a control plane`);
		if (!(await deps.isFresh())) throw refused(`${name} belongs to a cluster already`);
		const order = checked(deps.check, request);
		return join(order);
	};

	return {
		async *init(request: InitRequest, context: Context): AsyncGenerator<Response> {
			try {
				log(`Init called by ${context.peer}`);
				await authorize(request.initSecret);
				const held = deps.result();
				if (held !== undefined) {
					yield success(held);
					return;
				}
				const running = await start(request);
				if (context.header(progressHeader) === '1') yield* progressOf(running, context.signal);
				yield success(await running.result);
			} catch (error) {
				log(`Init failed: ${messageOf(error)}`);
				yield {kind: {case: 'initFailure', value: {error: messageOf(error)}}};
				throw error;
			} finally {
				request.initSecret.fill(0);
				request.kmsUri = '';
			}
		},
		async acknowledgeInit({initSecret}: {initSecret: Uint8Array}): Promise<Record<string, never>> {
			await authorize(initSecret);
			await deps.acknowledged();
			log('the result of Init was acknowledged and erased');
			return {};
		},
	};
};

async function* progressOf(work: Work, signal: AbortSignal): AsyncGenerator<Response> {
	const ended = work.result.then(
		() => true,
		() => true,
	);
	let sent = 0;
	for (let done = false; !signal.aborted; ) {
		for (; sent < work.lines.length; sent++) {
			yield {kind: {case: 'log', value: {log: Buffer.from(`${work.lines[sent] ?? ''}\n`, 'utf8')}}};
		}
		if (done) return;
		done = await Promise.race([work.changed().then(() => false), ended]);
	}
}

const success = ({kubeconfig, clusterId}: InitResult): Response => ({
	kind: {case: 'initSuccess', value: {kubeconfig, clusterId}},
});

const refused = (why: string) => new RpcError(status.FAILED_PRECONDITION, why);

const checked = (check: InitServiceDeps['check'], request: InitRequest): InitOrder => {
	try {
		return check(request);
	} catch (error) {
		throw new RpcError(status.INVALID_ARGUMENT, messageOf(error));
	}
};

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
