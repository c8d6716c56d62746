import {exitCodes} from '../errors.ts';
import {describeError, leftError} from './describe-error.ts';
import {drive} from './drive.ts';
import {interruptible, leftAtOnce} from './interrupt.ts';
import type {Output, OutputOptions} from './types.ts';

/** JSON Lines on stdout and nothing else: each event, then one `{"type":"result"}`, be it success or error (docs/events.md). */
export function jsonOutput(options: Pick<OutputOptions, 'stdout' | 'signals' | 'exitNow' | 'crashReport'>): Output {
	let command = '';
	const write = (value: object) => {
		options.stdout.write(`${JSON.stringify({v: 1, ...value})}\n`);
	};
	return {
		kind: 'json',
		run: async (title, start, {watching = false, detaches = false} = {}) => {
			command = title;
			const abort = new AbortController();
			const interrupt = interruptible({
				signals: options.signals,
				stop: () => {
					abort.abort();
				},
				now: exitCode => {
					write({
						type: 'result',
						ok: false,
						doing: title,
						code: 'cancelled',
						exitCode,
						message: leftAtOnce,
						problems: [],
						next: [],
					});
					options.exitNow(exitCode);
				},
			});
			try {
				return await drive(start(abort.signal), write, abort.signal);
			} catch (error) {
				throw abort.signal.aborted ? leftError(error, {watching, detaches}) : error;
			} finally {
				interrupt.release();
			}
		},
		result: result => {
			write({type: 'result', ok: true, exitCode: exitCodes.done, command: result.command, ...result.data});
		},
		fail: error => {
			const {details, ...view} = describeError(error, options.crashReport);
			write({type: 'result', ok: false, ...(command === '' ? {} : {doing: command}), ...view, ...details});
			return view.exitCode;
		},
	};
}
