import type {ResourceView} from '../src/fold.ts';
import {count, duration, oneLine} from '../src/text.ts';
import type {Line} from './lines.ts';
import {fit, line, span} from './lines.ts';
import type {Theme} from './theme.ts';
import {workingSymbol} from './theme.ts';

const rank = {failed: 0, started: 1, progress: 1, done: 2} as const;

/** What Terraform works on: failures first, then what takes longest, then what was done last; the rest is counted. */
export function resourceLines(
	resources: readonly ResourceView[],
	width: number,
	height: number,
	theme: Theme,
	now: number,
): Line[] {
	if (resources.length === 0 || height <= 0) return [];
	const done = resources.filter(({state}) => state === 'done').length;
	const failed = resources.filter(({state}) => state === 'failed').length;
	const words = [
		`${count(done, 'resource')} done`,
		`${resources.length - done - failed} at work`,
		...(failed === 0 ? [] : [`${failed} failed`]),
	];
	const sorted = [...resources]
		.reverse()
		.sort((a, b) => rank[a.state] - rank[b.state] || timeOf(b) - timeOf(a))
		.slice(0, height - 1);
	return [line(span(words.join(', '), 'dim')), ...sorted.map(resource => resourceLine(resource, width, theme, now))];
}

// Of what is done the order counts, not how long it took.
const timeOf = ({state, elapsedSeconds = 0}: ResourceView): number => (state === 'done' ? 0 : elapsedSeconds);

function resourceLine({address, action, state, elapsedSeconds}: ResourceView, width: number, theme: Theme, now: number): Line {
	const symbol = state === 'done' ? theme.symbols.done : state === 'failed' ? theme.symbols.refused : workingSymbol(theme, now);
	const time = elapsedSeconds === undefined ? '' : `  ${duration(elapsedSeconds * 1000)}`;
	return line(
		span(`${symbol} `, state === 'failed' ? 'trouble' : 'accent'),
		fit(oneLine(address), Math.max(10, width - 24), theme.symbols.ellipsis).trimEnd(),
		span(`  ${action}${state === 'failed' ? ' failed' : ''}${time}`, 'dim'),
	);
}
