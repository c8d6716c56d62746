import type {LiveView} from './fold.ts';
import {duration} from './text.ts';

/**
 * How much longer the work will take, in words, by recorded runs of its kind; nothing where there are none, or where it
 * takes longer than it ever should. Pure.
 */
export function remaining({estimate, phases}: Pick<LiveView, 'estimate' | 'phases'>, now: number): string | undefined {
	if (estimate === undefined) return undefined;
	let left = 0;
	for (const [id, usual] of Object.entries(estimate.phases)) {
		const phase = phases.find(other => other.id === id);
		if (phase === undefined) left += usual;
		else if (phase.state === 'failed') return undefined;
		else if (phase.state === 'started') {
			const over = now - phase.startedAt - usual;
			// A second is nothing; much more than usual is worth a word instead of a promise.
			if (over > Math.max(2000, usual / 2)) return 'longer than usual';
			left += Math.max(0, -over);
		}
	}
	return left < 1000 ? undefined : `about ${duration(left)} left`;
}
