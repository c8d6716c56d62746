import type {NodeRole} from '../events.ts';
import {type BlockingBudget, blockingBudgets, evictionsOf, type Interruption, interruptions} from './disruption.ts';
import {type TimeRange, timeRange} from './duration.ts';
import {isNewer} from './kubernetes-rules.ts';
import type {ClusterKind, Observed, ObservedNode} from './observed.ts';
import {isIncluded, type StepKind, stepOrder} from './steps.ts';
import {assumptions} from './strand/check-upgrade.ts';
import type {Target} from './target.ts';

export type PlannedStep = {
	kind: StepKind;
	title: string;
	/** `included`: comes with the image, nothing is done for it. `done`: was so already. */
	state: 'planned' | 'included' | 'done';
	/** Nodes in the order in which they are replaced. */
	nodes: readonly {name: string; role: NodeRole; evictions: number}[];
};

/** What an upgrade will do, before anybody consents to it; made from what was observed alone. */
export type FlightPlan = {
	from: Omit<Target, 'measurements'> & {generation: number};
	target: Target;
	steps: readonly PlannedStep[];
	time: TimeRange;
	/** Machines beside those that are there, at most at one time. */
	extraMachines: number;
	blocking: readonly BlockingBudget[];
	interrupted: readonly Interruption[];
	/** What cannot be undone, in sentences. */
	irreversible: readonly string[];
	assumptions: readonly string[];
};

/** Workers that may be replaced at the same time. */
const surge = 1;

export function flightPlan(observed: Observed, target: Target, kind: ClusterKind): FlightPlan {
	const outdated = observed.nodes.filter(node => isOutdated(node, target));
	const going = new Set(outdated.map(({name}) => name));
	const evictions = evictionsOf(observed);
	const nodesOf = (role: NodeRole) =>
		outdated.filter(node => node.role === role).map(({name}) => ({name, role, evictions: evictions.get(name) ?? 0}));
	const nodes: Partial<Record<StepKind, PlannedStep['nodes']>> = {
		'control-planes': nodesOf('control-plane'),
		workers: nodesOf('worker'),
	};
	const steps = stepOrder.map((spec): PlannedStep => {
		const list = nodes[spec.kind];
		const state = isIncluded(spec, kind) ? 'included' : list?.length === 0 ? 'done' : 'planned';
		return {kind: spec.kind, title: spec.title, state, nodes: list ?? []};
	});
	const {image, version, components} = observed.wanted;
	return {
		from: {image, services: image, kubernetes: version, components, generation: observed.policies.generation},
		target,
		steps,
		time: timeRange(outdated.length, surge, observed.durations, kind.imageHasAll),
		extraMachines: outdated.length === 0 ? 0 : surge,
		blocking: blockingBudgets(observed, going),
		interrupted: interruptions(observed, going),
		irreversible: irreversible(observed, target),
		assumptions,
	};
}

export const isOutdated = ({image, components}: ObservedNode, target: Pick<Target, 'image' | 'components'>): boolean =>
	image !== target.image || components !== target.components;

function irreversible({wanted}: Observed, {image, kubernetes}: Target): string[] {
	return [
		...(isNewer(kubernetes, wanted.version)
			? [`Kubernetes does not go back from ${kubernetes} to ${wanted.version}, also where the image is rolled back.`]
			: []),
		`Replaced nodes are removed with what is on their disks; a roll-back makes new ones.`,
		...(image === wanted.image ? [] : [`Once the policy of ${wanted.image} is retired, its nodes cannot come back.`]),
	];
}
