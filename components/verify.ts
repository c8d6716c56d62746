import type {LiveView} from '../src/fold.ts';
import {oneLine} from '../src/text.ts';
import type {Line} from './lines.ts';
import {blank, line, middle, span, wrap} from './lines.ts';
import type {Theme} from './theme.ts';

/** What a challenge found, check by check, in words that claim no more than was proved. */
export function verifyLines({endpoint, checks}: NonNullable<LiveView['verify']>, width: number, theme: Theme): Line[] {
	const failed = checks.filter(check => check.verdict === 'failed').length;
	const outcome = failed === 0 ? 'A node with this cluster ID answered a fresh challenge' : 'The answer does not hold';
	return [
		...wrap(`${outcome}, at ${oneLine(endpoint)}.`, width, failed === 0 ? 'strong' : 'trouble'),
		...(failed === 0 ? wrap('Not proof that this address is that node.', width, 'dim') : []),
		blank,
		...checks.flatMap(({check, verdict, expected, actual, source, message}) => {
			const bad = verdict === 'failed' || verdict === 'warning';
			const symbol = {
				ok: span(theme.symbols.done, 'accent'),
				failed: span(theme.symbols.refused, 'trouble'),
				warning: span(theme.symbols.warning),
				'not-checked': span(theme.symbols.waiting, 'dim'),
			}[verdict];
			const short = (value: string) => middle(oneLine(value), Math.max(10, width - 14), theme.symbols.ellipsis);
			const head = line(
				symbol,
				span(` ${oneLine(check)}`),
				span(`  ${verdict === 'ok' ? oneLine(source) : verdict}`, bad ? 'trouble' : 'dim'),
			);
			const words = message === undefined ? [] : wrap(`  ${oneLine(message)}`, width, 'dim', '  ');
			if (!bad || expected === '') return [head, ...words];
			return [
				head,
				...words,
				line(span('  expected  ', 'dim'), short(expected)),
				line(span('  got       ', 'dim'), short(actual)),
			];
		}),
	];
}
