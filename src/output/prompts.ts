import type {Asker} from './asker.ts';
import {chooseFrontEnd, noTerminal} from './choose.ts';
import type {OutputOptions} from './types.ts';

/** An asker for this terminal: clack's prompts, or bare lines where nothing may be redrawn (TERM=dumb, screen readers). */
export async function openAsker(options: OutputOptions): Promise<Asker> {
	const frontEnd = chooseFrontEnd({
		stdinIsTty: options.stdin.isTTY,
		stdoutIsTty: options.stdout.isTTY,
		env: options.env,
		...(options.flags === undefined ? {} : {flags: options.flags}),
	});
	if (frontEnd === 'none') throw noTerminal(['name every answer as a flag, and --yes to ask nothing']);
	if (frontEnd === 'lines') return (await import('./line-prompts.ts')).linePrompts(options);
	return (await import('./clack-prompts.ts')).clackPrompts(options);
}

/** For what cannot be undone: true only if the person types the name. `what` says what will happen, as a sentence. */
export async function typeName(name: string, what: string, options: OutputOptions): Promise<boolean> {
	const asker = await openAsker(options);
	try {
		const answer = await asker.ask(`${what} Type ${name} to go on, or anything else to stop.`);
		return answer?.trim() === name;
	} finally {
		asker.close();
	}
}

/** A yes or no; undefined when the person cancels. */
export async function agreeInLines(question: string, options: OutputOptions, initial: boolean): Promise<boolean | undefined> {
	const asker = await openAsker(options);
	try {
		return await asker.agree(question, initial);
	} finally {
		asker.close();
	}
}
