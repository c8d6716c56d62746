import type {ResourceView} from '../src/fold.ts';
import {duration, oneLine} from '../src/text.ts';
import type {Line} from './lines.ts';
import {cells, line, middle, span} from './lines.ts';
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
	{hasEnded, total}: {hasEnded: boolean; total: number},
): Line[] {
	if (resources.length === 0 || height <= 0) return [];
	const done = resources.filter(({state}) => state === 'done').length;
	const failed = resources.filter(({state}) => state === 'failed').length;
	const words = [
		...(failed === 0 ? [] : [`${failed} failed`]),
		`${resources.length - done - failed} ${hasEnded ? 'not finished' : 'at work'}`,
		`${done}${total >= resources.length ? ` of ${total}` : ''} done`,
	];
	const sorted = [...resources]
		.reverse()
		.sort((a, b) => rank[a.state] - rank[b.state] || timeOf(b) - timeOf(a))
		.slice(0, height - 1);
	return [line(span(words.join(', '), 'dim')), ...sorted.map(resource => resourceLine(resource, width, theme, now, hasEnded))];
}

// Of what is done the order counts, not how long it took.
const timeOf = ({state, elapsedSeconds = 0}: ResourceView): number => (state === 'done' ? 0 : elapsedSeconds);

function resourceLine(
	{address, action, state, elapsedSeconds}: ResourceView,
	width: number,
	theme: Theme,
	now: number,
	hasEnded: boolean,
): Line {
	const {symbols} = theme;
	const busy = hasEnded ? symbols.waiting : workingSymbol(theme, now);
	const symbol = state === 'done' ? symbols.done : state === 'failed' ? symbols.refused : busy;
	const time = elapsedSeconds === undefined ? '' : `  ${duration(elapsedSeconds * 1000)}`;
	const words = `  ${action}${state === 'failed' ? ' failed' : ''}${time}`;
	return line(
		span(`${symbol} `, state === 'failed' ? 'trouble' : 'accent'),
		// The end of an address tells which one it is.
		middle(oneLine(address), Math.max(10, width - 2 - cells(words)), symbols.ellipsis),
		span(words, 'dim'),
	);
}
