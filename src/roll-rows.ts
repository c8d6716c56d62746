import type {NodeRole, PhaseId} from './events.ts';
import type {Lane, LiveView, Replacement} from './fold.ts';
import {count, oneLine} from './text.ts';

/** One node of a pair: where the upgrade has it and, where it is on its way in, its lane. */
export type RollSide = {name: string; replacement?: Replacement; lane?: Lane};

/** A node that goes and the one that comes for it, beside each other. `key` names the row, whatever comes in later. */
export type RollRow = {key: string; role: NodeRole; old?: RollSide; fresh?: RollSide};

const going: ReadonlySet<string> = new Set(['outdated', 'replacing', 'draining', 'leaving', 'removed']);
const byName = new Intl.Collator('en', {numeric: true});

/** The nodes of a roll in pairs: control planes first, then by the name of the old one. Empty where no upgrade is told of. */
export function rollRows({replacements, lanes}: LiveView): RollRow[] {
	if (replacements.size === 0) return [];
	const paired = new Set<string>();
	const side = (name: string): RollSide => {
		paired.add(name);
		const [replacement, lane] = [replacements.get(name), lanes.get(name)];
		return {
			name,
			...(replacement === undefined ? {} : {replacement}),
			...(lane === undefined ? {} : {lane}),
		};
	};
	const all = [...replacements.values()];
	const heirs = new Map(
		all.flatMap(({node, partner, state}) => (partner === undefined || going.has(state) ? [] : [[partner, node]])),
	);
	const rows = all
		.filter(({state}) => going.has(state))
		.map(({node, role, partner}): RollRow => {
			const heir = heirs.get(node) ?? partner;
			const isHeir = heir !== undefined && !going.has(replacements.get(heir)?.state ?? '') && !paired.has(heir);
			return {key: node, role, old: side(node), ...(isHeir ? {fresh: side(heir)} : {})};
		});
	for (const {node, role} of all) if (!paired.has(node)) rows.push({key: node, role, fresh: side(node)});
	// A machine may tell of its boot before anybody says what it is for.
	for (const {name, role} of lanes.values()) if (!paired.has(name)) rows.push({key: name, role, fresh: side(name)});
	return rows.sort((a, b) => (a.role === b.role ? byName.compare(a.key, b.key) : a.role === 'control-plane' ? -1 : 1));
}

/** How many nodes of a role are what they should be, of how many. Machines that are not needed, or only come in addition, do not count. */
export function rollCounts(view: LiveView, role?: NodeRole): {replaced: number; total: number} {
	const rows = rollRows(view).filter(row => role === undefined || row.role === role);
	const done = ({old, fresh}: RollRow) => (old ?? fresh)?.replacement?.state === (old === undefined ? 'current' : 'removed');
	const replaced = rows.filter(done).length;
	return {replaced, total: rows.filter(row => row.old !== undefined || done(row)).length};
}

/** The role that a phase of an upgrade replaces. */
export function roleOfPhase(id: PhaseId): NodeRole | undefined {
	return id === 'control-planes' ? 'control-plane' : id === 'workers' ? 'worker' : undefined;
}

/** The row that a person should see while none is chosen: one that is held up, else one that moves, else the next. */
export function rowInWork(rows: readonly RollRow[]): number {
	const state = ({old}: RollRow) => old?.replacement?.state ?? '';
	const first = (test: (row: RollRow) => boolean) => rows.findIndex(row => test(row));
	const found = [
		first(({fresh}) => fresh?.lane?.refused !== undefined),
		first(({old}) => old?.replacement?.blockedBy !== undefined),
		first(row => ['replacing', 'draining', 'leaving'].includes(state(row))),
		first(({fresh}) => fresh?.replacement?.state === 'joining'),
		first(row => state(row) === 'outdated'),
	].find(index => index !== -1);
	return found ?? 0;
}

/** What a drain waits for, to be put behind a word: `, 2 pods left, waits for disruption budget web/front`. */
export function drainWords({podsLeft, blockedBy}: {podsLeft?: number | undefined; blockedBy?: string | undefined}): string {
	const left = podsLeft === undefined ? '' : `, ${podsLeft === 0 ? 'no pods left' : `${count(podsLeft, 'pod')} left`}`;
	return `${left}${blockedBy === undefined ? '' : `, waits for disruption budget ${oneLine(blockedBy, 200)}`}`;
}
