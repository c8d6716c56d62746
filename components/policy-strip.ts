import type {LiveView} from '../src/fold.ts';
import {count} from '../src/text.ts';
import type {Line} from './lines.ts';
import {line, span, wrap} from './lines.ts';
import type {Theme} from './theme.ts';

const most = 2;

/** What the JoinServices accept while an upgrade is under way, and which of them do not enforce exactly that yet. */
export function policyLines({policies}: LiveView, width: number, theme: Theme): Line[] {
	if (policies === undefined) return [];
	const {images, generation, lagging} = policies;
	const accepted = images.length > 1 ? `old + new (${images.toReversed().join(' + ')})` : `${images.join('')} only`;
	const rest = lagging.length - most;
	return [
		line(span('policy: ', 'dim'), span(accepted, 'strong'), span(width < 60 ? '' : `, generation ${generation}`, 'dim')),
		...lagging
			.slice(0, most)
			.flatMap(({node, reason}) => wrap(`${theme.symbols.warning} ${node} lags: ${reason}`, width, 'trouble', '  ')),
		...(rest > 0 ? [line(span(`  and ${count(rest, 'more JoinService')}`, 'trouble'))] : []),
	];
}
