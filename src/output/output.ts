import {chooseRenderer} from './choose.ts';
import {jsonOutput} from './json.ts';
import {chooseLinks, linked} from './links.ts';
import {plainOutput} from './plain.ts';
import type {Output, OutputOptions} from './types.ts';

export type {Output, OutputOptions, Result} from './types.ts';

/** The output of a command for where it runs. Ink and React are loaded only when they draw. */
export async function createOutput(options: OutputOptions): Promise<Output> {
	const kind = chooseRenderer({
		stdinIsTty: options.stdin.isTTY,
		stdoutIsTty: options.stdout.isTTY,
		env: options.env,
		...(options.flags === undefined ? {} : {flags: options.flags}),
	});
	if (kind === 'json') return jsonOutput(options);
	const plain = plainOutput(options);
	if (kind === 'plain') return plain;
	const {runWithInk} = await import('./run-with-ink.tsx');
	return {
		...plain,
		kind: 'ink',
		run: async (title, start, run) => runWithInk(title, start, options, run),
		result: result => {
			plain.result(chooseLinks(options.env) ? {...result, lines: result.lines.map(linked)} : result);
		},
	};
}
