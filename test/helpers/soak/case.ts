import type {World} from '../world.ts';

/** `size` as 3+2: control planes and workers of the cluster that a case begins with. Cases of one size share a cluster while they pass. */
export type SoakCase = {
	name: string;
	size: string;
	/** Gives what there is to say beside that it passed. `image` is one that nobody used before, `serial` its number. */
	run: (world: World, image: string, serial: number) => Promise<string>;
};

export type Outcome = {name: string; passed: boolean; seconds: number; said: string};

export function sizeOf(text: string): {controlPlanes: number; workers: number} {
	const [controlPlanes = 0, workers = 0] = text.split('+').map(Number);
	return {controlPlanes, workers};
}

/** The outcomes as lines of a table, those that failed last. */
export function tableOf(outcomes: readonly Outcome[]): string[] {
	const rows = outcomes
		.toSorted((left, right) => Number(right.passed) - Number(left.passed))
		.map(({name, passed, seconds, said}) => [
			name,
			passed ? 'passed' : 'FAILED',
			`${seconds.toFixed(0)} s`,
			said.split('\n')[0] ?? '',
		]);
	const widths = [0, 1, 2].map(column => Math.max(0, ...rows.map(row => (row[column] ?? '').length)));
	return rows.map(row =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join('  ')
			.trimEnd(),
	);
}
