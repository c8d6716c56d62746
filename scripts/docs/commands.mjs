import {commandTable, globalFlags, groupSummaries} from '../../src/commands/table.ts';
import {code, page, table, texts} from './markdown.mjs';

const flagWords = ({name, short, value}) => {
	const words = [...(short === undefined ? [] : [`-${short}`]), `--${name}`].join(', ');
	return code(value === undefined ? words : `${words} ${value}`);
};

const flagTable = flags =>
	table(
		['Flag', 'Variable', 'Meaning'],
		flags.map(flag => [flagWords(flag), code(flag.env), `${flag.description}${flag.required === true ? ' (required)' : ''}`]),
	);

function command({name, summary, details, argument, flags, examples}) {
	const words = argument === undefined ? name : `${name} ${argument.required ? argument.name : `[${argument.name}]`}`;
	const choices = argument?.choices === undefined ? '' : ` One of ${argument.choices.map(code).join(', ')}.`;
	return [
		`## ${words}`,
		[`${summary}.`, details].filter(Boolean).join(' '),
		...(argument === undefined ? [] : [`${code(argument.name)}: ${argument.description}.${choices}`]),
		...(flags.length === 0 ? [] : [flagTable(flags)]),
		['```', ...examples, '```'].join('\n'),
	].join('\n\n');
}

/** docs/commands.md, from the command table. */
export function commandsPage() {
	const groups = Object.entries(groupSummaries).map(([name, summary]) => `${code(name)}: ${summary.toLowerCase()}.`);
	return page(
		'Commands',
		'src/commands/table.ts',
		texts.pages.commands.join('\n\n'),
		table(
			['Command', 'What it does'],
			commandTable.map(({name, summary}) => [code(`constellation ${name}`), summary]),
		),
		`Groups: ${groups.join(' ')}`,
		'## Flags of every command',
		flagTable(globalFlags),
		...commandTable.map(command),
	);
}
