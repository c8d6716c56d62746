import type {ClusterSummary} from './events.ts';
import {count, duration} from './text.ts';

export const rehearsalSentence = 'Rehearsal: same protocol, not confidential.';

/** The plain summary that stays on the normal screen (and is what a pipe gets). No secret is in it. */
export function summaryLines(summary: ClusterSummary, options: {copyConfirmed: boolean; workspace?: string}): string[] {
	const {files, nodes} = summary;
	const controlPlanes = nodes.filter(node => node.role === 'control-plane').length;
	const at = options.workspace === undefined ? '' : ` -C ${options.workspace}`;
	const folder = options.workspace === undefined ? '' : `${options.workspace}/`;
	const notReady = nodes.filter(node => !node.ready).map(node => node.name);
	return [
		`${summary.name} is ${notReady.length === 0 ? 'ready' : 'not complete'}: ${count(controlPlanes, 'control plane')}, ` +
			`${count(nodes.length - controlPlanes, 'worker')}, Kubernetes ${summary.kubernetesVersion.replace(/^v/u, '')}, ` +
			`in ${took(summary.elapsedMs)}.`,
		...(notReady.length === 0 ? [] : [`Not ready: ${notReady.join(', ')}.`]),
		...(summary.rehearsal ? [rehearsalSentence] : []),
		'',
		`  cluster ID     ${summary.clusterId}`,
		`  endpoint       ${summary.endpoint}`,
		`  kubeconfig     ${files.kubeconfig}`,
		`  master secret  ${files.masterSecret} (0600; ${options.copyConfirmed ? 'copy confirmed' : 'copy not confirmed'})`,
		'                 a recovery needs it; keep a copy away from this machine',
		'',
		`  next   export KUBECONFIG=${folder === '' ? '$PWD/' : folder}${files.kubeconfig} && kubectl get nodes`,
		`         constellation watch${at}      nodes as they join`,
		`         constellation verify${at}     challenge the cluster`,
		`         constellation terminate${at}  remove it`,
	];
}

function took(milliseconds: number): string {
	return milliseconds < 60_000 ? `${Math.round(milliseconds / 1000)} s` : duration(milliseconds);
}
