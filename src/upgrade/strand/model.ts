import type {NodeRole} from '../../events.ts';
import {type KubernetesSet, oldest, ticketKubernetes} from '../kubernetes-rules.ts';
import type {ClusterKind, Observed} from '../observed.ts';
import {policyVersion} from '../policy-set.ts';

/** A node as far as its way back into the cluster matters. */
export type ModelNode = {
	name: string;
	role: NodeRole;
	image: string;
	/** Kubelet and components. */
	kubernetes: KubernetesSet;
	/** Control planes: version of its own API server. */
	apiServer: string;
	/** Control planes: the generations that its JoinService may enforce now; a lagging one enforces an older one. */
	generations: readonly number[];
	/** `leaving`: out of the load balancer and the store's members, its Node not deleted yet. */
	phase: 'joining' | 'member' | 'leaving' | 'stopped';
};

export type ModelGroup = {name: string; role: NodeRole; image: string};

/** The state of a cluster between two actions. Values are never changed in place. */
export type ModelState = {
	nodes: readonly ModelNode[];
	groups: readonly ModelGroup[];
	/** Images accepted by generation. */
	accepted: ReadonlyMap<number, readonly string[]>;
	generation: number;
	/** Images that `recover` accepts. */
	recoverable: readonly string[];
	wanted: KubernetesSet;
	componentSets: readonly string[];
	/** Images signed by the release key that nodes are pinned to. */
	trusted: readonly string[];
	/** Image that a roll-back would create nodes of, while there is a way back. */
	rollback?: string | undefined;
	/** Whether tickets of workers are held back to the oldest control plane's version. */
	cappedWorkers: boolean;
	autoscaling: boolean;
	store: ClusterKind['store'];
};

/** The state before the first action. An image that nobody knows is named so: no policy accepts it. */
export function modelOf(observed: Observed, kind: ClusterKind, trusted: readonly string[]): ModelState {
	const {policies, wanted, groups, componentSets, autoscaling} = observed;
	const images = policies.policies.map(policy => policyVersion(policy));
	const kubeletOf = (version: string, components?: string): KubernetesSet => ({
		version,
		components: components ?? wanted.components,
	});
	const nodes = observed.nodes.map((node): ModelNode => {
		const apiServer = observed.apiServers.find(each => each.node === node.name)?.version ?? node.kubernetes;
		return {
			name: node.name,
			role: node.role,
			image: node.image ?? 'unknown',
			kubernetes: kubeletOf(node.kubernetes, node.components),
			apiServer,
			generations: [policies.generation],
			phase: node.stopped || !node.ready ? 'stopped' : 'member',
		};
	});
	const joining = observed.inFlight
		.filter(({name}) => !nodes.some(node => node.name === name))
		.map(({name, role, image}): ModelNode => {
			const kubernetes = kubeletOf(wanted.version);
			return {name, role, image: image ?? 'unknown', kubernetes, apiServer: wanted.version, generations: [], phase: 'joining'};
		});
	return {
		nodes: [...nodes, ...joining],
		groups: groups.map(({name, role, image}) => ({name, role, image})),
		accepted: new Map([[policies.generation, images]]),
		generation: policies.generation,
		recoverable: observed.recoverable,
		wanted: {version: wanted.version, components: wanted.components},
		componentSets,
		trusted: [...new Set([...images, ...trusted])],
		rollback: images[1],
		cappedWorkers: true,
		autoscaling,
		store: kind.store,
	};
}

/** Control planes whose API server and JoinService answer. */
export const liveControlPlanes = (state: ModelState): ModelNode[] =>
	state.nodes.filter(({role, phase}) => role === 'control-plane' && phase === 'member');

/** What a ticket would hand out now. */
export function ticketOf(state: ModelState, role: NodeRole): KubernetesSet {
	if (!state.cappedWorkers) return state.wanted;
	const running = liveControlPlanes(state).map(({apiServer, kubernetes}) => ({...kubernetes, version: apiServer}));
	return ticketKubernetes(role, state.wanted, running);
}

/** The oldest API server that a kubelet may meet: on a shared store a control plane's kubelet only meets its own. */
export function oldestApiServer(state: ModelState, node: ModelNode, others: readonly ModelNode[]): string | undefined {
	if (node.role === 'control-plane' && state.store === 'shared') return node.apiServer;
	return oldest(others.map(({apiServer}) => apiServer));
}

/** How many control planes may fail before the cluster cannot write any more; negative when it cannot already. */
export function tolerance(state: ModelState): number {
	const live = liveControlPlanes(state).length;
	if (state.store === 'shared') return live - 1;
	const members = state.nodes.filter(({role, phase}) => role === 'control-plane' && (phase === 'member' || phase === 'stopped'));
	return live - (Math.floor(members.length / 2) + 1);
}
