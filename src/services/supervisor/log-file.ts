import {closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync} from 'node:fs';
import {dirname} from 'node:path';

export type LogFile = {path: string; write(chunk: Uint8Array): void; close(): void};

const longestLine = 16 * 1024;

/**
 * Appends lines to `path`, each as `<RFC 3339 time> <text>`. At `limit` bytes the file becomes `path.1` (the one before it is dropped)
 * and a new one begins, so that a service never takes more than twice the limit. Mode 0600.
 */
export const openLogFile = (path: string, limit = 1024 * 1024, now: () => Date = () => new Date()): LogFile => {
	mkdirSync(dirname(path), {recursive: true, mode: 0o700});
	const append = () => openSync(path, 'a', 0o600);
	let file = append();
	let size = fstatSync(file).size;
	let open = true;
	let rest = '';
	const decoder = new TextDecoder();

	const put = (line: string) => {
		const bytes = Buffer.from(`${now().toISOString()} ${line}\n`, 'utf8');
		if (size + bytes.length > limit && size > 0) {
			closeSync(file);
			if (existsSync(path)) renameSync(path, `${path}.1`);
			file = append();
			size = 0;
		}
		writeSync(file, bytes);
		size += bytes.length;
	};

	return {
		path,
		write(chunk) {
			if (!open) return;
			const lines = (rest + decoder.decode(chunk, {stream: true})).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) put(line);
			// A service that never ends its line must not fill the memory of its node.
			if (rest.length > longestLine) {
				put(rest);
				rest = '';
			}
		},
		close() {
			if (!open) return;
			if (rest !== '') put(rest);
			open = false;
			closeSync(file);
		},
	};
};
