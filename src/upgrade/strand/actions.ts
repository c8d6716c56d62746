import type {NodeRole} from '../../events.ts';
import type {KubernetesSet} from '../kubernetes-rules.ts';
import {type ModelNode, type ModelState, ticketOf} from './model.ts';

/** One change of the cluster. `step` is the step of the flight plan that it belongs to. */
export type ModelAction = {step: string} & (
	| {do: 'accept'; images: readonly string[]; recoverable: readonly string[]; rollback?: string}
	| {do: 'await-replicas'}
	| {do: 'publish-components'; components: string}
	| {do: 'want'; kubernetes: KubernetesSet}
	| {do: 'upgrade-api-server'; node: string; version: string}
	| {do: 'set-template'; group: string; image: string}
	| {do: 'pause-autoscaler'}
	| {do: 'create'; node: string; role: NodeRole; image: string}
	| {do: 'admit'; node: string}
	| {do: 'leave'; node: string}
	| {do: 'remove'; node: string}
	| {do: 'retire'; images: readonly string[]}
);

/** The state after an action. */
export function perform(state: ModelState, action: ModelAction): ModelState {
	const change = (name: string, update: (node: ModelNode) => ModelNode): ModelState => ({
		...state,
		nodes: state.nodes.map(node => (node.name === name ? update(node) : node)),
	});
	switch (action.do) {
		case 'accept':
			return {...newGeneration(state, action.images), recoverable: action.recoverable, rollback: action.rollback};
		case 'retire': {
			const kept = (state.accepted.get(state.generation) ?? []).filter(image => !action.images.includes(image));
			return {...newGeneration(state, kept), recoverable: kept, rollback: undefined};
		}
		case 'await-replicas':
			return {...state, nodes: state.nodes.map(node => ({...node, generations: [state.generation]}))};
		case 'publish-components':
			return {...state, componentSets: [...state.componentSets, action.components]};
		case 'want':
			return {...state, wanted: action.kubernetes};
		case 'upgrade-api-server':
			return change(action.node, node => ({...node, apiServer: action.version}));
		case 'set-template':
			return {
				...state,
				groups: state.groups.map(group => (group.name === action.group ? {...group, image: action.image} : group)),
			};
		case 'pause-autoscaler':
			return {...state, autoscaling: false};
		case 'create':
			return {...state, nodes: [...state.nodes, created(state, action)]};
		case 'admit':
			return change(action.node, node => ({...node, phase: 'member', generations: [state.generation]}));
		case 'leave':
			return change(action.node, node => ({...node, phase: 'leaving'}));
		case 'remove':
			return {...state, nodes: state.nodes.filter(({name}) => name !== action.node)};
	}
}

/** A node as it would come in now. */
export function created(state: ModelState, {node, role, image}: {node: string; role: NodeRole; image: string}): ModelNode {
	const kubernetes = ticketOf(state, role);
	const base = {name: node, role, image, kubernetes, generations: []};
	return {...base, apiServer: kubernetes.version, phase: 'joining'};
}

/** Every JoinService may enforce the new set or, until it noticed, what it enforced before. */
function newGeneration(state: ModelState, images: readonly string[]): ModelState {
	const generation = state.generation + 1;
	return {
		...state,
		generation,
		accepted: new Map([...state.accepted, [generation, images]]),
		nodes: state.nodes.map(node => ({...node, generations: [...node.generations, generation]})),
	};
}
