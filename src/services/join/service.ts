import {attestHandlers} from '../../atls/attest.ts';
import {connectionOf} from '../../atls/connection.ts';
import {type AtlsServer, serveAtls} from '../../atls/server.ts';
import type {Issuer} from '../../attestation/variant.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {API as ConnectionApi} from '../../rpc/gen/connection_pb.ts';
import {API} from '../../rpc/gen/join_pb.ts';
import {addService, createServer} from '../../rpc/server.ts';
import type {CallContext, Handlers} from '../../rpc/types.ts';
import type {Secret} from '../../secret.ts';
import type {Stop} from '../supervisor/protocol.ts';
import {checkMayWatch, userOf} from './administrators.ts';
import {follow} from './follow.ts';
import {identitiesIn} from './identities.ts';
import {createJoinLog, type JoinLog, type JoinSource} from './join-log.ts';
import {joiningNodesIn} from './joining-nodes.ts';
import type {Keys} from './keys.ts';
import type {PinnedKeys} from './policies.ts';
import {reportPolicies} from './policy-report.ts';
import {followPolicies, type PolicySource} from './policy-source.ts';
import {type Refusals, recordRefusals} from './refusals.ts';
import type {PkiFiles} from './settings.ts';
import {issueJoinTicket, issueRejoinTicket, type TicketDeps} from './tickets.ts';
import {watchJoins} from './watch-joins.ts';

export type JoinServiceDeps = {
	kube: Kube;
	keys: Keys;
	issuer: Issuer;
	pinned: PinnedKeys;
	name: string;
	listen: {host: string; port: number};
	pki: PkiFiles;
	apiEndpoint: string;
	storageKey: Secret;
	generationFile: string;
	log: (line: string) => void;
	/** Milliseconds between two authorisations of an open stream. */
	recheck?: number;
};

export type JoinService = {port: number; policies: PolicySource; stop: Stop};

const maximumRequest = 256 * 1024;
/** How long tickets that are being made may take when the service ends. */
const graceMs = 2000;

/** Runs the JoinService over what is handed in; gives the port. Throws when it cannot listen. */
export const runJoinService = async (deps: JoinServiceDeps): Promise<JoinService> => {
	const {kube, log} = deps;
	const stopping = new AbortController();
	const policies = await followPolicies({kube, pinned: deps.pinned, generationFile: deps.generationFile, log});
	const refusals = recordRefusals({kube, service: deps.name, log});
	const joins = createJoinLog();
	const {signal} = stopping;
	const following = [...followJoins(kube, joins, log, signal), reportPolicies({kube, name: deps.name, policies, log, signal})];
	const server = createServer({maxMessageBytes: maximumRequest});
	const failed = (method: string, error: unknown) => {
		log(`${method}: ${error instanceof Error ? error.message : 'failed'}`);
	};
	addService(server, API, handlers(deps, {policies, refusals, joins, stopping: signal}), failed);
	addService(server, ConnectionApi, attestHandlers(deps.issuer, 'control-plane'), failed);
	let front: AtlsServer | undefined;
	const stop = async () => {
		stopping.abort();
		await front?.close(graceMs);
		server.forceShutdown();
		await Promise.all([policies.stop(), refusals.stop(), ...following]);
		deps.keys.close();
	};
	try {
		front = await serveAtls(server, {...deps.listen, issuer: deps.issuer, requestClientCertificate: true});
	} catch (error) {
		await stop();
		throw error;
	}
	return {port: front.port, policies, stop};
};

type State = {policies: PolicySource; refusals: Refusals; joins: JoinLog; stopping: AbortSignal};

const handlers = (deps: JoinServiceDeps, {policies, refusals, joins, stopping}: State): Handlers<(typeof API)['method']> => {
	const {kube, pki} = deps;
	const tickets: TicketDeps = {
		...deps,
		policies: policies.current,
		refusals,
		identities: identitiesIn(kube),
		joining: joiningNodesIn(kube),
		connectionOf,
	};
	const recheck = deps.recheck === undefined ? {} : {recheck: deps.recheck};
	return {
		issueJoinTicket: (request, context) => issueJoinTicket(tickets, request, context),
		issueRejoinTicket: (request, context) => issueRejoinTicket(tickets, request, context),
		watchJoins: (request, context: CallContext) => {
			const authorize = async () => {
				await checkMayWatch(kube, userOf(connectionOf(context).peerCertificate, pki['ca.crt']));
			};
			// A stream ends in order when the service does: its reader goes on at another one with its cursor.
			return watchJoins({log: joins, authorize, ...recheck}, request, AbortSignal.any([context.signal, stopping]));
		},
	};
};

const followJoins = (kube: Kube, joins: JoinLog, log: (line: string) => void, signal: AbortSignal): Promise<void>[] => {
	const watched: Record<JoinSource, Parameters<typeof follow>[1]['resource']> = {
		nodes: resources.nodes,
		joiningnodes: resources.joiningNodes,
		events: inNamespace(resources.events, 'kube-system'),
	};
	return (Object.keys(watched) as JoinSource[]).map(source =>
		follow(kube, {
			resource: watched[source],
			onList: (items, version) => {
				joins.list(source, items, version);
			},
			onEvent: event => {
				joins.event(source, event);
			},
			onFailure: error => {
				log(`watch of ${source}: ${error instanceof Error ? error.message : String(error)}`);
			},
			signal,
		}),
	);
};
