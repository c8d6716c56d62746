import {parseVersion} from '../../config/versions.ts';
import {isNewer} from '../kubernetes-rules.ts';
import {created, type ModelAction, perform} from './actions.ts';
import {liveControlPlanes, type ModelNode, type ModelState, oldestApiServer, tolerance} from './model.ts';

/** What must hold for every node at every moment; the names are stable, so that a live test can compare. */
export type Condition =
	| 'service-accepts-node'
	| 'node-accepts-service'
	| 'components-exist'
	| 'kubelet-not-newer'
	| 'api-servers-together'
	| 'quorum-remains'
	| 'recover-accepts';

/** What happens to one node at a moment. */
export type Mishap = {kind: 'restarted' | 'lost' | 'created'; node: string; by?: 'template' | 'autoscaler' | 'roll-back'};

export type Counterexample = {
	/** How many actions were done. */
	after: number;
	/** Step of the flight plan whose action was the last; `start` before the first. */
	step: string;
	mishap: Mishap;
	condition: Condition;
	sentence: string;
};

export type StrandResult = {moments: number; cases: number; counterexample?: Counterexample};

/**
 * Tries every moment of a plan with every lag of the JoinServices and any one node restarted, lost or created: each must find its way
 * in, or the cluster must go on without it. Gives the first case that fails.
 */
export function checkStrand(start: ModelState, actions: readonly ModelAction[]): StrandResult {
	const baseline = tolerance(start);
	let state = start;
	let cases = 0;
	for (let after = 0; ; after += 1) {
		const step = actions[after - 1]?.step ?? 'start';
		for (const {mishap, node} of mishapsOf(state)) {
			cases += 1;
			const broken = brokenBy(state, mishap, node, baseline);
			if (broken !== undefined)
				return {
					moments: after + 1,
					cases,
					counterexample: {after, step, mishap, ...broken, sentence: inWords(step, mishap, broken)},
				};
		}
		const next = actions[after];
		if (next === undefined) return {moments: after + 1, cases};
		state = perform(state, next);
	}
}

function mishapsOf(state: ModelState): {mishap: Mishap; node: ModelNode}[] {
	const create = (role: ModelNode['role'], image: string, by: NonNullable<Mishap['by']>) => {
		const node = created(state, {node: `a new ${role}`, role, image});
		return {mishap: {kind: 'created' as const, node: node.name, by}, node};
	};
	const roles = new Set(state.groups.map(({role}) => role));
	const {rollback} = state;
	return [
		...state.nodes.flatMap(node => [
			{mishap: {kind: 'restarted' as const, node: node.name}, node},
			{mishap: {kind: 'lost' as const, node: node.name}, node},
		]),
		...state.groups.map(({role, image}) => create(role, image, 'template')),
		...(state.autoscaling
			? state.groups.filter(({role}) => role === 'worker').map(({role, image}) => create(role, image, 'autoscaler'))
			: []),
		...(rollback === undefined ? [] : [...roles].map(role => create(role, rollback, 'roll-back'))),
	];
}

type Broken = {condition: Condition; because: string};

function brokenBy(state: ModelState, {kind}: Mishap, node: ModelNode, baseline: number): Broken | undefined {
	if (kind === 'lost') return quorum(state, baseline);
	const services = liveControlPlanes(state).filter(({name}) => name !== node.name);
	return (
		refusedBy(state, node, services) ??
		refuses(state, node, services) ??
		wrongKubernetes(state, node, services) ??
		(kind === 'restarted' ? unrecoverable(state, node) : undefined)
	);
}

/** (a) Whoever answers, and whatever generation it enforces, accepts the node's image. */
function refusedBy(state: ModelState, {image}: ModelNode, services: readonly ModelNode[]): Broken | undefined {
	for (const {name, generations} of services) {
		for (const generation of generations) {
			const images = state.accepted.get(generation) ?? [];
			if (images.includes(image)) continue;
			const because = `the JoinService of ${name}, where it enforces generation ${generation}, accepts ${images.join(' and ')} and refuses ${image}`;
			return {condition: 'service-accepts-node', because};
		}
	}
	return undefined;
}

/** (b) The node accepts the services that it may meet: their image is signed by the key that the node is pinned to. */
function refuses(state: ModelState, {name}: ModelNode, services: readonly ModelNode[]): Broken | undefined {
	const foreign = services.find(({image}) => !state.trusted.includes(image));
	if (foreign === undefined) return undefined;
	const because = `${name} refuses the JoinService of ${foreign.name}: its image ${foreign.image} is not signed by the release key`;
	return {condition: 'node-accepts-service', because};
}

/** (c) Its components can be found, its kubelet is not newer than an API server it may meet, and API servers fit together. */
function wrongKubernetes(state: ModelState, node: ModelNode, services: readonly ModelNode[]): Broken | undefined {
	const {kubernetes, role} = node;
	if (!state.componentSets.includes(kubernetes.components))
		return {condition: 'components-exist', because: `the ConfigMap ${kubernetes.components} with its components does not exist`};
	const least = oldestApiServer(state, node, services);
	if (least !== undefined && isNewer(kubernetes.version, least)) {
		const because = `its kubelet ${kubernetes.version} is newer than an API server it meets (${least})`;
		return {condition: 'kubelet-not-newer', because};
	}
	const apart =
		role === 'control-plane' ? services.find(({apiServer}) => minorsApart(apiServer, node.apiServer) > 1n) : undefined;
	if (apart === undefined) return undefined;
	const because = `its API server ${node.apiServer} and that of ${apart.name} (${apart.apiServer}) are more than one minor version apart`;
	return {condition: 'api-servers-together', because};
}

/** (d) The cluster survives the loss of as many control planes as before the upgrade. */
function quorum(state: ModelState, baseline: number): Broken | undefined {
	const left = tolerance(state);
	if (left >= baseline) return undefined;
	const because =
		left < 0
			? 'no majority of control planes is left'
			: `the cluster survives the loss of ${left} control planes only, of ${baseline} before`;
	return {condition: 'quorum-remains', because};
}

/** (e) An administrator can send the master secret to it. */
function unrecoverable({recoverable}: ModelState, {image}: ModelNode): Broken | undefined {
	if (recoverable.includes(image)) return undefined;
	return {condition: 'recover-accepts', because: `recover accepts ${recoverable.join(' and ')} and refuses ${image}`};
}

function minorsApart(left: string, right: string): bigint {
	const [a, b] = [left, right].map(version => BigInt(parseVersion(version)?.numbers[1] ?? 0));
	const apart = (a ?? 0n) - (b ?? 0n);
	return apart < 0n ? -apart : apart;
}

function inWords(step: string, {kind, node, by}: Mishap, {because}: Broken): string {
	const when = step === 'start' ? 'Before the first step' : `After a part of the step ${step}`;
	const how = by === undefined || by === 'template' ? '' : by === 'autoscaler' ? ' by the autoscaler' : ' by a roll-back';
	return `${when}, if ${node} is ${kind}${how}: ${because}.`;
}
