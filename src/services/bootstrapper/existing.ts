import {type Issuer, issuerOf} from '../../attestation/variant.ts';
import {clusterId as deriveClusterId, type MasterSecret} from '../../keys/derive.ts';
import type {Secret} from '../../secret.ts';
import {whenAborted} from '../abort.ts';
import {renewalTime} from '../kubelet/certificate.ts';
import {splitEndpoint} from '../metadata.ts';
import {serveRecovery} from '../recovery/server.ts';
import type {NodeHost} from './host-context.ts';
import {bindToCluster} from './identity.ts';
import {serveKept} from './init/kept.ts';
import {askUntilGiven} from './join/loop.ts';
import {type Asker, requestRejoinTicket, requestTicket} from './join/request.ts';
import {checkCluster} from './join/ticket.ts';
import {type Member, runMember} from './member.ts';
import {formatNodeState, type NodeState, parseNodeState} from './node-state.ts';
import {kubeletIdentity} from './pki.ts';

/** The disk was opened: by the key of a JoinService's ticket, or with the master secret from an administrator. */
type Opened = {state: NodeState; stateKey: Secret; clusterId: Uint8Array; master?: MasterSecret};

/**
 * A machine with a disk of an earlier start: asks a JoinService for its keys and, on a control plane, waits for an administrator's
 * recovery at the same time. The first to deliver wins and ends the other. Resolves when the node runs in its cluster again.
 */
export const startExisting = async (host: NodeHost): Promise<Member> => {
	const {disk, tpm, instance, parameters, log} = host;
	const issuer = issuerOf('local-vtpm', tpm);
	const asker: Asker = {instance, diskUuid: await disk.uuid(), issuer, roots: parameters};
	const {state, stateKey, clusterId, master} = await firstToOpen(host, issuer, asker);
	const current = await withUsableCertificate(host, asker, state);
	if (current !== state) await disk.save(stateKey.reveal(), formatNodeState(current));
	log('binding the machine to its cluster');
	await bindToCluster(tpm, clusterId);
	const member = await runMember(host, {state: current, stateKey, ...(master === undefined ? {} : {master})});
	await serveKept(host, issuer, member);
	return member;
};

const firstToOpen = async (host: NodeHost, issuer: Issuer, asker: Asker): Promise<Opened> => {
	const {instance, metadata, disk, signal, log} = host;
	const ending = new AbortController();
	const waiting = AbortSignal.any([signal, ending.signal]);
	const {promise: recovered, resolve, reject} = Promise.withResolvers<Opened>();
	const open = async (stateKey: Secret) => {
		const state = parseNodeState(await disk.open(stateKey.reveal()));
		return {state, stateKey, salt: Buffer.from(state.MeasurementSalt, 'base64')};
	};
	const isControlPlane = instance.role === 'control-plane';
	log(isControlPlane ? 'waiting for the cluster, or for recovery' : 'waiting for the cluster');
	const recovery = isControlPlane
		? await serveRecovery({
				listen: splitEndpoint(instance.endpoints.recovery),
				issuer,
				disk,
				log,
				recovered({stateKey, measurementSecret, master}) {
					open(stateKey).then(({state, salt}) => {
						resolve({state, stateKey, master, clusterId: deriveClusterId(measurementSecret.reveal(), salt)});
					}, reject);
				},
			})
		: undefined;
	whenAborted(signal, () => void recovery?.stop());
	const rejoined = askUntilGiven({
		own: instance,
		list: () => metadata.list(),
		async ask(endpoint) {
			const ticket = await requestRejoinTicket(endpoint, asker, waiting);
			const {state, stateKey, salt} = await open(ticket.stateKey);
			const clusterId = checkCluster(ticket.attested.registers, ticket.measurementSecret.reveal(), salt);
			return {state, stateKey, clusterId};
		},
		log,
		signal: waiting,
	}).then(opened => opened ?? recovered);
	try {
		return await Promise.race([recovered, rejoined]);
	} finally {
		ending.abort();
		void recovery?.stop();
	}
};

/** A machine that was off for weeks has a certificate whose time is over: it gets another before it is bound to the cluster. */
const withUsableCertificate = async (
	{instance, metadata, signal, log}: NodeHost,
	asker: Asker,
	state: NodeState,
): Promise<NodeState> => {
	if (Date.now() < renewalTime(state.kubelet.cert)) return state;
	log("renewing the node's certificate");
	if (state.controlPlane !== undefined) return {...state, kubelet: kubeletIdentity(state.controlPlane.pki, instance)};
	const ask = (endpoint: string) => requestTicket(endpoint, asker, signal);
	const ticket = await askUntilGiven({own: instance, list: () => metadata.list(), ask, log, signal});
	return ticket === undefined ? state : {...state, kubelet: ticket.kubelet};
};
