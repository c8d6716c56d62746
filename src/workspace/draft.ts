import {readText, remove, writeFileSafely} from './files.ts';

/** Largest draft that is kept, in bytes. */
const limit = 64 * 1024;

/** The answers of a wizard that did not come to its end, as its own text; never secrets. Undefined where there are none. */
export async function readDraft(file: string): Promise<string | undefined> {
	return readText(file, limit);
}

export async function writeDraft(file: string, text: string): Promise<void> {
	if (Buffer.byteLength(text) <= limit) await writeFileSafely(file, text);
}

export async function removeDraft(file: string): Promise<void> {
	await remove(file);
}
