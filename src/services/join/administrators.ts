import {
	type Certificate,
	extendedKeyUsages,
	isAuthority,
	isInForce,
	isSignedBy,
	readCertificate,
} from '../../keys/certificate.ts';
import {equalBytes} from '../../keys/equal.ts';
import {valuesOf} from '../../keys/names.ts';
import {certificateOf, usageId} from '../../keys/pki.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {updateGroup} from '../../kubernetes/resources.ts';
import {denied} from './errors.ts';

/** Who a client certificate names. */
export type User = {name: string; groups: string[]};

/**
 * Checks a client certificate against the cluster's authority: issuer, signature, dates, use. TLS did not, because the handshake
 * takes any certificate. Throws RpcError PERMISSION_DENIED.
 */
export const userOf = (der: Uint8Array | undefined, authorityPem: string, now = new Date()): User => {
	if (!der) throw denied('a client certificate is needed');
	const certificate = readOrDeny(der);
	const authority = certificateOf(authorityPem);
	checkIssued(certificate, authority);
	if (!isInForce(certificate, now)) throw denied('the client certificate is not valid now');
	checkUse(certificate);
	const [name, ...others] = valuesOf(certificate.subjectName, 'commonName');
	if (name === undefined || others.length > 0) throw denied('the client certificate names nobody');
	return {name, groups: valuesOf(certificate.subjectName, 'organization')};
};

const readOrDeny = (der: Uint8Array): Certificate => {
	try {
		return readCertificate(der);
	} catch {
		// Whatever it is, it is no certificate of this cluster.
		throw denied('the client certificate cannot be read');
	}
};

const checkIssued = (certificate: Certificate, authority: Certificate): void => {
	const issued = equalBytes(certificate.issuer, authority.subject) && isSignedBy(certificate.raw, authority.publicKey);
	if (!issued || !isInForce(authority, new Date())) throw denied('the client certificate is not of this cluster');
};

const checkUse = (certificate: Certificate): void => {
	if (isAuthority(certificate)) throw denied('the client certificate is one of an authority');
	if (!extendedKeyUsages(certificate)?.includes(usageId('clientAuth'))) throw denied('the certificate is not one of a client');
};

/** Asks Kubernetes whether a user may watch joining nodes. Throws RpcError PERMISSION_DENIED, KubeError when it cannot be asked. */
export const checkMayWatch = async (kube: Kube, user: User): Promise<void> => {
	const review = await kube.post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
		apiVersion: 'authorization.k8s.io/v1',
		kind: 'SubjectAccessReview',
		spec: {
			user: user.name,
			groups: [...user.groups, 'system:authenticated'],
			resourceAttributes: {group: updateGroup, resource: 'joiningnodes', verb: 'watch'},
		},
	});
	const {status} = review as {status?: {allowed?: unknown; denied?: unknown}};
	if (status?.allowed !== true || status.denied === true) throw denied('only administrators may watch nodes join');
};
