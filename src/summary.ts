import type {ClusterSummary} from './events.ts';
import {count, duration} from './text.ts';

export const rehearsalSentence = 'Rehearsal: same protocol, not confidential.';

/** What a finished cluster is told with, on the screen, in a pipe and by the line front end alike. No secret is in it. */
export type SummaryFacts = {
	head: readonly string[];
	rows: readonly (readonly [label: string, value: string])[];
	next: readonly (readonly [command: string, what: string])[];
};

export type SummaryOptions = {
	/** Whether the person has proved to have a copy of the master secret. */
	copyConfirmed: boolean;
	/** The workspace as it has to be written after -C; absent when it is the current folder. */
	workspace?: string;
};

export function summaryFacts(summary: ClusterSummary, {copyConfirmed, workspace}: SummaryOptions): SummaryFacts {
	const {files, nodes} = summary;
	const controlPlanes = nodes.filter(node => node.role === 'control-plane').length;
	const notReady = nodes.filter(node => !node.ready).map(node => node.name);
	const at = workspace === undefined ? '' : ` -C ${workspace}`;
	return {
		head: [
			`${summary.name} is ${notReady.length === 0 ? 'ready' : 'not complete'}: ${count(controlPlanes, 'control plane')}, ` +
				`${count(nodes.length - controlPlanes, 'worker')}, Kubernetes ${summary.kubernetesVersion.replace(/^v/u, '')}, ` +
				`in ${took(summary.elapsedMs)}.`,
			...(notReady.length === 0 ? [] : [`Not ready: ${notReady.join(', ')}.`]),
			...(summary.rehearsal ? [rehearsalSentence] : []),
		],
		rows: [
			['cluster ID', summary.clusterId],
			['endpoint', summary.endpoint],
			['kubeconfig', files.kubeconfig],
			['master secret', `${files.masterSecret} (0600; ${copyConfirmed ? 'copy confirmed' : 'copy not confirmed'})`],
			['', 'a recovery needs it; keep a copy away from this machine'],
		],
		next: [
			[`export KUBECONFIG=${workspace === undefined ? '$PWD' : workspace}/${files.kubeconfig} && kubectl get nodes`, ''],
			[`constellation watch${at}`, 'nodes as they join'],
			[`constellation verify${at}`, 'challenge the cluster'],
			[`constellation terminate${at}`, 'remove it'],
		],
	};
}

/** The plain summary that stays on the normal screen and is what a pipe gets. */
export function summaryLines(summary: ClusterSummary, options: SummaryOptions): string[] {
	const {head, rows, next} = summaryFacts(summary, options);
	const commands = Math.max(...next.filter(([, what]) => what !== '').map(([command]) => command.length)) + 2;
	return [
		...head,
		'',
		...rows.map(([label, value]) => `  ${label.padEnd(15)}${value}`),
		'',
		...next.map(
			([command, what], index) =>
				`  ${index === 0 ? 'next' : '    '}   ${what === '' ? command : command.padEnd(commands) + what}`,
		),
	];
}

function took(milliseconds: number): string {
	return milliseconds < 60_000 ? `${Math.max(1, Math.floor(milliseconds / 1000))} s` : duration(milliseconds);
}
