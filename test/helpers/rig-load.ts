/** What one kind of request came to while a rig ran; times in milliseconds. `late`: not answered within the limit, failed all the same. */
export type Load = {count: number; failed: number; late: number; p50: number; p99: number; slowest: number};

/** Counts requests of one kind, and what went wrong with them. */
export const newCounter = (what: string, failures: string[]) => {
	const times: number[] = [];
	const open = new Set<Promise<void>>();
	let [failed, late] = [0, 0];
	const run = async (request: (signal: AbortSignal) => Promise<void>) => {
		const began = performance.now();
		const limit = AbortSignal.timeout(limitMs);
		try {
			await request(limit);
		} catch (error) {
			failed += 1;
			if (limit.aborted) late += 1;
			failures.push(`${new Date().toISOString()} ${what}: ${error instanceof Error ? error.message : String(error)}`);
		}
		times.push(performance.now() - began);
	};
	return {
		/** Runs a request once: it succeeds within the limit or counts as failed. */
		send(request: (signal: AbortSignal) => Promise<void>) {
			const sent: Promise<void> = run(request).finally(() => open.delete(sent));
			open.add(sent);
		},
		idle: async () => {
			await Promise.all(open);
		},
		load(): Load {
			const sorted = times.toSorted((left, right) => left - right);
			const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
			return {count: times.length, failed, late, p50: at(0.5), p99: at(0.99), slowest: at(1)};
		},
	};
};

const limitMs = 5000;

/** Calls `act` so many times a second, whatever became of the calls before; gives what ends that. */
export function every(perSecond: number, act: (index: number) => void): () => void {
	const began = performance.now();
	let done = 0;
	const timer = setInterval(() => {
		const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
		for (; done < due; done += 1) act(done);
	}, 5);
	return () => clearInterval(timer);
}
