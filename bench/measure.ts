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

/** One line of a report: the figure, what it is compared with in the same run, and their ratio. */
export function report(what: string, seconds: number, against: string, base: number, target: string): void {
	const ms = (value: number) => `${(value * 1000).toFixed(3)} ms`;
	console.log(`${what}: ${ms(seconds)}; ${against}: ${ms(base)}; ratio ${(seconds / base).toFixed(2)} (target ${target})`);
}
