import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {resources} from '../../kubernetes/resources.ts';
import type {Stop} from '../supervisor/protocol.ts';
import type {ServiceStatus} from '../supervisor/supervisor.ts';
import {countsAsReady, type NodeFacts} from './node.ts';
import {ensureNode, renewLease, reportNode, reportPods} from './status.ts';

export type KubeletDeps = {
	facts: NodeFacts;
	/** The client as it is now: its certificate is renewed now and then. */
	kube: () => Kube;
	services: {list(): ServiceStatus[]; onChange(listener: () => void): void};
	log: (line: string) => void;
	/** How often the node shows that it lives, and how soon a failed attempt is repeated. */
	renewMs?: number;
	retryMs?: number;
};

/** Full reports (status, Pods) at least this often, counted in renewals. */
const renewalsPerReport = 6;

/**
 * Keeps the Node, its Lease and its Pods in the cluster as they are on this machine. Failures (an API server that restarts, a machine
 * that slept) are retried for ever; the first report after them is a full one. `registered` resolves with the first success.
 */
export const runKubelet = ({facts, kube, services, log, renewMs = 10_000, retryMs = 500}: KubeletDeps) => {
	let stopped = false;
	let changed = true;
	let node: KubeObject | undefined;
	let sinceReport = 0;
	let failing = false;
	let wake: () => void = () => undefined;
	let registered: () => void = () => undefined;
	const firstReport = new Promise<void>(resolve => {
		registered = resolve;
	});
	services.onChange(() => {
		changed = true;
		wake();
	});

	const round = async () => {
		const api = kube();
		if (node === undefined || changed || ++sinceReport >= renewalsPerReport) {
			changed = false;
			node = await ensureNode(api, facts);
			const owner = {uid: node.metadata.uid ?? ''};
			await renewLease(api, facts.instance.name, owner);
			await reportNode(api, facts, node);
			registered();
			await reportPods(api, facts, owner, services.list());
			sinceReport = 0;
		} else {
			await renewLease(api, facts.instance.name, {uid: node.metadata.uid ?? ''});
			// A machine that slept was given up by the cluster meanwhile: tell it at once that it is back.
			const seen = await kube().get(resources.nodes, facts.instance.name);
			changed = !countsAsReady(seen);
		}
	};

	const sleep = (ms: number) =>
		new Promise<void>(resolve => {
			const timer = setTimeout(resolve, ms);
			wake = () => {
				clearTimeout(timer);
				resolve();
			};
			if (stopped || changed) wake();
		});

	const loop = async () => {
		while (!stopped) {
			try {
				await round();
				if (failing) log('kubelet: the API server answers again');
				failing = false;
			} catch (error) {
				// Told once, not at every attempt: an API server may be away for hours.
				if (!failing) log(`kubelet: ${error instanceof Error ? error.message : String(error)}`);
				failing = true;
				node = undefined;
			}
			await (failing ? pause(retryMs) : sleep(renewMs));
		}
	};
	const pause = (ms: number) =>
		new Promise<void>(resolve => {
			const timer = setTimeout(resolve, ms);
			wake = () => {
				if (!stopped) return;
				clearTimeout(timer);
				resolve();
			};
		});

	const done = loop();
	const stop: Stop = async () => {
		stopped = true;
		wake();
		await done;
	};
	return {registered: firstReport, stop};
};
