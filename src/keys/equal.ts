import {timingSafeEqual} from 'node:crypto';

/** Compares bytes in constant time; different lengths are simply unequal. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
	left.length === right.length && timingSafeEqual(left, right);
