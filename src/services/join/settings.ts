import * as z from 'zod/mini';
import {addressSetting, bytesSetting, kubeSetting, secretSetting} from '../settings.ts';

/** The files of the cluster's key infrastructure that control planes share, by their names below /etc/kubernetes/pki. */
export const pkiFileNames = [
	'ca.key',
	'sa.key',
	'front-proxy-ca.key',
	'etcd/ca.key',
	'ca.crt',
	'sa.pub',
	'front-proxy-ca.crt',
	'etcd/ca.crt',
] as const;

/** What the JoinService is told over its IPC channel. */
export const joinSettings = z.object({
	listen: addressSetting,
	/** Name of the node this service runs on. */
	name: z.string(),
	variant: z.literal('local-vtpm'),
	/** Path of the KeyService's socket for this caller. */
	keySocket: z.string(),
	kube: kubeSetting,
	/** PEM by file name. */
	pki: z.record(z.enum(pkiFileNames), z.string()),
	/** host:port of the Kubernetes API for nodes. */
	apiEndpoint: z.string(),
	/** The key of the shared store, for other control planes. */
	storageKey: secretSetting,
	/** Path of the TPM's socket. */
	tpm: z.string(),
	/** The signed measurements of this node's image, and the keys that are measured into its command line. */
	endorsement: z.object({
		measurements: bytesSetting,
		signature: bytesSetting,
		releaseKey: bytesSetting,
		makerKey: bytesSetting,
	}),
	/** File that remembers the highest policy generation across restarts. */
	generationFile: z._default(z.string(), './disk/join-policy-generation'),
});

export type JoinSettings = z.infer<typeof joinSettings>;
export type PkiFiles = JoinSettings['pki'];
