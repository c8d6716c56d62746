import {addressBytes} from '../keys/addresses.ts';

export type GateLimits = {
	/** Handshakes that may be under way from one source, and from all. */
	perSource: number;
	total: number;
	/** Handshakes that a source may begin in a second, on average and at once. */
	perSecond: number;
	burst: number;
};

export const defaultGateLimits: GateLimits = {perSource: 64, total: 256, perSecond: 200, burst: 400};

type Source = {pending: number; tokens: number; at: number};

const rememberedSources = 4096;

/** Counts handshakes by source. `enter` gives a function to call when the handshake is over, or undefined when it is too many. */
export const createGate = (
	limits: GateLimits,
	now: () => number = Date.now,
): {enter(address: string): (() => void) | undefined} => {
	const sources = new Map<string, Source>();
	let total = 0;
	return {
		enter(address) {
			const key = sourceOf(address);
			const source = sources.get(key) ?? {pending: 0, tokens: limits.burst, at: now()};
			refill(source, limits, now());
			if (total >= limits.total || source.pending >= limits.perSource || source.tokens < 1) return undefined;
			source.tokens -= 1;
			source.pending += 1;
			total += 1;
			sources.delete(key);
			sources.set(key, source);
			forgetOldest(sources);
			return once(() => {
				source.pending -= 1;
				total -= 1;
			});
		},
	};
};

const refill = (source: Source, limits: GateLimits, at: number): void => {
	source.tokens = Math.min(limits.burst, source.tokens + (Math.max(0, at - source.at) / 1000) * limits.perSecond);
	source.at = at;
};

const forgetOldest = (sources: Map<string, Source>): void => {
	for (const [key, source] of sources) {
		if (sources.size <= rememberedSources) return;
		if (source.pending === 0) sources.delete(key);
	}
};

const once = (action: () => void): (() => void) => {
	let done = false;
	return () => {
		if (!done) action();
		done = true;
	};
};

/** One source is an IPv4 address or an IPv6 network of 64 bits, which one host can have to itself. */
const sourceOf = (address: string): string => {
	const bytes = addressBytes(address.replace(/^::ffff:(?=\d+\.)/, ''));
	return bytes ? Buffer.from(bytes.subarray(0, 8)).toString('hex') : address;
};

/** Runs tasks one after the other; refuses a task when `limit` are waiting already. */
export const createQueue = (limit: number): (<T>(task: () => Promise<T>) => Promise<T>) => {
	let waiting = 0;
	let last: Promise<unknown> = Promise.resolve();
	return async task => {
		if (waiting >= limit) throw new Error('too many quotes are waiting');
		waiting += 1;
		const result = last.then(task).finally(() => {
			waiting -= 1;
		});
		// The next task waits for this one, whether it worked or not.
		last = result.catch(() => undefined);
		return result;
	};
};
