import type {NodeRole} from '../../events.ts';
import type {MachineState} from '../../providers/node-groups.ts';
import type {MachineRecord} from './types.ts';

/** A machine as far as a group's size cares. */
export type Member = {name: string; state: MachineState};

/** Which machines go when a group shrinks: the ones that do not run first, then the newest. */
export const surplus = (members: readonly Member[], size: number): string[] => {
	const ranked = members.toSorted((a, b) => Number(isRunning(b)) - Number(isRunning(a)) || numberOf(a.name) - numberOf(b.name));
	return ranked.slice(size).map(member => member.name);
};

/** The next name of a role. Names are never given twice: a name belongs to one disk and one attestation key. */
export const nextName = (role: NodeRole, used: number): string => `${role}-${used}`;

/** The lowest free position in the network. */
export const freeSlot = (machines: readonly MachineRecord[]): number => {
	const taken = new Set(machines.map(machine => machine.slot));
	let slot = 0;
	while (taken.has(slot)) slot++;
	return slot;
};

const isRunning = (member: Member) => member.state === 'running' || member.state === 'creating';

const numberOf = (name: string) => Number(name.slice(name.lastIndexOf('-') + 1));
