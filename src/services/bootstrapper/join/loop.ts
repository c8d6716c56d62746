import {AttestationRefused} from '../../../attestation/findings.ts';
import {refusalIn} from '../../../attestation/variant.ts';
import {isAborted, pause} from '../../abort.ts';
import type {Instance} from '../../host.ts';
import {isReachable} from '../reachable.ts';
import {ForeignCluster} from './ticket.ts';

export type LoopDeps<Ticket> = {
	own: Instance;
	list: () => Promise<Instance[]>;
	ask: (endpoint: string) => Promise<Ticket>;
	log: (line: string) => void;
	signal: AbortSignal;
	/** Pauses: while nothing answers, and after the first refusal (doubled up to the longest). */
	waits?: {quietMs: number; refusedMs: number; longestMs: number};
};

const usualWaits = {quietMs: 500, refusedMs: 1000, longestMs: 30_000};

/**
 * Asks the JoinServices of the other control planes, one at a time, until one gives a ticket. Nothing there yet is looked for often, a
 * refusal is repeated ever more slowly. Gives undefined when `signal` aborts. Throws ForeignCluster: such a node must stop.
 */
export const askUntilGiven = async <Ticket>(deps: LoopDeps<Ticket>): Promise<Ticket | undefined> => {
	const {own, list, ask, log, signal, waits = usualWaits} = deps;
	let refusedMs = waits.refusedMs;
	let lastMessage = '';
	const tell = (message: string) => {
		// The same thing again and again says nothing new.
		if (message !== lastMessage) log(message);
		lastMessage = message;
	};
	while (!signal.aborted) {
		let isRefused = false;
		for (const endpoint of await joinServices(own, list, tell)) {
			if (isAborted(signal)) return undefined;
			try {
				return await ask(endpoint);
			} catch (error) {
				if (error instanceof ForeignCluster) throw error;
				isRefused = true;
				if (!isAborted(signal)) tell(`no ticket from ${endpoint}: ${describe(error)}`);
			}
		}
		const wait = isRefused ? refusedMs : waits.quietMs;
		if (isRefused) refusedMs = Math.min(refusedMs * 2, waits.longestMs);
		await pause(wait, signal);
	}
	return undefined;
};

/** JoinServices that accept connections, without our own. */
const joinServices = async (
	own: Instance,
	list: () => Promise<Instance[]>,
	tell: (message: string) => void,
): Promise<string[]> => {
	try {
		const others = (await list()).filter(({name, role}) => role === 'control-plane' && name !== own.name);
		const endpoints = others.map(({endpoints}) => endpoints.join);
		const reachable = await Promise.all(endpoints.map(isReachable));
		const found = endpoints.filter((_, index) => reachable[index]);
		if (found.length === 0) tell('waiting for a JoinService of the cluster');
		return found;
	} catch (error) {
		tell(`the list of machines cannot be read: ${describe(error)}`);
		return [];
	}
};

const describe = (error: unknown): string => {
	const refused = refusalIn(error);
	if (refused instanceof AttestationRefused) return refused.findings.map(({message}) => message).join(' ');
	return error instanceof Error ? error.message : String(error);
};
