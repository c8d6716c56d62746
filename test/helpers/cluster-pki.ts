import type {Subject} from '../../src/keys/names.ts';
import {createAuthority, generateKeys, issueCertificate, type Usage} from '../../src/keys/pki.ts';
import type {Secret} from '../../src/secret.ts';

export type Identity = {cert: string; key: Secret};

/** A certificate authority of a test cluster that makes server and client certificates. */
export function clusterPki(commonName = 'kubernetes') {
	const authority = createAuthority({commonName});
	const issue = (subject: Subject, usages: Usage[]): Identity => {
		const {privateKey, publicKey} = generateKeys();
		const cert = issueCertificate(authority, {
			subject,
			publicKey,
			usages,
			addresses: ['127.0.0.1'],
			names: ['localhost'],
			days: 1,
		});
		return {cert, key: privateKey};
	};
	return {
		authority,
		ca: authority.certificate,
		server: () => issue({commonName: 'kube-apiserver'}, ['serverAuth']),
		client: (commonName: string, organization?: string) =>
			issue(organization === undefined ? {commonName} : {organization, commonName}, ['clientAuth']),
	};
}
