import {AppError, exitCodes, type Problem} from '../errors.ts';
import type {RunResult} from './run.ts';
import type {LockHolder} from './state-file.ts';

type Diagnostic = {summary: string; detail: string; address?: string};

/** The AppError for a Terraform that failed: `state-locked` with its holder, else `terraform-failed` with its diagnostics as problems. */
export const failure = (
	command: string,
	result: RunResult,
	errors: readonly Diagnostic[],
	holder: LockHolder | undefined,
): AppError => {
	const locked = errors.some(error => error.summary.includes('state lock'));
	if (locked) {
		const by =
			holder === undefined ? 'another Terraform' : `Terraform ${holder.operation} of ${holder.who} since ${holder.since}`;
		return new AppError(`The Terraform state is locked by ${by}${holder?.pid === undefined ? '' : ` (process ${holder.pid})`}.`, {
			code: 'state-locked',
			exitCode: exitCodes.infrastructure,
			next: ['Wait until it has ended, then run the command again.'],
			...(holder && {details: {holder}}),
		});
	}
	const [first] = errors;
	const problems = errors.map((error): Problem => ({path: error.address ?? 'terraform', message: sentence(error)}));
	// The details are in the problems, once.
	const why = first === undefined ? (lastLine(result.stderr) ?? `it ended with code ${result.exitCode}`) : first.summary.trim();
	return new AppError(`Terraform ${command} failed: ${why}`, {
		code: 'terraform-failed',
		exitCode: exitCodes.infrastructure,
		next: [
			...([why, ...problems.map(({message}) => message)].some(isFull) ? ['The disk is full: free some space first.'] : []),
			'Run the command again: what is there already stays.',
			'Everything Terraform said is in constellation-terraform/last-run.jsonl.',
		],
		problems,
	});
};

const isFull = (text: string): boolean => /ENOSPC|no space left/i.test(text);

const sentence = ({summary, detail}: Diagnostic): string => {
	const shown = detail === '' ? summary : `${summary}: ${detail}`;
	return shown.replace(/\s+/g, ' ').trim();
};

const lastLine = (text: string): string | undefined => text.trim().split('\n').at(-1) || undefined;
