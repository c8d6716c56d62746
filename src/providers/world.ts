import type {Fetch} from '../proxy.ts';
import type {Patience} from './awaited.ts';

/** What a connection to a cloud needs of the world. */
export type CloudWorld = {
	env: NodeJS.ProcessEnv;
	/** Goes through the proxy of the environment. */
	fetch: Fetch;
	now: () => number;
	wait: (milliseconds: number) => Promise<void>;
};

/** A cloud may take a quarter of an hour for a machine; it is asked every five seconds. */
export const cloudPatience = ({now, wait}: Pick<CloudWorld, 'now' | 'wait'>): Patience => ({
	timeoutMs: 15 * 60_000,
	now,
	pause: () => wait(5000),
});
