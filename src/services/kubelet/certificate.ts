import {setTimeout as delay} from 'node:timers/promises';
import {createCsr} from '../../keys/csr.ts';
import {toPem} from '../../keys/pem.ts';
import {certificateOf, generateKeys, type KeyPair} from '../../keys/pki.ts';
import type {Kube} from '../../kubernetes/kube.ts';
import {resources} from '../../kubernetes/resources.ts';
import {isAborted, pause} from '../abort.ts';
import type {Instance} from '../host.ts';

/** The signer in the cluster that renews certificates of nodes. */
export const kubeletSigner = 'constellation.edgeless.systems/kubelet';
export const kubeletCertificateDays = 30;
export const nodesOrganization = 'system:nodes';
export const nodeUser = (name: string): string => `system:node:${name}`;

/** A new key and the request (DER) for a node's certificate: its name, and its address for the server part. */
export const kubeletRequest = ({name, address}: Instance): {keys: KeyPair; request: Uint8Array} => {
	const keys = generateKeys();
	return {keys, request: createCsr(keys, {organization: nodesOrganization, commonName: nodeUser(name)}, [address])};
};

/** When to renew: after two thirds of the certificate's life. In milliseconds since the epoch. */
export const renewalTime = (certificate: string): number => {
	const {notBefore, notAfter} = certificateOf(certificate);
	return notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3;
};

export type KubeletCertificate = {cert: string; key: string};

/** Asks the cluster for the next certificate of this node and waits for it. Throws when it is denied or `signal` aborts. */
export const renewCertificate = async (kube: Kube, instance: Instance, signal: AbortSignal): Promise<KubeletCertificate> => {
	const {keys, request} = kubeletRequest(instance);
	const name = `kubelet-${instance.name}-${Date.now().toString(36)}`;
	await kube.create(resources.certificateSigningRequests, {
		apiVersion: 'certificates.k8s.io/v1',
		kind: 'CertificateSigningRequest',
		metadata: {name},
		spec: {
			signerName: kubeletSigner,
			request: Buffer.from(toPem('CERTIFICATE REQUEST', request)).toString('base64'),
			usages: ['digital signature', 'key encipherment', 'client auth', 'server auth'],
		},
	});
	for (;;) {
		const {status} = await kube.get(resources.certificateSigningRequests, name);
		const {certificate, conditions = []} = (status ?? {}) as {
			certificate?: string;
			conditions?: {type: string; message?: string}[];
		};
		if (certificate !== undefined) {
			return {
				cert: Buffer.from(certificate, 'base64').toString('utf8'),
				key: Buffer.from(keys.privateKey.reveal()).toString('utf8'),
			};
		}
		const denied = conditions.find(({type}) => type === 'Denied' || type === 'Failed');
		if (denied !== undefined) throw new Error(`the cluster does not renew this node's certificate: ${denied.message ?? ''}`);
		await delay(1000, undefined, {signal});
	}
};

const checkMs = 60_000;

/**
 * Renews the certificate for as long as the node runs. The time is looked at every minute rather than waited for, because clocks
 * jump and machines sleep.
 */
export const keepRenewing = async (deps: {
	current: () => KubeletCertificate;
	kube: () => Kube;
	instance: Instance;
	use: (next: KubeletCertificate) => Promise<void>;
	log: (line: string) => void;
	signal: AbortSignal;
}): Promise<void> => {
	const {current, kube, instance, use, log, signal} = deps;
	while (!signal.aborted) {
		try {
			if (Date.now() >= renewalTime(current().cert)) {
				await use(await renewCertificate(kube(), instance, signal));
				log('kubelet: the certificate was renewed');
			}
		} catch (error) {
			if (isAborted(signal)) return;
			log(`kubelet: the certificate was not renewed: ${error instanceof Error ? error.message : String(error)}`);
		}
		await pause(checkMs, signal);
	}
};
