import {DerError} from '../../attestation/x509/der-reader.ts';
import {keyOf} from '../../keys/certificate.ts';
import {parseCsr} from '../../keys/csr.ts';
import {valuesOf} from '../../keys/names.ts';
import {type Authority, issueCertificate} from '../../keys/pki.ts';
import {malformed} from './errors.ts';
import {nodeName} from './node-name.ts';

/** What a kubelet asks to be certified, after all rules were checked. */
export type KubeletRequest = {
	/** The machine's own name, as the request has it. */
	machine: string;
	/** Its Kubernetes name. */
	name: string;
	publicKey: Uint8Array;
	addresses: string[];
};

const organization = 'system:nodes';
const userPrefix = 'system:node:';
const maximumAddresses = 4;
const days = 30;

/**
 * Reads a certificate request (DER PKCS #10): signed by its own key, exactly one organisation `system:nodes`, one common name
 * `system:node:NAME`, IP addresses only. Throws RpcError INVALID_ARGUMENT.
 */
export const readKubeletRequest = (der: Uint8Array): KubeletRequest => {
	const request = parse(der);
	const organizations = valuesOf(request.subject, 'organization');
	const [commonName, ...others] = valuesOf(request.subject, 'commonName');
	if (organizations.length !== 1 || organizations[0] !== organization) throw malformed('the organisation is not system:nodes');
	if (others.length > 0 || !commonName?.startsWith(userPrefix)) throw malformed('the common name is not that of a node');
	if (request.addresses.length > maximumAddresses) throw malformed('the request has too many addresses');
	checkKey(request.publicKey);
	const machine = commonName.slice(userPrefix.length);
	return {machine, name: nodeName(machine), publicKey: request.publicKey, addresses: request.addresses};
};

const parse = (der: Uint8Array): ReturnType<typeof parseCsr> => {
	try {
		return parseCsr(der);
	} catch (error) {
		if (error instanceof DerError) throw malformed(error.message);
		throw malformed('the certificate request cannot be read');
	}
};

const checkKey = (publicKey: Uint8Array): void => {
	const {asymmetricKeyType, asymmetricKeyDetails} = keyOf(publicKey);
	const strong =
		asymmetricKeyType === 'ec'
			? asymmetricKeyDetails?.namedCurve === 'prime256v1'
			: asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
	if (!strong) throw malformed('the key of the certificate request is too weak');
};

/** Issues the kubelet's certificate (PEM). The subject is made anew: nothing but name, key and addresses is taken over. */
export const issueKubeletCertificate = (authority: Authority, request: KubeletRequest): string =>
	issueCertificate(authority, {
		subject: {organization, commonName: userPrefix + request.machine},
		publicKey: request.publicKey,
		usages: ['clientAuth', 'serverAuth'],
		addresses: request.addresses,
		days,
	});
