import type {Issuer} from '../../../attestation/attested.ts';
import type {Stop} from '../../supervisor/protocol.ts';
import type {NodeHost} from '../host-context.ts';
import type {Member} from '../member.ts';
import {nodeLock} from '../node-lock.ts';
import {secretAttempts} from './attempts.ts';
import {heldResult} from './result.ts';
import {serveInit} from './server.ts';
import type {InitServiceDeps} from './service.ts';

/** Serves the result of an Init that was not acknowledged before the machine restarted, as long as its time lasts. */
export const serveKept = async (host: NodeHost, issuer: Issuer, member: Member): Promise<void> => {
	const {initResult} = member.state();
	if (initResult === undefined) return;
	const held = heldResult();
	const stop = await serveInit(host, issuer, {
		...closed(host),
		result: () => held.result(),
		acknowledged: () => held.acknowledge(),
	});
	const result = {
		kubeconfig: Buffer.from(initResult.kubeconfig, 'base64'),
		clusterId: Buffer.from(initResult.clusterId, 'base64'),
	};
	held.keep(member, result, stop);
};

/** Serves nothing but the reason why this node has to be replaced, to whoever has the init secret. */
export const serveFailure = (host: NodeHost, issuer: Issuer, failure: string): Promise<Stop> =>
	serveInit(host, issuer, {...closed(host), failure});

/** An Init service that begins nothing. */
const closed = ({instance, metadata, log}: NodeHost): InitServiceDeps => {
	const lock = nodeLock();
	lock.take('init');
	return {
		name: instance.name,
		role: instance.role,
		lock,
		attempt: secretAttempts(() => metadata.initSecretHash()),
		isFresh: () => Promise.resolve(false),
		announce: () => Promise.reject(new Error('this node makes no cluster')),
		runningCluster: () => Promise.resolve(undefined),
		check() {
			throw new Error('this node makes no cluster');
		},
		initialise: () => Promise.reject(new Error('this node makes no cluster')),
		result: () => undefined,
		acknowledged: () => Promise.resolve(),
		log,
	};
};
