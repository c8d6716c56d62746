import {type Issuer, issuerOf} from '../../attestation/variant.ts';
import type {NodeHost} from './host-context.ts';
import {bindToCluster, isFresh} from './identity.ts';
import {announce} from './init/announce.ts';
import {secretAttempts} from './init/attempts.ts';
import {initCluster} from './init/cluster.ts';
import {runningCluster} from './init/cluster-answers.ts';
import {checkInitRequest} from './init/request.ts';
import {heldResult} from './init/result.ts';
import {serveInit} from './init/server.ts';
import {askUntilGiven} from './join/loop.ts';
import {type JoinTicket, requestTicket} from './join/request.ts';
import {type Member, runMember} from './member.ts';
import {nodeLock} from './node-lock.ts';
import {formatNodeState, type NodeState, roleText} from './node-state.ts';

/**
 * A machine with a new disk: serves Init and looks for a cluster to join, side by side; whichever takes the lock first wins.
 * Resolves when the node belongs to a cluster.
 */
export const startFresh = async (host: NodeHost): Promise<Member> => {
	const {instance, metadata, parameters, tpm, signal, log} = host;
	const issuer = issuerOf('local-vtpm', tpm);
	const lock = nodeLock();
	const joining = new AbortController();
	const held = heldResult();
	const {promise: initialised, resolve: becameFirst} = Promise.withResolvers<Member>();

	const stopInit = await serveInit(host, issuer, {
		name: instance.name,
		role: instance.role,
		lock,
		attempt: secretAttempts(() => metadata.initSecretHash()),
		isFresh: () => isFresh(tpm),
		announce: () => announce(instance.endpoints['verify-http']),
		runningCluster: async () => runningCluster((await metadata.list()).filter(({name}) => name !== instance.name)),
		check: request => checkInitRequest(request, parameters),
		async initialise(order, progress, announced) {
			joining.abort();
			const {result, member} = await initCluster(host, order, progress, announced).finally(announced);
			held.keep(member, result, () => stopInit());
			becameFirst(member);
			return result;
		},
		result: () => held.result(),
		acknowledged: () => held.acknowledge(),
		log,
	});
	log(instance.role === 'control-plane' ? 'waiting for Init, or a cluster to join' : 'waiting for a cluster to join');

	const joined = join(host, issuer, AbortSignal.any([signal, joining.signal])).then(ticket => {
		// Stopped because Init won: that path goes on.
		if (ticket === undefined || !lock.take('join')) return initialised;
		// Not waited for: whoever still calls is refused by the lock.
		void stopInit();
		return enter(host, ticket);
	});
	return Promise.race([initialised, joined]);
};

const join = async (host: NodeHost, issuer: Issuer, signal: AbortSignal): Promise<JoinTicket | undefined> => {
	const {instance, metadata, disk, parameters, log} = host;
	const asker = {instance, diskUuid: await disk.uuid(), issuer, roots: parameters};
	return askUntilGiven({
		own: instance,
		list: () => metadata.list(),
		ask: endpoint => requestTicket(endpoint, asker, signal),
		log,
		signal,
	});
};

/** Uses a checked ticket. The state is on the disk before the machine is bound: a crash in between is a rejoin. */
const enter = async (host: NodeHost, ticket: JoinTicket): Promise<Member> => {
	const {instance, disk, tpm, log} = host;
	log('a ticket was given; writing the state of the node');
	const state: NodeState = {
		Role: roleText(instance.role),
		MeasurementSalt: Buffer.from(ticket.salt).toString('base64'),
		name: instance.name,
		clusterCa: ticket.clusterCa,
		apiEndpoint: ticket.apiEndpoint,
		kubernetesVersion: ticket.kubernetesVersion,
		kubelet: ticket.kubelet,
		...(ticket.controlPlane === undefined ? {} : {controlPlane: ticket.controlPlane}),
	};
	await disk.save(ticket.stateKey.reveal(), formatNodeState(state));
	log('binding the machine to its cluster');
	await bindToCluster(tpm, ticket.clusterId);
	return runMember(host, {state, stateKey: ticket.stateKey});
};
