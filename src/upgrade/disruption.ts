import type {Observed, ObservedBudget, ObservedPod} from './observed.ts';

/** A PodDisruptionBudget that allows nothing now and covers pods on nodes that are to be replaced: a drain would wait for it. */
export type BlockingBudget = {budget: string; nodes: readonly string[]; pods: number};

export type Interruption = {
	/** `namespace/Kind name`, or `namespace/Pod name` where no controller brings it back. */
	workload: string;
	nodes: readonly string[];
	reasons: readonly ('one replica' | 'local data' | 'no controller')[];
};

const podKey = ({namespace, name}: ObservedPod): string => `${namespace}/${name}`;

/** Budgets that would hold a drain up as they are. `going`: names of the nodes that are to be replaced. */
export function blockingBudgets({budgets, pods}: Observed, going: ReadonlySet<string>): BlockingBudget[] {
	return budgets
		.filter(({allowed}) => allowed <= 0)
		.map((budget): BlockingBudget => {
			const covered = podsOf(budget, pods).filter(({node}) => going.has(node));
			return {budget: `${budget.namespace}/${budget.name}`, nodes: nodesOf(covered), pods: covered.length};
		})
		.filter(({pods: count}) => count > 0);
}

function podsOf(budget: ObservedBudget, pods: readonly ObservedPod[]): ObservedPod[] {
	const names = new Set(budget.pods);
	return pods.filter(({namespace, name}) => namespace === budget.namespace && names.has(name));
}

/**
 * Workloads that are interrupted for certain when their node is drained: a single replica is away until it runs elsewhere, data in a
 * volume of the node is lost, and a pod without a controller does not come back.
 */
export function interruptions({pods}: Observed, going: ReadonlySet<string>): Interruption[] {
	const found = new Map<string, {nodes: ObservedPod[]; reasons: Set<Interruption['reasons'][number]>}>();
	for (const pod of pods.filter(({node}) => going.has(node))) {
		const reasons = reasonsOf(pod);
		if (reasons.length === 0) continue;
		const {owner} = pod;
		const workload = owner === undefined ? `${pod.namespace}/Pod ${pod.name}` : `${pod.namespace}/${owner.kind} ${owner.name}`;
		const entry = found.get(workload) ?? {nodes: [], reasons: new Set()};
		entry.nodes.push(pod);
		for (const reason of reasons) entry.reasons.add(reason);
		found.set(workload, entry);
	}
	return [...found]
		.map(([workload, entry]) => ({workload, nodes: nodesOf(entry.nodes), reasons: [...entry.reasons].sort()}))
		.sort((a, b) => (a.workload < b.workload ? -1 : 1));
}

function reasonsOf({owner, replicas, localData}: ObservedPod): Interruption['reasons'][number][] {
	return [
		...(owner === undefined ? (['no controller'] as const) : replicas <= 1 ? (['one replica'] as const) : []),
		...(localData ? (['local data'] as const) : []),
	];
}

const nodesOf = (pods: readonly ObservedPod[]): string[] => [...new Set(pods.map(({node}) => node))].sort();

/** How many pods each node would have to evict. */
export function evictionsOf({pods}: Observed): ReadonlyMap<string, number> {
	const counts = new Map<string, number>();
	for (const pod of new Map(pods.map(each => [podKey(each), each])).values())
		counts.set(pod.node, (counts.get(pod.node) ?? 0) + 1);
	return counts;
}
