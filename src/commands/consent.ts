import {AppError, exitCodes} from '../errors.ts';
import {chooseFrontEnd, noTerminal} from '../output/choose.ts';
import type {CommandContext} from './types.ts';

/** Whether a person can be asked: not in a pipe, not in CI, not where a machine reads along. */
export function canAsk({surroundings}: Pick<CommandContext, 'surroundings'>): boolean {
	const {stdin, stdout, env, flags} = surroundings;
	const streams = {stdinIsTty: stdin.isTTY, stdoutIsTty: stdout.isTTY};
	return chooseFrontEnd({...streams, env, ...(flags === undefined ? {} : {flags})}) !== 'none';
}

/** A yes to what was just said. Throws AppError `no-terminal` when there is nobody to ask, `declined` when the answer is no. */
export async function agree(context: CommandContext, question: string): Promise<void> {
	if (context.yes) return;
	if (!canAsk(context)) throw noTerminal(['--yes   agrees to it in advance; no check is skipped']);
	const {openAsker} = await import('../output/prompts.ts');
	const asker = await openAsker(context.surroundings);
	try {
		if ((await asker.agree(question, false)) !== true) throw declined();
	} finally {
		asker.close();
	}
}

/** As agree, for what --yes does not cover. `unattended`: the error where nobody can be asked. */
export async function agreeExpressly(context: CommandContext, question: string, unattended: AppError): Promise<void> {
	if (!canAsk(context)) throw unattended;
	await agree({...context, yes: false}, question);
}

/** As agree, for what cannot be undone: the name of the cluster has to be typed. */
export async function agreeByName(context: CommandContext, name: string, what: string): Promise<void> {
	if (context.yes) return;
	if (!canAsk(context)) throw noTerminal(['--yes   agrees to it in advance; no check is skipped']);
	const {typeName} = await import('../output/prompts.ts');
	if (!(await typeName(name, what, context.surroundings))) throw declined();
}

function declined(): AppError {
	return new AppError('Nothing was changed.', {code: 'declined', exitCode: exitCodes.cancelled});
}
