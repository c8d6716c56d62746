import type {Event, Flow} from '../events.ts';

/** Events that come beside a flow's own; ends when the signal aborts. */
export type Background = (signal: AbortSignal) => AsyncIterable<Event>;

/**
 * Runs a flow and hands on, as they come, its events and those of the backgrounds. Ends with the flow: backgrounds are told
 * to stop then. An error of a background ends everything.
 */
export async function* withBackground<R>(flow: Flow<R>, backgrounds: readonly Background[], signal: AbortSignal): Flow<R> {
	const stop = new AbortController();
	const events: Event[] = [];
	let wake = Promise.withResolvers<undefined>();
	const push = (event: Event) => {
		events.push(event);
		wake.resolve(undefined);
	};
	let outcome: {value: R} | {error: unknown} | undefined;
	const settle = (end: typeof outcome) => {
		outcome ??= end;
		wake.resolve(undefined);
	};

	const foreground = (async () => {
		for (;;) {
			const next = await flow.next();
			if (next.done === true) return next.value;
			push(next.value);
		}
	})().then(
		value => settle({value}),
		(error: unknown) => settle({error}),
	);
	const others = backgrounds.map(async background => {
		const either = AbortSignal.any([signal, stop.signal]);
		try {
			for await (const event of background(either)) {
				if (either.aborted) return;
				push(event);
			}
		} catch (error) {
			if (!either.aborted) settle({error});
		}
	});

	try {
		for (;;) {
			for (let event = events.shift(); event !== undefined; event = events.shift()) yield event;
			if (outcome !== undefined) break;
			await wake.promise;
			wake = Promise.withResolvers<undefined>();
			if (events.length > 0) wake.resolve(undefined);
		}
	} finally {
		stop.abort();
		if (outcome === undefined || 'error' in outcome)
			void flow.return(undefined as R).catch(() => undefined /* The flow's own error was told already. */);
		await Promise.all(others);
	}
	if ('error' in outcome) throw outcome.error;
	await foreground;
	return outcome.value;
}
