const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** A duration as Kubernetes prints ages: two units while small, one when large (`119s`, `9m30s`, `7h59m`, `47h`, `7d23h`, `3y40d`). */
export function humanDuration(milliseconds: number): string {
	const seconds = Math.trunc(milliseconds / 1000);
	if (seconds < -1) return '<invalid>';
	if (seconds < 0) return '0s';
	if (seconds < 2 * minute) return `${seconds}s`;
	if (seconds < 10 * minute) return pair(seconds, minute, 'm', 1, 's');
	if (seconds < 3 * hour) return `${Math.trunc(seconds / minute)}m`;
	if (seconds < 8 * hour) return pair(seconds, hour, 'h', minute, 'm');
	if (seconds < 2 * day) return `${Math.trunc(seconds / hour)}h`;
	if (seconds < 8 * day) return pair(seconds, day, 'd', hour, 'h');
	if (seconds < 2 * year) return `${Math.trunc(seconds / day)}d`;
	if (seconds < 8 * year) return pair(seconds, year, 'y', day, 'd');
	return `${Math.trunc(seconds / year)}y`;
}

/** Time since an RFC 3339 timestamp, `<unknown>` when there is none. `now` in milliseconds. */
export function since(time: unknown, now: number): string {
	const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
	return Number.isNaN(at) ? '<unknown>' : humanDuration(now - at);
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
	const rest = Math.trunc((seconds % large) / small);
	return `${Math.trunc(seconds / large)}${largeUnit}${rest === 0 ? '' : `${rest}${smallUnit}`}`;
}
