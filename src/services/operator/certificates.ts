import {parseCsr} from '../../keys/csr.ts';
import {valuesOf} from '../../keys/names.ts';
import {type Authority, issueCertificate} from '../../keys/pki.ts';
import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {resources} from '../../kubernetes/resources.ts';
import {kubeletCertificateDays, kubeletSigner, nodesOrganization, nodeUser} from '../kubelet/certificate.ts';
import {missing} from '../missing.ts';

type Request = {signerName?: string; username?: string; request?: string};
type Status = {certificate?: string; conditions?: {type: string}[]};

const keptMs = 3_600_000;

/**
 * Signs the requests of kubelets for their next certificate. A node gets one only for its own name and for addresses that its Node
 * object carries already; every other request for our signer is denied. Requests are deleted an hour after they were made.
 */
export const signCertificates = async (kube: Kube, authority: Authority, nodes: readonly KubeObject[], now = Date.now()) => {
	const {items} = await kube.list(resources.certificateSigningRequests);
	for (const request of items) {
		if ((request.spec as Request | undefined)?.signerName !== kubeletSigner) continue;
		const {certificate, conditions = []} = (request.status ?? {}) as Status;
		if (certificate === undefined && conditions.length === 0) await answer(kube, authority, nodes, request);
		else if (Date.parse(request.metadata.creationTimestamp ?? '') < now - keptMs) {
			await kube.delete(resources.certificateSigningRequests, request.metadata.name).catch(missing);
		}
	}
};

const answer = async (kube: Kube, authority: Authority, nodes: readonly KubeObject[], request: KubeObject) => {
	const judged = judge(authority, nodes, request.spec as Request);
	const isGranted = 'certificate' in judged;
	const condition = {
		type: isGranted ? 'Approved' : 'Denied',
		status: 'True',
		reason: isGranted ? 'NodeRenewsItsCertificate' : 'NotThisNode',
		message: isGranted ? 'A node renews its own certificate.' : judged.refused,
		lastUpdateTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
	};
	const approved = {...request, status: {...(request.status ?? {}), conditions: [condition]}};
	const updated = await kube.update(resources.certificateSigningRequests, approved, 'approval');
	if (!isGranted) return;
	const status = {...(updated.status ?? {}), certificate: Buffer.from(judged.certificate).toString('base64')};
	await kube.update(resources.certificateSigningRequests, {...updated, status}, 'status');
};

const judge = (
	authority: Authority,
	nodes: readonly KubeObject[],
	{username = '', request = ''}: Request,
): {certificate: string} | {refused: string} => {
	const node = nodes.find(({metadata}) => nodeUser(metadata.name) === username);
	if (node === undefined) return {refused: 'The request was not made by a node of this cluster.'};
	try {
		const csr = parseCsr(derOf(request));
		const names = valuesOf(csr.subject, 'commonName');
		const organizations = valuesOf(csr.subject, 'organization');
		if (names.length !== 1 || names[0] !== username || organizations.length !== 1 || organizations[0] !== nodesOrganization) {
			return {refused: 'The request is for another name than that of the node.'};
		}
		const known = addressesOf(node);
		if (!csr.addresses.every(address => known.includes(address)))
			return {refused: 'The request has an address that the node has not.'};
		return {
			certificate: issueCertificate(authority, {
				subject: {organization: nodesOrganization, commonName: username},
				publicKey: csr.publicKey,
				usages: ['clientAuth', 'serverAuth'],
				addresses: csr.addresses,
				days: kubeletCertificateDays,
			}),
		};
	} catch (error) {
		// Whatever makes a request unreadable is the requester's, and told to them.
		return {refused: `The request cannot be read: ${error instanceof Error ? error.message : String(error)}`};
	}
};

/** Kubernetes carries PEM in base64. */
const derOf = (request: string): Uint8Array => {
	const pem = Buffer.from(request, 'base64').toString('utf8');
	return Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
};

const addressesOf = (node: KubeObject): string[] => {
	const {addresses = []} = (node.status ?? {}) as {addresses?: {type: string; address: string}[]};
	return addresses.filter(({type}) => type === 'InternalIP').map(({address}) => address);
};
