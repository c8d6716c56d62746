import {type Posture, readers, readPosture} from '../flows/posture.ts';
import {columnsOf, hanging} from '../output/verify-table.ts';
import {type CommandModule, textFlag} from './types.ts';

export const posture: CommandModule = async ({folder, surroundings}, input) => {
	const [provider, variant] = ['provider', 'variant'].map(name => textFlag(input, name));
	const found = await readPosture(folder, {
		...(provider === undefined ? {} : {provider}),
		...(variant === undefined ? {} : {variant}),
	});
	return {command: 'posture', data: {...found}, lines: postureLines(found, columnsOf(surroundings.stdout))};
};

const verdicts = {yes: 'can', partly: 'in part', no: 'cannot', unknown: 'not known'} as const;

/** Where a source was not read itself, the reader is told. */
const howRead = {excerpts: 'only excerpts were read', quoted: 'not read itself, only as others quote it'} as const;

type Source = {words: string; url: string};

/** The answer for people: readers, reasons, sources by number, then what another choice would change. */
export function postureLines({provider, variant, answers, alternatives}: Posture, width: number): string[] {
	const sources: Source[] = [];
	const noteOf = ({source, date}: Posture['answers'][number]['claims'][number]): string => {
		const words = `${source.document}: ${source.section} (${[date, ...(source.read ? [howRead[source.read]] : [])].join('; ')})`;
		const known = sources.findIndex(other => other.words === words && other.url === source.url);
		if (known < 0) sources.push({words, url: source.url});
		return `[${known < 0 ? sources.length : known + 1}]`;
	};
	const rows = answers.flatMap(({who, can, claims}) => [
		...hanging(verdicts[can].padEnd(10), readers[who], width),
		...claims.flatMap(claim => hanging(' '.repeat(10), `${claim.because} ${noteOf(claim)}`, width)),
	]);
	const others = alternatives.flatMap(({changes, ...other}) => [
		...hanging('', `${other.variant} on ${other.provider}${changes.length === 0 ? ': nothing of this changes' : ''}`, width),
		...changes.flatMap(({who, from, to, claim}) =>
			hanging('  ', `${readers[who]}: ${verdicts[from]} → ${verdicts[to]} ${noteOf(claim)}`, width),
		),
	]);
	return [
		...hanging('', `Who could read the data of a cluster with ${variant} on ${provider}:`, width),
		'',
		...rows,
		'',
		'With another choice:',
		...others,
		'',
		...hanging('', 'Sources, with the date they were published or read:', width),
		// An address stays in one piece, so that it can be copied.
		...sources.flatMap(({words, url}, index) => [...hanging(`[${index + 1}] `, words, width), `    ${url}`]),
	];
}
