import type {Kube, KubeObject, Resource, WatchEvent} from '../../kubernetes/kube.ts';
import {pause} from '../abort.ts';

export type Following = {
	resource: Resource;
	fieldSelector?: string;
	/** Everything there is, at the start and whenever the watch was interrupted for too long. */
	onList: (items: readonly KubeObject[], resourceVersion: string) => void;
	onEvent: (event: WatchEvent) => void;
	onFailure?: (error: unknown) => void;
	signal: AbortSignal;
	/** Milliseconds to wait after a failure. */
	pause?: number;
};

/** Lists, then watches, for as long as `signal` allows; begins again after failures. Never throws. */
export const follow = async (kube: Kube, following: Following): Promise<void> => {
	const {signal, onFailure, pause: pauseMs = 500} = following;
	const failed = (error: unknown) => {
		if (!signal.aborted) onFailure?.(error);
	};
	while (!signal.aborted) {
		await listAndWatch(kube, following).catch(failed);
		await pause(pauseMs, signal);
	}
};

const listAndWatch = async (kube: Kube, {resource, fieldSelector, onList, onEvent, signal}: Following): Promise<void> => {
	const selector = fieldSelector === undefined ? {} : {fieldSelector};
	const {items, resourceVersion} = await kube.list(resource, selector);
	onList(items, resourceVersion);
	let from = resourceVersion;
	let before = '';
	// A watch that the server ends in the usual way goes on where it was; one that brought nothing begins anew.
	while (from !== before) {
		before = from;
		for await (const event of kube.watch(resource, {...selector, resourceVersion: from, signal})) {
			from = event.object.metadata.resourceVersion ?? from;
			onEvent(event);
		}
	}
};
