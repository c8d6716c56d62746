import type {ExitCode, Problem} from '../errors.ts';
import {AppError, exitCodes} from '../errors.ts';
import {oneLine} from '../text.ts';

/** An error in the words and codes every renderer shows. */
export type ErrorView = {
	code: string;
	exitCode: ExitCode;
	message: string;
	problems: readonly Problem[];
	next: readonly string[];
	details: Readonly<Record<string, unknown>>;
};

/**
 * What to show for anything thrown. AppError speaks for itself; an abort is a cancellation; anything else is a bug, for
 * which `crashReport` writes a file (and returns its path) so that no stack covers the screen.
 */
export function describeError(error: unknown, crashReport: (error: unknown) => string): ErrorView {
	if (error instanceof AppError) {
		const {code, exitCode, message, problems, next, details} = error;
		return {code, exitCode, message: oneLine(message, 2000), problems, next, details};
	}
	if (isAbort(error)) return describeError(cancelled(error), crashReport);
	const report = crashReport(error);
	return {
		code: 'bug',
		exitCode: exitCodes.bug,
		message: `Something inside constellation went wrong: ${oneLine(error instanceof Error ? error.message : String(error))}`,
		problems: [],
		next: [`The details are in ${report}; please report them. Nothing in it is secret, but read it first.`],
		details: {report},
	};
}

/** The end of work that was stopped on request. */
export function cancelled(cause?: unknown): AppError {
	return new AppError('Stopped on request. What exists is kept.', {
		code: 'cancelled',
		exitCode: exitCodes.cancelled,
		next: ['Run the same command again to go on.', 'constellation status   shows what exists'],
		...(cause === undefined ? {} : {cause}),
	});
}

/** The end of a view that was left; the work it showed goes on. */
export function detached(): AppError {
	return new AppError('No longer watching; the cluster goes on.', {code: 'detached', exitCode: exitCodes.cancelled});
}

/** What the end of a flow means after the person left it. */
export function leftError(error: unknown, {watching, detaches}: {watching: boolean; detaches: boolean}): unknown {
	if (watching) return detached();
	const isOwn = error instanceof AppError && error.code !== 'cancelled';
	return detaches && !isOwn ? detachedFromUpgrade() : error;
}

function detachedFromUpgrade(): AppError {
	return new AppError('Detached. What the cluster has begun goes on; nothing else is begun.', {
		code: 'detached',
		exitCode: exitCodes.cancelled,
		next: ['constellation upgrade apply   attaches again', 'constellation status          shows how each node is'],
		details: {state: 'detached'},
	});
}

function isAbort(error: unknown): boolean {
	return error instanceof Error && error.name === 'AbortError';
}

/** The lines of an error for people: what happened, each problem with its path and fix, then the next steps. Nothing is said twice. */
export function errorLines(view: ErrorView): string[] {
	const lines = [view.message];
	for (const {path, message, fix} of view.problems) {
		if (message !== view.message) lines.push(`  ${path === '' ? '' : `${path}: `}${oneLine(message)}`);
		if (fix !== undefined && !view.next.includes(fix)) lines.push(`    ${oneLine(fix)}`);
	}
	view.next.forEach((step, index) => {
		lines.push(`${index === 0 ? 'next  ' : '      '}${oneLine(step)}`);
	});
	return lines;
}
