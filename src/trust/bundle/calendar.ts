import {products} from '../../attestation/snp/product.ts';
import {rootOf} from '../../attestation/snp/roots.ts';
import {intelSgxRoot} from '../../attestation/tdx/intel-root.ts';
import {azureRoots} from '../../attestation/variants/azure/roots.ts';
import {gcpRoots} from '../../attestation/variants/gcp/roots.ts';
import {certificateExpiry} from './dates.ts';
import type {Expiry} from './verdict.ts';

/** From so many days before its end on, something deserves a warning. */
export const warningDays = 30;
const day = 86_400_000;

/** One line of the calendar. `days`: whole days that are left, negative where it is over. */
export type CalendarEntry = Expiry & {of: string; state: 'valid' | 'soon' | 'expired'; days: number};

/** What ends when, soonest first. `of`: the part that it belongs to. */
export function calendarOf(expiries: readonly (Expiry & {of: string})[], now: number): CalendarEntry[] {
	return expiries
		.map(expiry => {
			const days = Math.floor((expiry.at - now) / day);
			const state = expiry.at <= now ? ('expired' as const) : days < warningDays ? ('soon' as const) : ('valid' as const);
			return {...expiry, state, days};
		})
		.toSorted((left, right) => left.at - right.at);
}

/** The roots that this tool has built in. */
export function builtInRoots(): (Expiry & {of: string})[] {
	return [...products.map(rootOf), intelSgxRoot, ...gcpRoots, ...azureRoots].map(der => ({
		...certificateExpiry(der),
		of: 'built in',
	}));
}
