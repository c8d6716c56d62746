import path from 'node:path';
import type {Event, Flow, PhaseId} from '../events.ts';
import {dataHome} from '../releases/data-home.ts';
import {addRun, type Run, readRuns} from '../workspace/durations.ts';

/** How many of the newest runs an estimate looks at. */
const newest = 10;

const fileIn = (env: Readonly<Record<string, string | undefined>>): string => path.join(dataHome(env), 'durations.json');

/**
 * A flow that first says how long its phases took before, where runs of the same kind are recorded, and records its own
 * when it succeeds. `what`: the kind, such as `apply local 3 nodes`.
 */
export async function* timed<R>(env: Readonly<Record<string, string | undefined>>, what: string, flow: Flow<R>): Flow<R> {
	const file = fileIn(env);
	const runs = (await readRuns(file)).filter(run => run.what === what).slice(-newest);
	const phases: Record<string, number> = {};
	const started = new Map<PhaseId, number>();
	let isSaid = runs.length === 0;
	for (;;) {
		const {done, value} = await flow.next();
		if (done) {
			// A disk that is full or read-only costs the next run its estimate, not this one its success.
			await addRun(file, {what, phases}).catch(() => undefined);
			return value;
		}
		if (!isSaid) yield {type: 'estimate', phases: usual(runs), runs: runs.length, at: value.at};
		isSaid = true;
		note(value, started, phases);
		yield value;
	}
}

function note(event: Event, started: Map<PhaseId, number>, phases: Record<string, number>): void {
	if (event.type !== 'phase') return;
	const since = started.get(event.id);
	if (event.state === 'started') started.set(event.id, event.at);
	else if (event.state === 'done' && since !== undefined) phases[event.id] = (phases[event.id] ?? 0) + event.at - since;
}

/** The median of each phase: one run on a busy machine, or one that had half of it already, does not count for much. */
function usual(runs: readonly Run[]): {id: string; milliseconds: number}[] {
	const ids = [...new Set(runs.flatMap(({phases}) => Object.keys(phases)))];
	return ids.map(id => {
		const took = runs.flatMap(({phases}) => phases[id] ?? []).sort((a, b) => a - b);
		return {id, milliseconds: Math.round(took[Math.floor(took.length / 2)] ?? 0)};
	});
}
