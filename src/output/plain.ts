import {AppError} from '../errors.ts';
import {emptyView, fold} from '../fold.ts';
import {detachSentence} from '../wizard/live.ts';
import {describeError, errorLines, leftError} from './describe-error.ts';
import {drive} from './drive.ts';
import {interruptible, leaveAtOnce} from './interrupt.ts';
import {plainLines, stamped} from './plain-lines.ts';
import type {Output, OutputOptions} from './types.ts';

/** Lines: progress to stderr, results to stdout, no escape sequences, nothing said twice in a row. */
export function plainOutput(options: Pick<OutputOptions, 'stdout' | 'stderr' | 'signals' | 'exitNow' | 'crashReport'>): Output {
	const {stdout, stderr} = options;
	const say = (line: string) => {
		stderr.write(`${line}\n`);
	};
	return {
		kind: 'plain',
		run: async (title, start, {watching = false, detaches = false} = {}) => {
			const abort = new AbortController();
			const interrupt = interruptible({
				signals: options.signals,
				stop: () => {
					if (detaches) say(detachSentence);
					else if (!watching) say('Stopping cleanly; what exists is kept. Press Ctrl-C again to stop now.');
					abort.abort();
				},
				now: exitCode => {
					leaveAtOnce(options, exitCode);
				},
			});
			say(title);
			let view = emptyView;
			let last = '';
			try {
				return await drive(
					start(abort.signal),
					event => {
						const lines = plainLines(event, view);
						const text = lines.join('\n');
						if (lines.length > 0 && text !== last) {
							stamped(lines, event, view).forEach(say);
							last = text;
						}
						view = fold(view, event);
					},
					abort.signal,
				);
			} catch (error) {
				throw abort.signal.aborted ? leftError(error, {watching, detaches}) : error;
			} finally {
				interrupt.release();
			}
		},
		result: ({lines}) => {
			if (lines.length > 0) stdout.write(`${lines.join('\n')}\n`);
		},
		fail: error => {
			if (error instanceof AppError && error.report.length > 0) stdout.write(`${error.report.join('\n')}\n`);
			const view = describeError(error, options.crashReport);
			errorLines(view).forEach(say);
			return view.exitCode;
		},
	};
}
