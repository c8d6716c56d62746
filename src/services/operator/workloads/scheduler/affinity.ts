import {holds, matchesSelector} from '../../../../kubernetes/selectors.ts';
import {isActive} from '../pods.ts';
import type {Node, NodeSelectorTerm, Pod, PodAffinityTerm, PodSpec} from '../types.ts';

/** Whether the labels of a node are those that a pod asks for. */
export const matchesNode = ({nodeSelector = {}, affinity}: PodSpec, {metadata}: Node): boolean => {
	const labels = metadata.labels ?? {};
	if (!Object.entries(nodeSelector).every(([key, value]) => labels[key] === value)) return false;
	const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
	return required === undefined || required.nodeSelectorTerms.some(term => matchesTerm(term, metadata.name, labels));
};

const matchesTerm = (
	{matchExpressions = [], matchFields = []}: NodeSelectorTerm,
	name: string,
	labels: Record<string, string>,
): boolean =>
	matchExpressions.length + matchFields.length > 0 &&
	matchExpressions.every(expression => holds(expression, labels)) &&
	matchFields.every(field => holds(field, {'metadata.name': name}));

/** Where pods run, by topology: what affinity and spread are counted on. `now` are all pods that have a node. */
export type Placed = {pods: readonly Pod[]; nodes: ReadonlyMap<string, Node>};

const domainOf = (node: Node | undefined, key: string): string | undefined => node?.metadata.labels?.[key];

/** Pods near a node (in the same domain of the topology) that a term is about. */
const near = (pod: Pod, node: Node, {labelSelector, namespaces, topologyKey}: PodAffinityTerm, {pods, nodes}: Placed): Pod[] => {
	const domain = domainOf(node, topologyKey);
	const allowed = namespaces ?? [pod.metadata.namespace ?? 'default'];
	return pods.filter(
		other =>
			allowed.includes(other.metadata.namespace ?? 'default') &&
			matchesSelector(labelSelector, other.metadata.labels) &&
			domain !== undefined &&
			domainOf(nodes.get(other.spec.nodeName ?? ''), topologyKey) === domain,
	);
};

/** Whether the pods that a pod wants near are there; the first of a group that wants its own kind near may start alone. */
export const hasCompany = (pod: Pod, node: Node, placed: Placed): boolean =>
	(pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).every(term => {
		if (near(pod, node, term, placed).length > 0) return true;
		const isOwn = matchesSelector(term.labelSelector, pod.metadata.labels);
		return isOwn && !placed.pods.some(other => matchesSelector(term.labelSelector, other.metadata.labels));
	});

/** Whether a pod keeps the distance that it and the pods that are there ask for. */
export const keepsDistance = (pod: Pod, node: Node, placed: Placed): boolean => {
	const terms = ({spec}: Pod) => spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
	if (terms(pod).some(term => near(pod, node, term, placed).length > 0)) return false;
	return !placed.pods.some(other =>
		terms(other).some(
			term =>
				(term.namespaces ?? [other.metadata.namespace]).includes(pod.metadata.namespace ?? 'default') &&
				matchesSelector(term.labelSelector, pod.metadata.labels) &&
				domainOf(node, term.topologyKey) !== undefined &&
				domainOf(node, term.topologyKey) === domainOf(placed.nodes.get(other.spec.nodeName ?? ''), term.topologyKey),
		),
	);
};

/** Whether a pod would make no domain fuller than its spread constraints allow; `candidates` are the nodes that it could run on at all. */
export const keepsSpread = (pod: Pod, node: Node, candidates: readonly Node[], {pods, nodes}: Placed): boolean =>
	(pod.spec.topologySpreadConstraints ?? [])
		.filter(({whenUnsatisfiable}) => whenUnsatisfiable === 'DoNotSchedule')
		.every(({topologyKey, maxSkew, labelSelector}) => {
			const own = domainOf(node, topologyKey);
			if (own === undefined) return false;
			const counts = new Map(candidates.flatMap(other => domainOf(other, topologyKey) ?? []).map(domain => [domain, 0]));
			for (const other of pods.filter(isActive)) {
				const domain = domainOf(nodes.get(other.spec.nodeName ?? ''), topologyKey);
				const isSame =
					other.metadata.namespace === pod.metadata.namespace && matchesSelector(labelSelector, other.metadata.labels);
				if (isSame && domain !== undefined && counts.has(domain)) counts.set(domain, (counts.get(domain) ?? 0) + 1);
			}
			const self = matchesSelector(labelSelector, pod.metadata.labels) ? 1 : 0;
			return (counts.get(own) ?? 0) + self - Math.min(...counts.values()) <= maxSkew;
		});
