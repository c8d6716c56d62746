/** Words that come from elsewhere (nodes, child programs, files) made safe for a terminal. Pure. */

// CSI, OSC, DCS, APC, PM and two-byte escapes; then what is left of the C0 and C1 controls; then marks that reorder text.
const escapes =
	/\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|\u001b[ -/]*[0-~]?|\u009b[0-?]*[ -/]*[@-~]/gu;
const controls = /[\u0000-\u001f\u007f-\u009f]/gu;
const directions = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/**
 * One harmless line: escape sequences, control and direction marks removed, tabs as a space, at most `limit` characters
 * (an ellipsis marks a cut).
 */
export function oneLine(text: string, limit = 500): string {
	const clean = text
		.replaceAll(escapes, '')
		.replaceAll(/[\t\r\n]+/gu, ' ')
		.replaceAll(controls, '')
		.replaceAll(directions, '');
	return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}

/** `0:07`, `12:40`, `1:02:03` for a length in milliseconds. */
export function duration(milliseconds: number): string {
	const seconds = Math.max(0, Math.floor(milliseconds / 1000));
	const tail = `${Math.floor(seconds / 60) % 60}:${String(seconds % 60).padStart(2, '0')}`;
	return seconds < 3600 ? tail : `${Math.floor(seconds / 3600)}:${tail.padStart(5, '0')}`;
}

/** `1 worker`, `3 workers`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
	return `${number} ${number === 1 ? noun : plural}`;
}

/** A word as a POSIX shell takes it: quoted where it has to be. */
export function shellWord(text: string): string {
	return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
