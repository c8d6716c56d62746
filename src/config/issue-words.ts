import type {z} from 'zod';

const kinds: Readonly<Record<string, string>> = {
	boolean: 'must be true or false',
	string: 'must be a text',
	number: 'must be a number',
	int: 'must be a whole number',
	array: 'must be a list',
	object: 'must be a map of keys and values',
	record: 'must be a map of keys and values',
};

/** What a value must be, in the words of this product where a schema has none of its own. */
export function issueWords(issue: z.core.$ZodIssue): string {
	switch (issue.code) {
		case 'invalid_type':
			return kinds[issue.expected] ?? issue.message;
		case 'invalid_value':
			return isOwn(issue.message) ? issue.message : `must be ${issue.values.map(value => JSON.stringify(value)).join(' or ')}`;
		case 'too_small':
			return isOwn(issue.message) || issue.origin !== 'number' ? issue.message : `must be at least ${issue.minimum}`;
		case 'too_big':
			return isOwn(issue.message) || issue.origin !== 'number' ? issue.message : `must be at most ${issue.maximum}`;
		default:
			return issue.message;
	}
}

/** Messages of zod itself begin with these words. */
const isOwn = (message: string): boolean => !/^(?:Invalid |Too )/.test(message);
