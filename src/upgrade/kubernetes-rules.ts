import {compareVersions, parseVersion} from '../config/versions.ts';
import {impossible, type Judged, judgeStep, newestFirst} from './versions.ts';

/** What of Kubernetes runs: the version the cluster should have, and what each API server and kubelet says. */
export type KubernetesFacts = {
	running: string;
	apiServers: readonly {node: string; version: string}[];
	kubelets: readonly {node: string; version: string}[];
	supported: readonly string[];
};

const minorOf = (version: string): bigint => BigInt(parseVersion(version)?.numbers[1] ?? 0);

/** Whether `version` is newer than `other`; what is no version counts as newer, so that a rule built on it refuses. */
export function isNewer(version: string, other: string): boolean {
	const [a, b] = [parseVersion(version), parseVersion(other)];
	return a === undefined || b === undefined || compareVersions(a, b) > 0;
}

/** The oldest of some versions; undefined for none. */
export const oldest = (versions: readonly string[]): string | undefined => [...versions].sort(newestFirst).at(-1);

/**
 * Judges a Kubernetes version (Kubernetes version skew policy): supported by this tool, one minor version at a time, no two API servers
 * more than one minor version apart while it changes, and no kubelet newer than the oldest API server.
 */
export function judgeKubernetes(version: string, {running, apiServers, kubelets, supported}: KubernetesFacts): Judged {
	const step = judgeStep(running, version);
	if (!step.possible) return step;
	if (!supported.includes(version))
		return impossible(version, 'kubernetes-unsupported', `this tool installs Kubernetes ${supported.join(', ')} only`);
	const apart = apiServers.find(server => minorOf(version) - minorOf(server.version) > 1n);
	if (apart !== undefined) {
		const reason = `the API server of ${apart.node} has ${apart.version}, more than one minor version behind`;
		return impossible(version, 'api-servers-apart', reason);
	}
	const least = oldest(apiServers.map(server => server.version));
	const ahead = least === undefined ? undefined : kubelets.find(kubelet => isNewer(kubelet.version, least));
	if (ahead !== undefined) {
		const reason = `the kubelet of ${ahead.node} (${ahead.version}) is newer than the oldest API server (${least ?? ''})`;
		return impossible(version, 'kubelet-newer', reason);
	}
	return step;
}

/** A Kubernetes version and the ConfigMap with its components. */
export type KubernetesSet = {version: string; components: string};

/**
 * What a ticket hands out. A control plane brings its own API server, so its kubelet may have the wanted version; a worker gets nothing
 * newer than the oldest control plane has, and is replaced again once all of them are new.
 */
export function ticketKubernetes(
	role: 'control-plane' | 'worker',
	wanted: KubernetesSet,
	controlPlanes: readonly KubernetesSet[],
): KubernetesSet {
	if (role === 'control-plane') return wanted;
	return controlPlanes.reduce((least, each) => (isNewer(least.version, each.version) ? each : least), wanted);
}
