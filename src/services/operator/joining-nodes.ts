import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {resources} from '../../kubernetes/resources.ts';
import {componentsAnnotation} from '../kubelet/node.ts';
import {missing} from '../missing.ts';

type JoiningNodeSpec = {name?: string; componentsreference?: string; deadline?: string};

/**
 * Ends the join of nodes that are registered: writes the components they were given to the Node and deletes the JoiningNode, which
 * also lets the next control plane in. JoiningNodes past their deadline are deleted too.
 */
export const reconcileJoiningNodes = async (kube: Kube, nodes: readonly KubeObject[], now = Date.now()) => {
	const byName = new Map(nodes.map(node => [node.metadata.name, node]));
	const {items} = await kube.list(resources.joiningNodes);
	for (const joining of items) {
		const {name = '', componentsreference = '', deadline = ''} = (joining.spec ?? {}) as JoiningNodeSpec;
		const node = byName.get(name);
		if (node !== undefined) {
			const annotations = {[componentsAnnotation]: componentsreference};
			if (componentsreference !== '' && node.metadata.annotations?.[componentsAnnotation] !== componentsreference) {
				await kube.patch(resources.nodes, name, {metadata: {annotations}}, 'merge');
			}
		} else if (!(Date.parse(deadline) < now)) {
			continue;
		}
		await kube.delete(resources.joiningNodes, joining.metadata.name).catch(missing);
	}
};
