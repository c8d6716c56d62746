/** Milliseconds that an upgrade takes at least and at most, and what that is taken from. */
export type TimeRange = {least: number; most: number; basis: 'recorded' | 'default'; samples: number};

/** Replacing one node: what it takes where nothing was recorded yet. */
const defaults = {local: {least: 3000, most: 30_000}, machines: {least: 120_000, most: 900_000}};
/** The steps around the replacements: backup, policies, challenge. */
const around = {least: 1000, most: 20_000};

/** The time for some replacements, one after the other in as many lanes as there are extra machines. */
export function timeRange(pairs: number, lanes: number, recorded: readonly number[], isLocal: boolean): TimeRange {
	const {least, most} =
		recorded.length > 0 ? {least: Math.min(...recorded), most: Math.max(...recorded)} : defaults[isLocal ? 'local' : 'machines'];
	const rounds = Math.ceil(pairs / Math.max(1, lanes));
	return {
		least: rounds * least + around.least,
		// Draining takes as long as pods need, which no record of other workloads tells.
		most: rounds * most * 2 + around.most,
		basis: recorded.length > 0 ? 'recorded' : 'default',
		samples: recorded.length,
	};
}
