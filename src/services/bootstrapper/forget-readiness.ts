import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {resources} from '../../kubernetes/resources.ts';

type Condition = {type: string; status: string};

/**
 * After a recovery the whole cluster was off, but its Nodes still say what they said last. Marks every Node as unknown; each kubelet
 * that lives corrects its own within one heartbeat.
 */
export const forgetReadiness = async (kube: Kube): Promise<void> => {
	const {items} = await kube.list(resources.nodes);
	await Promise.all(items.map(node => forget(kube, node)));
};

const forget = async (kube: Kube, node: KubeObject) => {
	const {conditions = []} = (node.status ?? {}) as {conditions?: Condition[]};
	const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
	const unknown = conditions.map(condition => ({
		...condition,
		status: 'Unknown',
		reason: 'NodeStatusUnknown',
		message: 'The cluster was switched off.',
		lastTransitionTime: at,
	}));
	await kube.patch(resources.nodes, node.metadata.name, {status: {conditions: unknown}}, 'strategic', 'status');
};
