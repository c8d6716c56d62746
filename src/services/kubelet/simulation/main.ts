import {type Kube, KubeError} from '../../../kubernetes/kube.ts';
import {recordEvent} from '../../../kubernetes/record-event.ts';
import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {isAborted, pause} from '../../abort.ts';
import type {Stop} from '../../supervisor/protocol.ts';
import {isMirrorPod, type SimulatedPod} from './pod.ts';
import {simulate} from './simulate.ts';

export type SimulationOptions = {
	/** Name and address of the node. */
	instance: {name: string; address: string};
	/** The client as it is now: its certificate is renewed now and then. */
	kube: () => Kube;
	log: (line: string) => void;
	retryMs?: number;
};

/** The pods that this node simulates. */
export type Simulation = {
	find(namespace: string, name: string): SimulatedPod | undefined;
	stop: Stop;
};

const longestTimer = 60 * 60_000;

/**
 * Plays the part of a container runtime for the pods that are bound to this node and are not its own services: follows them by a watch,
 * writes what their status would be, and removes them when they have ended. It keeps nothing that is not in the cluster.
 */
export const runSimulation = ({instance, kube, log, retryMs = 1000}: SimulationOptions): Simulation => {
	const pods = new Map<string, SimulatedPod>();
	const timers = new Map<string, NodeJS.Timeout>();
	const bootedAt = Date.now();
	const stopping = new AbortController();
	const {signal} = stopping;
	const fieldSelector = `spec.nodeName=${instance.name}`;
	const keyOf = ({metadata}: SimulatedPod) => `${metadata.namespace ?? 'default'}/${metadata.name}`;

	const forget = (key: string) => {
		clearTimeout(timers.get(key));
		timers.delete(key);
		pods.delete(key);
	};
	const step = async (key: string): Promise<void> => {
		const pod = pods.get(key);
		if (pod === undefined || isAborted(signal)) return;
		clearTimeout(timers.get(key));
		const now = Date.now();
		const {status, remove, happenings, wakeAt} = simulate(pod, {address: instance.address, bootedAt, now});
		const again = (ms: number) =>
			timers.set(
				key,
				setTimeout(() => void step(key), Math.min(ms, longestTimer)),
			);
		if (wakeAt !== undefined) again(wakeAt - now);
		const {name, namespace = 'default', uid, resourceVersion} = pod.metadata;
		const resource = inNamespace(resources.pods, namespace);
		try {
			// The status of a version that somebody changed meanwhile is not written: the watch brings the new one.
			if (status) await kube().patch(resource, name, {metadata: {resourceVersion}, status}, 'merge', 'status');
			if (remove) await kube().delete(resource, name, {gracePeriodSeconds: 0, ...(uid !== undefined && {uid})});
			for (const happening of happenings) {
				await recordEvent(kube(), pod, happening, {component: 'kubelet', host: instance.name});
			}
		} catch (error) {
			if (error instanceof KubeError && (error.code === 404 || error.code === 409)) return;
			if (!isAborted(signal)) log(`pods: ${error instanceof Error ? error.message : String(error)}`);
			if (!isAborted(signal)) again(retryMs);
		}
	};
	const take = (object: SimulatedPod) => {
		if (isMirrorPod(object)) return;
		const pod = {...object, apiVersion: 'v1', kind: 'Pod'};
		pods.set(keyOf(pod), pod);
		void step(keyOf(pod));
	};

	const follow = async () => {
		const {items, resourceVersion} = await kube().list(resources.pods, {fieldSelector});
		const found = items as SimulatedPod[];
		const names = new Set(found.map(keyOf));
		for (const key of [...pods.keys()].filter(key => !names.has(key))) forget(key);
		found.forEach(take);
		for await (const {type, object} of kube().watch(resources.pods, {resourceVersion, fieldSelector, signal})) {
			if (type === 'DELETED') forget(keyOf(object as SimulatedPod));
			else if (type !== 'BOOKMARK') take(object as SimulatedPod);
		}
	};
	const loop = async () => {
		let failing = false;
		while (!signal.aborted) {
			try {
				await follow();
				failing = false;
			} catch (error) {
				if (!isAborted(signal) && !failing) log(`pods: ${error instanceof Error ? error.message : String(error)}`);
				failing = true;
			}
			await pause(retryMs, signal);
		}
	};
	const done = loop();
	return {
		find: (namespace, name) => pods.get(`${namespace}/${name}`),
		async stop() {
			stopping.abort();
			for (const timer of timers.values()) clearTimeout(timer);
			await done;
		},
	};
};
