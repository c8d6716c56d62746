import {EventEmitter} from 'node:events';
import {PassThrough} from 'node:stream';
import {ReadStream, WriteStream} from 'node:tty';
import type {OutputOptions} from '../../src/output/types.ts';

export type Captured = OutputOptions & {
	signals: EventEmitter;
	out(): string;
	err(): string;
	exits: number[];
	type(keys: string): void;
};

/** Streams in memory that pass for a terminal (or a pipe), and everything else an output needs. */
export function capture({
	tty = false,
	columns = 80,
	rows = 24,
	env = {},
}: {
	tty?: boolean;
	columns?: number;
	rows?: number;
	env?: Record<string, string>;
} = {}): Captured {
	const written = {out: '', err: ''};
	const stream = (name: 'out' | 'err') => {
		const through = new PassThrough();
		through.on('data', (chunk: Buffer) => {
			written[name] += chunk.toString();
		});
		return Object.assign(Object.create(WriteStream.prototype) as WriteStream, bound(through), {isTTY: tty, columns, rows});
	};
	const stdin = new PassThrough();
	const exits: number[] = [];
	return {
		stdin: Object.assign(Object.create(ReadStream.prototype) as ReadStream, bound(stdin), {
			isTTY: tty,
			setRawMode: () => undefined,
			ref: () => undefined,
			unref: () => undefined,
		}),
		stdout: stream('out'),
		stderr: stream('err'),
		env: {LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env},
		platform: 'linux',
		signals: new EventEmitter(),
		now: () => 1_790_000_009_000,
		exitNow: code => {
			exits.push(code);
		},
		crashReport: () => '/tmp/report.txt',
		out: () => written.out,
		err: () => written.err,
		exits,
		type: keys => {
			stdin.write(keys);
		},
	};
}

// The methods of a stream, bound to it, so that they can stand on an object of another class.
function bound(stream: PassThrough) {
	return {
		write: stream.write.bind(stream),
		end: stream.end.bind(stream),
		on: stream.on.bind(stream),
		off: stream.off.bind(stream),
		once: stream.once.bind(stream),
		addListener: stream.addListener.bind(stream),
		removeListener: stream.removeListener.bind(stream),
		emit: stream.emit.bind(stream),
		pause: stream.pause.bind(stream),
		resume: stream.resume.bind(stream),
		read: stream.read.bind(stream),
	};
}
