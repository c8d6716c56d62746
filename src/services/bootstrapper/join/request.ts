import {connectionNonce, exporterLabels, joinUserData} from '../../../atls/binding.ts';
import {type AtlsChannel, openAtls} from '../../../atls/client.ts';
import type {Attested, Issuer} from '../../../attestation/attested.ts';
import {endorsedValidator, type OwnRoots} from '../../../attestation/variants/local/endorsed.ts';
import {clientOn} from '../../../rpc/client.ts';
import {API, type IssueJoinTicketResponse, type IssueRejoinTicketResponse} from '../../../rpc/gen/join_pb.ts';
import {Secret} from '../../../secret.ts';
import type {Instance} from '../../host.ts';
import {kubeletRequest} from '../../kubelet/certificate.ts';
import {type CheckedTicket, checkCluster, checkTicket} from './ticket.ts';

/** Who asks: the machine's own evidence, and what it judges the other side by. */
export type Asker = {instance: Instance; diskUuid: string; issuer: Issuer; roots: OwnRoots};

/** What a JoinService gave a node that enters its cluster for the first time. */
export type JoinTicket = CheckedTicket & {clusterId: Uint8Array; salt: Uint8Array; stateKey: Secret};

const timeoutMs = 30_000;

/**
 * Asks the JoinService at `endpoint` for a ticket. Its evidence is judged before a byte of the request is sent; ours goes inside the
 * request, bound to this connection and to these fields. Throws AttestationRefused, RpcError, ForeignCluster or Error.
 */
export const requestTicket = async (endpoint: string, asker: Asker, signal: AbortSignal): Promise<JoinTicket> => {
	const {instance, diskUuid, issuer} = asker;
	return withService(endpoint, asker, signal, async ({channel, connection}) => {
		const {keys, request: certificateRequest} = kubeletRequest(instance);
		const userData = joinUserData({method: 'IssueJoinTicket', diskUuid, role: instance.role, certificateRequest});
		const evidence = await issuer.issue(userData, connectionNonce(connection, exporterLabels.join));
		const isControlPlane = instance.role === 'control-plane';
		const request = {diskUuid, certificateRequest, isControlPlane, evidence};
		const ticket: IssueJoinTicketResponse = await clientOn(channel, API).issueJoinTicket(request, {signal, timeout: timeoutMs});
		const salt = ticket.measurementSalt;
		const clusterId = checkCluster(connection.attested.registers, ticket.measurementSecret, salt);
		const checked = checkTicket(ticket, {name: instance.name, role: instance.role, keys});
		return {...checked, clusterId, salt, stateKey: new Secret(ticket.stateDiskKey)};
	});
};

/** The keys of a node that was in the cluster before, and what the service showed of itself: compare them before using more. */
export type RejoinTicket = {stateKey: Secret; measurementSecret: Secret; attested: Attested};

/** As requestTicket, for a node that restarted. */
export const requestRejoinTicket = async (endpoint: string, asker: Asker, signal: AbortSignal): Promise<RejoinTicket> => {
	const {diskUuid, issuer} = asker;
	return withService(endpoint, asker, signal, async ({channel, connection}) => {
		const userData = joinUserData({method: 'IssueRejoinTicket', diskUuid});
		const evidence = await issuer.issue(userData, connectionNonce(connection, exporterLabels.join));
		const ticket: IssueRejoinTicketResponse = await clientOn(channel, API).issueRejoinTicket(
			{diskUuid, evidence},
			{signal, timeout: timeoutMs},
		);
		return {
			stateKey: new Secret(ticket.stateDiskKey),
			measurementSecret: new Secret(ticket.measurementSecret),
			attested: connection.attested,
		};
	});
};

const withService = async <T>(
	endpoint: string,
	{roots}: Asker,
	signal: AbortSignal,
	ask: (service: AtlsChannel) => Promise<T>,
): Promise<T> => {
	const service = await openAtls(endpoint, {validator: endorsedValidator(roots), signal});
	try {
		return await ask(service);
	} finally {
		service.close();
	}
};
