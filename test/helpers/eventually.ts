/** Waits until `check` gives something, at most a minute. */
export const eventually = async <T>(check: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> => {
	const end = Date.now() + 60_000;
	for (;;) {
		const value = await check();
		if (value !== undefined && value !== false) return value;
		if (Date.now() > end) throw new Error('it did not happen');
		await new Promise(resolve => setTimeout(resolve, 10));
	}
};
