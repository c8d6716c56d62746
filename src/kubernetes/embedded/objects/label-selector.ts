import {badRequest} from '../http/status.ts';

export type LabelRequirement = {key: string; operator: 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt'; values: string[]};

const tokens = /\s*(!=|==|=|!|,|\(|\)|[^\s!=,()]+)\s*/y;
const keyword = /^(in|notin|gt|lt)$/;

/** Parses `a=b,c!=d,e in (f,g),h,!i`; anything else is 400 with the words of the real server. */
export function parseLabelSelector(text: string): LabelRequirement[] {
	const words = tokenize(text);
	const requirements: LabelRequirement[] = [];
	while (words.length > 0) {
		requirements.push(requirement(words));
		if (words.length > 0 && words.shift() !== ',')
			throw badRequest(`unable to parse requirement: found '${text}', expected: ',' or end`);
	}
	return requirements;
}

function tokenize(text: string): string[] {
	const words: string[] = [];
	tokens.lastIndex = 0;
	while (tokens.lastIndex < text.length) {
		const match = tokens.exec(text);
		if (!match) break;
		words.push(match[1] ?? '');
	}
	return words;
}

function requirement(words: string[]): LabelRequirement {
	const first = words.shift() ?? '';
	if (first === '!') return {key: words.shift() ?? '', operator: 'absent', values: []};
	const operator = words[0];
	if (operator === undefined || operator === ',') return {key: first, operator: 'exists', values: []};
	words.shift();
	if (operator === '=' || operator === '==') return {key: first, operator: 'in', values: [value(words)]};
	if (operator === '!=') return {key: first, operator: 'notin', values: [value(words)]};
	if (operator === '>' || operator === 'gt') return {key: first, operator: 'gt', values: [value(words)]};
	if (operator === '<' || operator === 'lt') return {key: first, operator: 'lt', values: [value(words)]};
	if (keyword.test(operator)) return {key: first, operator: operator === 'in' ? 'in' : 'notin', values: set(words)};
	throw badRequest(`unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
}

/** The word after an operator; nothing or a comma means the empty value. */
function value(words: string[]): string {
	return words[0] === undefined || words[0] === ',' ? '' : (words.shift() ?? '');
}

function set(words: string[]): string[] {
	if (words.shift() !== '(') throw badRequest("unable to parse requirement: found '', expected: '('");
	const values: string[] = [];
	for (;;) {
		const word = words.shift();
		if (word === ')') return values;
		if (word === undefined) throw badRequest("unable to parse requirement: found '', expected: ',' or ')'");
		if (word !== ',') values.push(word);
	}
}

export function matchesLabels(requirements: readonly LabelRequirement[], labels: Readonly<Record<string, string>> = {}): boolean {
	return requirements.every(({key, operator, values}) => {
		const found = Object.hasOwn(labels, key) ? labels[key] : undefined;
		switch (operator) {
			case 'exists':
				return found !== undefined;
			case 'absent':
				return found === undefined;
			case 'in':
				return found !== undefined && values.includes(found);
			case 'notin':
				return found === undefined || !values.includes(found);
			case 'gt':
				return found !== undefined && Number(found) > Number(values[0]);
			case 'lt':
				return found !== undefined && Number(found) < Number(values[0]);
			default:
				return operator satisfies never;
		}
	});
}
