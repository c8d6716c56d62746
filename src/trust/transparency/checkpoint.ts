import {verify} from 'node:crypto';
import {fromBase64, sameBytes} from '../../attestation/bytes.ts';
import {keyOf, type Log, logIdOf} from './log-key.ts';

/** Size and root hash of the tree that a log vouches for. */
export type Checkpoint = {size: number; root: Uint8Array};

const maxSize = 16 * 1024;

/**
 * Reads a checkpoint in the form of a signed note (C2SP tlog-checkpoint and signed-note; the one of Rekor): origin, size, root, and
 * signature lines. Undefined unless one line is a signature by the log's own key over the exact text.
 */
export function openCheckpoint(note: string, log: Log): Checkpoint | undefined {
	if (note.length > maxSize) return undefined;
	const split = note.lastIndexOf('\n\n');
	if (split < 0 || !note.endsWith('\n')) return undefined;
	const text = note.slice(0, split + 1);
	const [origin = '', size = '', root = ''] = text.split('\n');
	// Rekor puts its tree's number behind the name.
	if (origin !== log.name && !origin.startsWith(`${log.name} - `)) return undefined;
	if (!/^(?:0|[1-9]\d{0,14})$/.test(size)) return undefined;
	const lines = note
		.slice(split + 2, -1)
		.split('\n')
		.slice(0, 16);
	if (!lines.some(line => signedBy(log, line, text))) return undefined;
	try {
		return {size: Number(size), root: fromBase64(root, 'root')};
	} catch {
		return undefined; // A root that is no base64 is no root.
	}
}

function signedBy(log: Log, line: string, text: string): boolean {
	const match = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/.exec(line);
	if (match?.[1] !== log.name) return false;
	try {
		const bytes = fromBase64(match[2] ?? '', 'signature');
		if (!sameBytes(bytes.subarray(0, 4), Buffer.from(logIdOf(log), 'hex').subarray(0, 4))) return false;
		return verify('sha256', Buffer.from(text), keyOf(log), bytes.subarray(4));
	} catch {
		return false; // What cannot be read signs nothing.
	}
}
