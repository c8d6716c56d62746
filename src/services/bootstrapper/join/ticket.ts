import type {NodeRole} from '../../../events.ts';
import {isAuthority, isSignedBy} from '../../../keys/certificate.ts';
import {clusterId, registerWithClusterId} from '../../../keys/derive.ts';
import {equalBytes} from '../../../keys/equal.ts';
import {valuesOf} from '../../../keys/names.ts';
import {authorityPin, certificateOf, type KeyPair} from '../../../keys/pki.ts';
import type {IssueJoinTicketResponse} from '../../../rpc/gen/join_pb.ts';
import {nodeUser} from '../../kubelet/certificate.ts';
import {splitEndpoint} from '../../metadata.ts';
import {type Pki, type PkiName, pkiNames} from '../node-state.ts';

/** The service that answered is not of the cluster whose keys it hands out. The node must not use anything it said. */
export class ForeignCluster extends Error {
	override readonly name = 'ForeignCluster';
}

const clusterRegister = 15;
const keyLength = 32;

/**
 * Checks that register 15, as the service's evidence showed it before we asked, carries the cluster ID that follows from the secret and
 * the salt we were given. Gives the cluster ID. Throws ForeignCluster.
 */
export const checkCluster = (registers: readonly Uint8Array[], secret: Uint8Array, salt: Uint8Array): Uint8Array => {
	if (secret.length !== keyLength || salt.length !== keyLength)
		throw new ForeignCluster('the ticket has no proper cluster identity');
	const id = clusterId(secret, salt);
	const expected = registerWithClusterId(new Uint8Array(32), id);
	if (!equalBytes(registers[clusterRegister] ?? new Uint8Array(), expected)) {
		throw new ForeignCluster('the service that gave the ticket runs in another cluster than the ticket is for');
	}
	return id;
};

export type CheckedTicket = {
	kubelet: {cert: string; key: string};
	clusterCa: string;
	apiEndpoint: string;
	kubernetesVersion: string;
	controlPlane?: {pki: Pki; storageKey: string};
};

/** Checks the rest of a ticket, after checkCluster. Throws Error with the first thing that is wrong; nothing was written then. */
export const checkTicket = (
	ticket: IssueJoinTicketResponse,
	own: {name: string; role: NodeRole; keys: KeyPair},
): CheckedTicket => {
	const clusterCa = Buffer.from(ticket.clusterCa).toString('utf8');
	if (authorityPin(clusterCa) !== ticket.discoveryTokenCaCertHash)
		throw new Error('the ticket has another cluster CA than it pins');
	if (ticket.stateDiskKey.length !== keyLength) throw new Error('the ticket has no key for the disk');
	splitEndpoint(ticket.apiServerEndpoint);
	const cert = Buffer.from(ticket.kubeletCert).toString('utf8');
	checkKubeletCertificate(cert, clusterCa, own);
	const checked = {
		kubelet: {cert, key: Buffer.from(own.keys.privateKey.reveal()).toString('utf8')},
		clusterCa,
		apiEndpoint: ticket.apiServerEndpoint,
		kubernetesVersion: versionOf(ticket),
	};
	const pki = checkFiles(ticket.controlPlaneFiles, own.role);
	if (pki === undefined) return checked;
	if (pki['ca.crt'] !== clusterCa) throw new Error('the ticket has two cluster CAs');
	if (ticket.storageKey.length !== keyLength) throw new Error('the ticket has no key for the store');
	return {...checked, controlPlane: {pki, storageKey: Buffer.from(ticket.storageKey).toString('base64')}};
};

const checkKubeletCertificate = (pem: string, clusterCa: string, own: {name: string; keys: KeyPair}) => {
	const certificate = certificateOf(pem);
	const authority = certificateOf(clusterCa);
	const [name] = valuesOf(certificate.subjectName, 'commonName');
	const isOurs =
		equalBytes(certificate.publicKey, own.keys.publicKey) && name === nodeUser(own.name) && !isAuthority(certificate);
	if (!isOurs) throw new Error('the ticket has a certificate that is not for this node');
	if (!isAuthority(authority) || !isSignedBy(certificate.raw, authority.publicKey)) {
		throw new Error('the certificate of the ticket is not signed by the cluster CA');
	}
};

/** Exactly the known names for a control plane, none for a worker: names are keys here and never become paths. */
const checkFiles = (files: readonly {name: string; data: Uint8Array}[], role: NodeRole): Pki | undefined => {
	if (role === 'worker') {
		if (files.length > 0) throw new Error('the ticket has control-plane files for a worker');
		return undefined;
	}
	const byName = new Map(files.map(({name, data}) => [name, Buffer.from(data).toString('utf8')]));
	const unknown = files.find(({name}) => !isPkiName(name));
	if (unknown !== undefined || byName.size !== files.length || byName.size !== pkiNames.length) {
		throw new Error('the ticket has not exactly the known control-plane files');
	}
	return Object.fromEntries(byName) as Record<PkiName, string>;
};

const isPkiName = (name: string): name is PkiName => pkiNames.some(known => known === name);

/** v2.9 services leave the version empty; the kubelet among the components tells it then. */
const versionOf = ({kubernetesVersion, kubernetesComponents}: IssueJoinTicketResponse): string => {
	const found = [kubernetesVersion, ...kubernetesComponents.map(({url}) => url)]
		.map(text => /v1\.\d{1,3}\.\d{1,3}/.exec(text)?.[0])
		.find(version => version !== undefined);
	if (found === undefined) throw new Error('the ticket names no Kubernetes version');
	return found;
};
