import {createHash} from 'node:crypto';
import type {KubernetesComponent} from '../../../rpc/gen/init_pb.ts';

/** A component as the ConfigMap lists it (v2.9 wire format). */
export type Component = {URL: string; Hash: string; InstallPath: string; Extract: boolean};

const hashPattern = /^sha256:[0-9a-f]{64}$/;
const installPaths = ['/opt/cni/bin', '/run/state/bin'];
const mostComponents = 16;

/** Checks the components of a request: known install paths and SHA-256 hashes only. Throws with the first that is wrong. */
export const checkComponents = (components: readonly KubernetesComponent[]): Component[] => {
	if (components.length > mostComponents) throw new Error('too many Kubernetes components');
	return components.map(({url, hash, installPath, extract}) => {
		if (!hashPattern.test(hash)) throw new Error('a Kubernetes component has no SHA-256 hash');
		if (!URL.canParse(url)) throw new Error('a Kubernetes component has no URL');
		const isKnown = installPaths.some(path => installPath === path || /^\/run\/state\/bin\/[a-z0-9-]+$/.test(installPath));
		if (!isKnown) throw new Error('a Kubernetes component has an unknown install path');
		return {URL: url, Hash: hash, InstallPath: installPath, Extract: extract};
	});
};

/** The name of the ConfigMap of a list: `k8s-components-sha256-` and the SHA-256 of all hashes in order. */
export const componentsReference = (components: readonly Component[]): string => {
	const hash = createHash('sha256');
	for (const {Hash} of components) hash.update(Hash);
	return `k8s-components-sha256-${hash.digest('hex')}`;
};
