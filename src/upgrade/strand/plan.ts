import type {KubernetesSet} from '../kubernetes-rules.ts';
import type {ClusterKind} from '../observed.ts';
import type {ModelAction} from './actions.ts';
import type {ModelNode, ModelState} from './model.ts';

/** What a plan obeys so that no node is stranded; each can be switched off to see what it is good for. The names are stable. */
export const planRules = [
	/** Old and new image are accepted while both run. */
	'both-policies',
	/** No new template and no new node before every JoinService enforces both. */
	'wait-for-replicas',
	/** The components ConfigMap exists before any ticket names it. */
	'components-first',
	/** API servers that are updated in place come before kubelets. */
	'api-servers-first',
	/** A worker's kubelet is never newer than the oldest control plane. */
	'capped-workers',
	/** The old node goes when its replacement is in. */
	'replacement-first',
	/** The old image is refused when nobody runs it any more. */
	'retire-last',
	/** `recover` accepts what the cluster accepts. */
	'recover-both',
] as const;
export type PlanRule = (typeof planRules)[number];

export type Goal = {image: string; kubernetes: KubernetesSet};

const isOutdated = ({image, kubernetes}: ModelNode, goal: Goal): boolean =>
	image !== goal.image || kubernetes.components !== goal.kubernetes.components;

/** The actions that lead from a state to the goal, what is done already left out: the plan of a run that goes on is the rest. */
export function actionsOf(
	state: ModelState,
	goal: Goal,
	{imageHasAll}: ClusterKind,
	rules: ReadonlySet<PlanRule> = new Set(planRules),
): ModelAction[] {
	const now = state.accepted.get(state.generation) ?? [];
	const old = now.filter(image => image !== goal.image);
	const accept = rules.has('both-policies') ? [goal.image, ...old] : [goal.image];
	const recoverable = rules.has('recover-both') ? [goal.image, ...old] : [goal.image];
	const [previous] = old;
	const isWide = now.includes(goal.image) && rules.has('both-policies');
	const newComponents = !state.componentSets.includes(goal.kubernetes.components);
	const wanted = state.wanted.components !== goal.kubernetes.components || state.wanted.version !== goal.kubernetes.version;

	const policy = [
		...(isWide
			? []
			: [action('policy', {do: 'accept', images: accept, recoverable, ...(previous === undefined ? {} : {rollback: previous})})]),
		...(rules.has('wait-for-replicas') ? [action('policy', {do: 'await-replicas'})] : []),
	];
	const publish = newComponents ? [action('kubernetes', {do: 'publish-components', components: goal.kubernetes.components})] : [];
	const want = wanted ? [action('kubernetes', {do: 'want', kubernetes: goal.kubernetes})] : [];
	const servers = imageHasAll
		? []
		: controlPlanes(state)
				.filter(({apiServer}) => apiServer !== goal.kubernetes.version)
				.map(({name}) => action('kubernetes', {do: 'upgrade-api-server', node: name, version: goal.kubernetes.version}));
	const kubernetes = [
		...(rules.has('components-first') ? publish : want),
		...(rules.has('api-servers-first') ? servers : []),
		...(rules.has('components-first') ? want : publish),
		...(rules.has('api-servers-first') ? [] : servers),
	];
	const templates = state.groups
		.filter(({image}) => image !== goal.image)
		.map(({name}) => action('control-planes', {do: 'set-template', group: name, image: goal.image}));
	const outdated = state.nodes.filter(node => isOutdated(node, goal));
	const rolls = ['control-plane', 'worker'].flatMap(role =>
		outdated.filter(node => node.role === role).flatMap(node => replacement(node, goal, rules)),
	);
	const retire = old.length > 0 && !isWideOnly(rules) ? [action('retire', {do: 'retire', images: old})] : [];
	const roll = rules.has('retire-last') ? [...templates, ...rolls, ...retire] : [...templates, ...retire, ...rolls];
	const pause = state.autoscaling ? [action('lock', {do: 'pause-autoscaler'})] : [];
	return [...pause, ...policy, ...kubernetes, ...roll];
}

/** Without both policies there is nothing left to retire. */
const isWideOnly = (rules: ReadonlySet<PlanRule>): boolean => !rules.has('both-policies');

const controlPlanes = ({nodes}: ModelState): ModelNode[] => nodes.filter(({role}) => role === 'control-plane');

function replacement({name, role}: ModelNode, {image}: Goal, rules: ReadonlySet<PlanRule>): ModelAction[] {
	const step = `replace ${name}`;
	const heir = `the replacement of ${name}`;
	const arrive = [action(step, {do: 'create', node: heir, role, image}), action(step, {do: 'admit', node: heir})];
	const go = [action(step, {do: 'leave', node: name}), action(step, {do: 'remove', node: name})];
	return rules.has('replacement-first') ? [...arrive, ...go] : [...go, ...arrive];
}

type Without<T> = T extends unknown ? Omit<T, 'step'> : never;

const action = (step: string, rest: Without<ModelAction>): ModelAction => ({step, ...rest});
