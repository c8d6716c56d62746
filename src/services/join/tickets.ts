import type {MessageInitShape} from '@bufbuild/protobuf';
import type {JoinFields} from '../../atls/binding.ts';
import type {Connection} from '../../atls/connection.ts';
import {AttestationRefused} from '../../attestation/findings.ts';
import type {Attested} from '../../attestation/variant.ts';
import type {NodeRole} from '../../events.ts';
import {authorityPin} from '../../keys/pki.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import type {
	IssueJoinTicketRequest,
	IssueJoinTicketResponseSchema,
	IssueRejoinTicketRequest,
	IssueRejoinTicketResponseSchema,
} from '../../rpc/gen/join_pb.ts';
import {RpcError, status} from '../../rpc/status.ts';
import type {CallContext} from '../../rpc/types.ts';
import {Secret} from '../../secret.ts';
import {isDiskUuid} from '../disk-uuid.ts';
import {wantedVersion} from './components.ts';
import {denied, malformed, notNow} from './errors.ts';
import {judgeEvidence} from './evidence.ts';
import type {Identities, MachineRecord} from './identities.ts';
import type {Joining, JoiningNodes} from './joining-nodes.ts';
import type {Keys} from './keys.ts';
import {issueKubeletCertificate, type KubeletRequest, readKubeletRequest} from './kubelet-certificate.ts';
import {nodeName} from './node-name.ts';
import type {JoinPolicies} from './policies.ts';
import type {Refusals} from './refusals.ts';
import {type PkiFiles, pkiFileNames} from './settings.ts';
import {mintToken} from './token.ts';

export type TicketDeps = {
	kube: Kube;
	/** The policies in force, if any. */
	policies: () => JoinPolicies | undefined;
	keys: Keys;
	identities: Identities;
	joining: JoiningNodes;
	refusals: Refusals;
	pki: PkiFiles;
	apiEndpoint: string;
	storageKey: Secret;
	connectionOf: (context: CallContext) => Connection;
	log: (line: string) => void;
};

type Ticket = MessageInitShape<typeof IssueJoinTicketResponseSchema>;
type RejoinTicket = MessageInitShape<typeof IssueRejoinTicketResponseSchema>;

const maximumEvidence = 128 * 1024;

/**
 * Admits a node. What costs nothing is checked first, then the evidence, then that the machine is who it says and nobody else;
 * only then keys are asked for, and the token, which alone would already open a door, is made last.
 */
export const issueJoinTicket = async (
	deps: TicketDeps,
	request: IssueJoinTicketRequest,
	context: CallContext,
): Promise<Ticket> => {
	checkShape(request);
	const kubelet = readKubeletRequest(request.certificateRequest);
	const role: NodeRole = request.isControlPlane ? 'control-plane' : 'worker';
	if (request.isControlPlane) await deps.joining.checkFree(kubelet.name);
	const policies = policiesOf(deps);
	const {diskUuid, certificateRequest} = request;
	const who = {node: kubelet.name, role};
	const machine = await refusing(deps, who, async () => {
		const fields: JoinFields = {method: 'IssueJoinTicket', diskUuid, role, certificateRequest};
		const attested = judgeEvidence(request.evidence, deps.connectionOf(context), fields, policies);
		checkMachine(attested, {diskUuid, machine: kubelet.machine, role});
		const {attestationKey, imageVersion: image} = attested;
		const record = {attestationKey, diskUuid, name: kubelet.name, role, image};
		await deps.identities.claim(record);
		return record;
	});
	deps.log(`${machine.name} is attested as ${machine.image}`);
	return ticketFor(deps, machine, kubelet, policies);
};

