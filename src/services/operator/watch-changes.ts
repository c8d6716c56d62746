import type {Kube, Resource} from '../../kubernetes/kube.ts';
import {isAborted, pause} from '../abort.ts';

const pauseMs = 1000;

/** Calls `changed` for every change of a resource until `signal` aborts; a watch that ends or fails is opened again. */
export const watchChanges = async (kube: Kube, resource: Resource, changed: () => void, signal: AbortSignal): Promise<void> => {
	let failing = false;
	while (!signal.aborted) {
		try {
			const {resourceVersion} = await kube.list(resource);
			failing = false;
			// What changed while nobody watched counts as one change.
			changed();
			for await (const event of kube.watch(resource, {resourceVersion, signal})) {
				if (event.type !== 'BOOKMARK') changed();
			}
		} catch (error) {
			// Told once, not at every attempt: an API server may be away for long.
			if (!isAborted(signal) && !failing)
				console.error(`watch of ${resource.plural}: ${error instanceof Error ? error.message : String(error)}`);
			failing = true;
		}
		await pause(pauseMs, signal);
	}
};
