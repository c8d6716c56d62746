import {createPrivateKey, createPublicKey} from 'node:crypto';
import type {Subject} from '../../keys/names.ts';
import {type Authority, createAuthority, generateKeys, issueCertificate, type Usage} from '../../keys/pki.ts';
import {adminsGroup, type ServiceAccountName, serviceUser} from '../../kubernetes/roles.ts';
import {Secret} from '../../secret.ts';
import type {Instance} from '../host.ts';
import {kubeletCertificateDays, kubeletRequest, nodesOrganization, nodeUser} from '../kubelet/certificate.ts';
import {apiServerName} from '../kubelet/server.ts';
import {splitEndpoint} from '../metadata.ts';
import type {Pki} from './node-state.ts';

/** A certificate and its key, both PEM. */
export type Identity = {cert: string; key: Secret};

const yearDays = 365;
const text = (secret: Secret) => Buffer.from(secret.reveal()).toString('utf8');

/** The authorities of a new cluster, with the names that kubeadm gives them, and the key of ServiceAccount tokens. */
export const createPki = (): Pki => {
	const [cluster, etcd, frontProxy] = [
		createAuthority({commonName: 'kubernetes'}),
		createAuthority({commonName: 'etcd-ca'}),
		createAuthority({commonName: 'front-proxy-ca'}),
	];
	const tokens = createPrivateKey(Buffer.from(generateKeys().privateKey.reveal()));
	return {
		'ca.crt': cluster.certificate,
		'ca.key': text(cluster.key),
		'etcd/ca.crt': etcd.certificate,
		'etcd/ca.key': text(etcd.key),
		'front-proxy-ca.crt': frontProxy.certificate,
		'front-proxy-ca.key': text(frontProxy.key),
		'sa.key': tokens.export({type: 'pkcs8', format: 'pem'}),
		'sa.pub': createPublicKey(tokens).export({type: 'spki', format: 'pem'}),
	};
};

const authorityOf = (pki: Pki): Authority => ({certificate: pki['ca.crt'], key: new Secret(Buffer.from(pki['ca.key']))});

const client = (pki: Pki, subject: Subject, days = yearDays): Identity => issue(pki, subject, ['clientAuth'], days);

const issue = (
	pki: Pki,
	subject: Subject,
	usages: Usage[],
	days: number,
	addresses: string[] = [],
	names: string[] = [],
): Identity => {
	const keys = generateKeys();
	const cert = issueCertificate(authorityOf(pki), {subject, publicKey: keys.publicKey, usages, days, addresses, names});
	return {cert, key: keys.privateKey};
};

/** What the API server of a node shows: its own address, the load balancer's, and the names inside a cluster. */
export const apiServerIdentity = (pki: Pki, instance: Instance, loadBalancer: string): Identity => {
	const addresses = new Set([
		'127.0.0.1',
		instance.address,
		splitEndpoint(instance.endpoints.kubernetes).host,
		splitEndpoint(loadBalancer).host,
	]);
	const names = [
		'localhost',
		'kubernetes',
		'kubernetes.default',
		'kubernetes.default.svc',
		'kubernetes.default.svc.cluster.local',
		instance.name,
	];
	const isAddress = (host: string) => /^[\d.]+$|:/.test(host);
	return issue(pki, {commonName: 'kube-apiserver'}, ['serverAuth'], yearDays, [...addresses].filter(isAddress), [
		...names,
		...[...addresses].filter(host => !isAddress(host)),
	]);
};

/** With this the API server asks kubelets for logs. */
export const kubeletClientIdentity = (pki: Pki): Identity =>
	client(pki, {organization: 'constellation:api-server', commonName: apiServerName});

/** A service of the node as a ServiceAccount of kube-system. */
export const serviceIdentity = (pki: Pki, service: ServiceAccountName): Identity =>
	client(pki, {organization: 'system:serviceaccounts', commonName: serviceUser(service)});

/** For the objects of a new cluster, before any role exists: lives an hour and only in the memory of the first node. */
export const founderIdentity = (pki: Pki): Identity =>
	client(pki, {organization: 'system:masters', commonName: 'constellation-init'}, 1 / 24);

/** The administrator: member of a group whose rights a ClusterRoleBinding gives and can take. */
export const adminIdentity = (pki: Pki, clusterName: string): Identity =>
	client(pki, {organization: adminsGroup, commonName: `${clusterName}-admin`});

/** The first certificate of the kubelet of a node that has the cluster's CA itself. */
export const kubeletIdentity = (pki: Pki, instance: Instance): {cert: string; key: string} => {
	const {keys} = kubeletRequest(instance);
	const cert = issueCertificate(authorityOf(pki), {
		subject: {organization: nodesOrganization, commonName: nodeUser(instance.name)},
		publicKey: keys.publicKey,
		usages: ['clientAuth', 'serverAuth'],
		addresses: [instance.address],
		days: kubeletCertificateDays,
	});
	return {cert, key: text(keys.privateKey)};
};
