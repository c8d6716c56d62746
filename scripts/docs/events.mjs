import {readFileSync} from 'node:fs';
import ts from 'typescript';
import {laneStates} from '../../src/events.ts';
import {code, page, requireTexts, table, texts} from './markdown.mjs';

const eventsFile = 'src/events.ts';
const source = ts.createSourceFile(eventsFile, readFileSync(eventsFile, 'utf8'), ts.ScriptTarget.Latest, true);
const declared = new Map(source.statements.filter(ts.isTypeAliasDeclaration).map(alias => [alias.name.text, alias]));

const commentOf = node =>
	ts
		.getJSDocCommentsAndTags(node)
		.map(comment => ts.getTextOfJSDocComment(comment.comment) ?? '')
		.join(' ');

function fieldTable(shape) {
	const rows = shape.members
		.filter(member => member.name.getText() !== 'type')
		.map(member => {
			const name = member.name.getText();
			const optional = member.questionToken === undefined ? '' : '?';
			return [code(`${name}${optional}`), code(member.type.getText().replaceAll(/\s+/g, ' ')), commentOf(member)];
		});
	const silent = rows.every(([, , meaning]) => meaning === '');
	return silent
		? table(
				['Field', 'Type'],
				rows.map(row => row.slice(0, 2)),
			)
		: table(['Field', 'Type', 'Meaning'], rows);
}

/** docs/events.md, from the union of events and its comments. */
export function eventsPage() {
	const events = declared.get('Event').type.types.map(literal => {
		const type = literal.members.find(member => member.name.getText() === 'type').type.literal.text;
		return {type, literal};
	});
	requireTexts(
		'events',
		events.map(({type}) => type),
	);
	requireTexts('lanes', [...laneStates]);
	const shapes = [...declared].filter(([name, alias]) => name !== 'Event' && ts.isTypeLiteralNode(alias.type));
	const words = [...declared].filter(
		([, alias]) => ts.isUnionTypeNode(alias.type) && alias.type.types.every(ts.isLiteralTypeNode),
	);
	return page(
		'Events',
		eventsFile,
		texts.pages.events.join('\n\n'),
		table(
			['Event', 'When'],
			events.map(({type}) => [code(type), texts.events[type]]),
		),
		'## Lane states',
		table(
			['State', 'Meaning and source'],
			laneStates.map(state => [code(state), texts.lanes[state]]),
		),
		...events.map(({type, literal}) => `## ${type}\n\n${texts.events[type]}\n\n${fieldTable(literal)}`),
		'## Shapes',
		...shapes.map(([name, alias]) => [`### ${name}`, commentOf(alias), fieldTable(alias.type)].filter(Boolean).join('\n\n')),
		'## Words',
		table(
			['Name', 'Values'],
			words.map(([name, alias]) => [code(name), alias.type.types.map(type => code(type.literal.text)).join(', ')]),
		),
		'## result',
		texts.pages.result.join('\n\n'),
	);
}
