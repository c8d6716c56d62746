import type {Event, EventOf, NodeRole, ReplacementState} from '../../events.ts';
import type {KubeObject} from '../../kubernetes/kube.ts';
import {upgradeAnnotations} from '../../kubernetes/upgrade-annotations.ts';
import type {Machine} from '../../providers/node-groups.ts';

/** The objects that tell how far a roll is. */
export type RollObjects = {
	nodes: readonly KubeObject[];
	pending: readonly KubeObject[];
	maintenances: readonly KubeObject[];
	machines: readonly Machine[];
};

export type RollEntry = Omit<EventOf<'replacement'>, 'type' | 'at'>;

/** Where each node stands on the way to `image`, by name; from the objects of the cluster alone. */
export function rollOf({nodes, pending, maintenances, machines}: RollObjects, image: string): Map<string, RollEntry> {
	const roll = new Map<string, RollEntry>();
	for (const node of nodes) {
		const {name} = node.metadata;
		const maintenance = maintenances.find(each => (each['spec'] as {nodeName?: string} | undefined)?.nodeName === name);
		const goal = goalOf(pending.find(each => each.metadata.name === name));
		roll.set(name, nodeEntry(node, image, maintenance, goal));
	}
	for (const each of pending) {
		const {name, annotations} = each.metadata;
		if (roll.has(name)) continue;
		const machine = machines.find(other => other.name === name);
		const partner = annotations?.[upgradeAnnotations.donor];
		roll.set(name, {
			node: name,
			role: machine?.role ?? roleOf(nodes.find(other => other.metadata.name === partner)),
			state: goalOf(each) === 'Leave' ? 'leaving' : 'joining',
			...(machine === undefined ? {} : {image: machine.image}),
			...(partner === undefined ? {} : {partner}),
		});
	}
	return roll;
}

function nodeEntry(node: KubeObject, image: string, maintenance: KubeObject | undefined, goal: unknown): RollEntry {
	const {name, annotations = {}} = node.metadata;
	const [own, heir, donor] = [
		annotations[upgradeAnnotations.nodeImage],
		annotations[upgradeAnnotations.heir],
		annotations[upgradeAnnotations.donor],
	];
	const partner = heir ?? donor;
	const entry = (state: ReplacementState): RollEntry => ({
		node: name,
		role: roleOf(node),
		state,
		...(own === undefined ? {} : {image: own}),
		...(partner === undefined ? {} : {partner}),
	});
	if (goal === 'Leave') return entry('leaving');
	if (maintenance !== undefined) return {...entry('draining'), ...drainOf(maintenance)};
	if (annotations[upgradeAnnotations.obsolete] === 'true') return entry('surplus');
	if (goal === 'Join') return entry('joining');
	if (own === image) return entry(donor === undefined ? 'current' : 'joining');
	return entry(heir === undefined ? 'outdated' : 'replacing');
}

function drainOf({metadata: {annotations = {}}, status}: KubeObject): Pick<RollEntry, 'podsLeft' | 'blockedBy'> {
	const {pendingPods = []} = (status ?? {}) as {pendingPods?: unknown[]};
	const blocked = annotations[`constellation.edgeless.systems/blocking-budgets`];
	return {podsLeft: pendingPods.length, ...(blocked === undefined || blocked === '' ? {} : {blockedBy: blocked})};
}

const goalOf = (pending: KubeObject | undefined): unknown => (pending?.['spec'] as {goal?: unknown} | undefined)?.goal;

const roleOf = (node: KubeObject | undefined): NodeRole =>
	node?.metadata.labels?.['node-role.kubernetes.io/control-plane'] === undefined ? 'worker' : 'control-plane';

/** As `after`, with those that only their objects left: a machine that is still there is on its way out. */
export function withLeaving(
	before: ReadonlyMap<string, RollEntry>,
	after: ReadonlyMap<string, RollEntry>,
	machines: readonly Machine[],
): Map<string, RollEntry> {
	const roll = new Map(after);
	for (const [name, entry] of before) {
		if (!roll.has(name) && machines.some(machine => machine.name === name)) roll.set(name, {...entry, state: 'leaving'});
	}
	return roll;
}

/** The events that lead from one look to the next: what changed, and who is not there any more. */
export function rollEvents(before: ReadonlyMap<string, RollEntry>, after: ReadonlyMap<string, RollEntry>, at: number): Event[] {
	const changed = [...after.values()].filter(entry => {
		const shown = before.get(entry.node);
		// Who leaves is told from another object each time; it leaves once.
		if (entry.state === 'leaving' && shown?.state === 'leaving') return false;
		return JSON.stringify(entry) !== JSON.stringify(shown);
	});
	const gone = [...before.values()].filter(({node, state}) => !after.has(node) && state !== 'removed');
	return [
		...changed.map((entry): Event => ({type: 'replacement', ...entry, at})),
		...gone.map(({node, role, image}): Event => {
			return {type: 'replacement', node, role, state: 'removed', ...(image === undefined ? {} : {image}), at};
		}),
	];
}
