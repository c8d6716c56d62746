import type {Tcb} from '../../../snp/tcb.ts';

const parts = {
	bootloaderVersion: 'bootloader',
	teeVersion: 'tee',
	snpVersion: 'snp',
	microcodeVersion: 'microcode',
} as const;

/** Whether an attestation section, as it stands in the user's file, needs to know the newest versions. */
export function asksForLatest(json: Readonly<Record<string, unknown>>): boolean {
	return Object.keys(parts).some(key => isLatest(json[key]));
}

/** The section with numbers for `latest`, as policies have it. The user's file keeps the word: nothing of the original is changed. */
export function resolveLatest(
	json: Readonly<Record<string, unknown>>,
	latest: Readonly<Omit<Tcb, 'fmc'>>,
): Record<string, unknown> {
	const resolved = Object.entries(parts).flatMap(([key, part]) => (isLatest(json[key]) ? [[key, latest[part]] as const] : []));
	return {...json, ...Object.fromEntries(resolved)};
}

/** v2.9 takes the word in any case. */
function isLatest(value: unknown): boolean {
	return typeof value === 'string' && value.toLowerCase() === 'latest';
}
