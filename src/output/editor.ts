import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {AppError, exitCodes} from '../errors.ts';
import type {Surroundings} from './choose.ts';

/**
 * Opens a file in the person's own editor ($VISUAL, $EDITOR, else vi) and waits for its end. The shell splits the variable,
 * as git has it: `code --wait` works. The terminal must have been given back before. Throws AppError `editor-failed` (exit 2).
 */
export async function openEditor(file: string, env: Surroundings['env']): Promise<void> {
	const editor = env['VISUAL'] || env['EDITOR'] || 'vi';
	const child = spawn('/bin/sh', ['-c', `${editor} "$@"`, editor, file], {stdio: 'inherit', env});
	const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
	if (code === 0) return;
	throw new AppError(
		code === 127 ? `There is no editor "${editor}".` : `The editor "${editor}" ended with ${signal ?? `exit code ${code}`}.`,
		{
			code: 'editor-failed',
			exitCode: exitCodes.usage,
			next: ['export EDITOR=nano   or the editor that you use', 'The config is as the editor left it.'],
		},
	);
}
