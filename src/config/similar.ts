function distance(a: string, b: string): number {
	let row = Array.from({length: b.length + 1}, (_, index) => index);
	for (let i = 0; i < a.length; i += 1) {
		const next = [i + 1];
		for (let j = 0; j < b.length; j += 1) {
			const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
			next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, replaced));
		}
		row = next;
	}
	return row.at(-1) ?? 0;
}

/** The candidate that a mistyped word most likely meant: at most two letters off. */
export function similarTo(word: string, candidates: readonly string[]): string | undefined {
	const ranked = candidates.map(candidate => ({candidate, off: distance(word.toLowerCase(), candidate.toLowerCase())}));
	const best = ranked.sort((a, b) => a.off - b.off)[0];
	return best !== undefined && best.off <= 2 ? best.candidate : undefined;
}