const ticketFor = async (
	deps: TicketDeps,
	machine: MachineRecord,
	kubelet: KubeletRequest,
	policies: JoinPolicies,
): Promise<Ticket> => {
	const {kube, keys, joining, pki} = deps;
	const isControlPlane = machine.role === 'control-plane';
	const wanted = await wantedVersion(kube, machine.role);
	const node: Joining = {...machine, isControlPlane, reference: wanted.reference};
	await joining.register(node);
	const measurementSecret = await keys.measurementSecret();
	const stateDiskKey = await keys.diskKey(machine.diskUuid);
	const authority = {certificate: pki['ca.crt'], key: new Secret(Buffer.from(pki['ca.key']))};
	const kubeletCertificate = issueKubeletCertificate(authority, kubelet);
	const token = await mintToken(kube, machine.name);
	await joining.markTicket(node).catch((error: unknown) => {
		// The ticket is good without it; only the view of the join lags.
		deps.log(`ticket of ${machine.name} not marked: ${error instanceof Error ? error.message : String(error)}`);
	});
	deps.log(`${machine.name} gets its ticket`);
	return {
		stateDiskKey: stateDiskKey.reveal(),
		measurementSalt: policies.measurementSalt,
		measurementSecret: measurementSecret.reveal(),
		kubeletCert: Buffer.from(kubeletCertificate),
		apiServerEndpoint: deps.apiEndpoint,
		token,
		discoveryTokenCaCertHash: authorityPin(pki['ca.crt']),
		controlPlaneFiles: isControlPlane ? pkiFileNames.map(name => ({name, data: Buffer.from(pki[name])})) : [],
		kubernetesVersion: wanted.kubernetesVersion,
		kubernetesComponents: wanted.components,
		clusterCa: Buffer.from(pki['ca.crt']),
		...(isControlPlane ? {storageKey: deps.storageKey.reveal()} : {}),
	};
};

/** Gives a node that restarted the key of its own disk, if it is the machine that joined with it. */
export const issueRejoinTicket = async (
	deps: TicketDeps,
	request: IssueRejoinTicketRequest,
	context: CallContext,
): Promise<RejoinTicket> => {
	checkShape(request);
	const policies = policiesOf(deps);
	const {diskUuid} = request;
	const who = {node: (await deps.identities.nameOf(diskUuid)) ?? `disk ${diskUuid}`};
	const record = await refusing(deps, who, async () => {
		const fields: JoinFields = {method: 'IssueRejoinTicket', diskUuid};
		const attested = judgeEvidence(request.evidence, deps.connectionOf(context), fields, policies);
		const {machine, attestationKey, imageVersion: image} = attested;
		if (!machine || machine.diskUuid !== diskUuid) throw denied('the machine is not enrolled for this disk');
		const known = {attestationKey, diskUuid, name: nodeName(machine.name), role: machine.role, image};
		await deps.identities.confirm(known);
		return known;
	});
	const measurementSecret = await deps.keys.measurementSecret();
	const stateDiskKey = await deps.keys.diskKey(diskUuid);
	deps.log(`${record.name} gets the key of its disk again`);
	return {stateDiskKey: stateDiskKey.reveal(), measurementSecret: measurementSecret.reveal()};
};

const checkShape = ({diskUuid, evidence}: {diskUuid: string; evidence: Uint8Array}): void => {
	if (!isDiskUuid(diskUuid)) throw malformed('the disk is not named by a UUID in lower case');
	if (evidence.length === 0) throw denied('the request has no evidence');
	if (evidence.length > maximumEvidence) throw malformed('the evidence is too big');
};

const policiesOf = ({policies}: TicketDeps): JoinPolicies => {
	const current = policies();
	if (!current) throw notNow('no valid join policy is in force');
	return current;
};

/** The key's certificate names one machine: the request must be about that one. */
const checkMachine = ({machine}: Attested, asked: {diskUuid: string; machine: string; role: NodeRole}): void => {
	if (!machine) throw denied('the attestation key is not enrolled for a machine');
	if (machine.diskUuid !== asked.diskUuid) throw denied('the machine is enrolled with another disk');
	if (machine.name !== asked.machine) throw denied('the machine is enrolled under another name');
	if (machine.role !== asked.role) throw denied(`the machine is enrolled as ${machine.role}`);
};

/** Runs the checks that decide who gets in; what they refuse is recorded and answered with PERMISSION_DENIED. */
const refusing = async <T>(
	{refusals, log}: TicketDeps,
	who: {node: string; role?: NodeRole},
	checks: () => Promise<T>,
): Promise<T> => {
	try {
		return await checks();
	} catch (error) {
		const refused = error instanceof AttestationRefused ? denied(`attestation refused: ${error.message}`) : error;
		const isRefusal = refused instanceof RpcError && refused.code === status.PERMISSION_DENIED;
		// A flood of the same must not fill the log.
		if (isRefusal && refusals.record({...who, error})) log(`${who.node} refused: ${refused.message}`);
		throw refused;
	}
};
