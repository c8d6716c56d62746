import {type Kube, KubeError, type KubeObject, type Resource} from './kube.ts';
import {resources} from './resources.ts';
import type {Condition} from './wait.ts';

/** Whether the Node's condition `Ready` is True. */
export function isReady(node: KubeObject): boolean {
	const status = node.status as {conditions?: {type: string; status: string}[]} | undefined;
	return status?.conditions?.some(({type, status}) => type === 'Ready' && status === 'True') ?? false;
}

/** Every named node is there and Ready; gives the Node objects in the order of the names. */
export function nodesReady(kube: Kube, names: readonly string[]): Condition<KubeObject[]> {
	return {
		name: `${names.length === 1 ? `node ${names[0]} is` : `${names.length} nodes are`} Ready`,
		async check() {
			const {items} = await kube.list(resources.nodes);
			const ready = new Map(items.filter(isReady).map(node => [node.metadata.name, node]));
			const found = names.map(name => ready.get(name)).filter(node => node !== undefined);
			return found.length === names.length ? found : undefined;
		},
	};
}

/** The object does not exist (any more). */
export function isGone(kube: Kube, resource: Resource, name: string): Condition<true> {
	return {
		name: `${resource.plural}/${name} is gone`,
		async check() {
			try {
				await kube.get(resource, name);
				return undefined;
			} catch (error) {
				if (error instanceof KubeError && error.code === 404) return true;
				throw error;
			}
		},
	};
}
