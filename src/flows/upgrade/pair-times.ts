import type {Event} from '../../events.ts';
import type {Journal, JournalEntry} from '../../workspace/journal.ts';

/**
 * Notes in the journal when a node's replacement was made and when the node itself was gone. What had begun before the first look is left
 * out: nobody knows when.
 */
export function pairRecorder(journal: Journal): (events: readonly Event[]) => Promise<void> {
	const open = new Set<string>();
	let looked = false;
	return async events => {
		for (const event of events) {
			if (event.type !== 'replacement') continue;
			if (event.state === 'joining' && event.partner !== undefined && looked && !open.has(event.partner)) {
				open.add(event.partner);
				await journal.intent('replace', {resource: event.partner});
			} else if (event.state === 'removed' && open.delete(event.node)) await journal.done('replace', {resource: event.node});
		}
		looked = true;
	};
}

/** How long it took to replace nodes in this workspace, in milliseconds; how long to add some, where none was replaced yet. */
export function recordedDurations(entries: readonly JournalEntry[]): number[] {
	const of = (step: JournalEntry['step']): number[] => {
		const began = new Map<string, number>();
		const found: number[] = [];
		for (const {state, at, resource = '', ...entry} of entries) {
			if (entry.step !== step) continue;
			const from = began.get(resource);
			began.delete(resource);
			if (state === 'intent') began.set(resource, at);
			else if (state === 'done' && from !== undefined) found.push(at - from);
		}
		return found;
	};
	const replaced = of('replace');
	return replaced.length > 0 ? replaced : of('scale');
}
