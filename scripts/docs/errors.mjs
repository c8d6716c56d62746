import {globSync, readFileSync} from 'node:fs';
import ts from 'typescript';
import {findingCodes} from '../../src/attestation/advice/table.ts';
import {exitCodes} from '../../src/errors.ts';
import {code, page, requireTexts, table, texts} from './markdown.mjs';

/** What an expression may be, a choice as both of its ways; each with the condition that leads there. */
function choices(node, read, condition = '') {
	if (!ts.isConditionalExpression(node)) return [{condition, value: read(node)}];
	const when = node.condition.getText();
	return [...choices(node.whenTrue, read, when), ...choices(node.whenFalse, read, `!(${when})`)];
}

const literal = node => (ts.isStringLiteral(node) ? node.text : undefined);
const exitName = node => (ts.isPropertyAccessExpression(node) ? node.name.text : undefined);

const property = (literal, name) =>
	literal.properties.find(each => ts.isPropertyAssignment(each) && each.name.getText() === name)?.initializer;

/** The codes of an object with `code` and `exitCode`, each with the names of the exits it comes with. */
function codesOf(name, exit) {
	const exits = choices(exit, exitName);
	return choices(name, literal)
		.filter(({value}) => value !== undefined)
		.map(({condition, value}) => {
			const own = exits.filter(other => other.condition === condition || other.condition === '');
			return [value, (own.length > 0 ? own : exits).map(other => other.value)];
		});
}

/** Codes of errors (with the names of their exits) and of warnings, wherever the sources write them down. */
function codesInCode() {
	const errors = new Map();
	const warnings = new Set();
	const add = (name, exits) => errors.set(name, new Set([...(errors.get(name) ?? []), ...exits]));
	const visit = node => {
		if (ts.isObjectLiteralExpression(node)) {
			const [name, exit, type] = ['code', 'exitCode', 'type'].map(key => property(node, key));
			if (name !== undefined && exit !== undefined) for (const found of codesOf(name, exit)) add(...found);
			if (name !== undefined && type?.getText() === "'warning'") warnings.add(literal(name));
		}
		ts.forEachChild(node, visit);
	};
	for (const file of globSync('src/**/*.{ts,tsx}')) {
		visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
	}
	// A failed write gets its code from a table of system errors.
	const files = readFileSync('src/workspace/files.ts', 'utf8');
	for (const name of ['disk-full', 'folder-read-only', 'write-failed']) if (files.includes(`'${name}'`)) add(name, ['preflight']);
	return {errors, warnings: [...warnings].sort()};
}

/** docs/errors.md: every code that the sources throw, with what scripts/docs/texts.json says of it. */
export function errorsPage() {
	const {errors, warnings} = codesInCode();
	const codes = [...errors.keys()].sort();
	requireTexts('errors', codes);
	requireTexts('warnings', warnings);
	requireTexts('findings', [...findingCodes]);
	requireTexts('exits', Object.keys(exitCodes));
	const exitsOf = name =>
		[...errors.get(name)]
			.map(exit => String(exitCodes[exit]))
			.sort()
			.join(', ');
	return page(
		'Errors',
		'the codes in src',
		texts.pages.errors.join('\n\n'),
		'## Exit codes',
		table(
			['Code', 'Name', 'Meaning'],
			Object.entries(exitCodes).map(([name, value]) => [String(value), name, texts.exits[name]]),
		),
		'## Error codes',
		table(
			['Code', 'Exit', 'Cause', 'Next step'],
			codes.map(name => [code(name), exitsOf(name), texts.errors[name]?.cause ?? '', texts.errors[name]?.next ?? '']),
		),
		'## Findings of an attestation',
		texts.pages.findings.join('\n\n'),
		table(
			['Finding', 'Meaning'],
			findingCodes.map(name => [code(name), texts.findings[name] ?? '']),
		),
		'## Warnings',
		table(
			['Code', 'Meaning'],
			warnings.map(name => [code(name), texts.warnings[name] ?? '']),
		),
	);
}
