/** Median seconds of one call, over `rounds` rounds of `batch` calls each. */
export async function medianSeconds(run: () => unknown, {rounds = 15, batch = 50} = {}): Promise<number> {
	await run();
	const samples: number[] = [];
	for (let round = 0; round < rounds; round++) {
		const start = performance.now();
		for (let call = 0; call < batch; call++) await run();
		samples.push((performance.now() - start) / 1000 / batch);
	}
	samples.sort((left, right) => left - right);
	return samples[Math.floor(rounds / 2)] ?? Number.NaN;
}

/**
 * Fastest seconds of one call of each, in turns, so that a machine that does other things slows all of them down alike: what is
 * compared with each other belongs into one call.
 */
export async function fastestSeconds(runs: readonly (() => unknown)[], {rounds = 150, batch = 5} = {}): Promise<number[]> {
	const fastest = runs.map(() => Number.POSITIVE_INFINITY);
	for (let round = 0; round < rounds; round++) {
		for (const [index, run] of runs.entries()) {
			const start = performance.now();
			for (let call = 0; call < batch; call++) await run();
			fastest[index] = Math.min(fastest[index] ?? Number.POSITIVE_INFINITY, (performance.now() - start) / 1000 / batch);
		}
	}
	return fastest;
}

/** One line of a report: the figure, what it is compared with in the same run, and their ratio. */
export function report(what: string, seconds: number, against: string, base: number, target: string): void {
	const ms = (value: number) => `${(value * 1000).toFixed(3)} ms`;
	console.log(`${what}: ${ms(seconds)}; ${against}: ${ms(base)}; ratio ${(seconds / base).toFixed(2)} (target ${target})`);
}
