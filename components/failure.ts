import {oneLine} from '../src/text.ts';
import type {Failure} from '../src/wizard/values.ts';
import type {Line} from './lines.ts';
import {wrap} from './lines.ts';
import type {Theme} from './theme.ts';

/** What went wrong, each problem with what mends it, then what to do. */
export function failureLines({message, problems, next, calm = false}: Failure, width: number, theme: Theme): Line[] {
	const {waiting, refused} = theme.symbols;
	return [
		...wrap(`${calm ? waiting : refused} ${oneLine(message, 2000)}`, width, calm ? 'strong' : 'trouble', '  '),
		...problems.flatMap(({path, message: what, fix}) => [
			...wrap(`  ${path === '' ? '' : `${path}: `}${oneLine(what)}`, width, 'plain', '    '),
			...(fix === undefined ? [] : wrap(`    ${oneLine(fix)}`, width, 'plain', '    ')),
		]),
		...next.flatMap(step => wrap(`  ${oneLine(step)}`, width, 'plain', '    ')),
	];
}
