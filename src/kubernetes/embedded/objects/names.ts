import {type Cause, cause} from '../http/status.ts';
import type {ApiResource} from '../types.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const labelPattern = new RegExp(`^${label}$`);
const subdomainPattern = new RegExp(`^${subdomain}$`);
const qualifiedName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** Kinds whose names may hold colons and other signs, as `system:node`; they only must fit in a path. */
const pathNames = new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings']);

/** Problems of `metadata.name` for a kind. */
export function nameProblems(type: ApiResource, name: string): Cause[] {
	const field = 'metadata.name';
	if (name === '') return [cause.required(field, 'name or generateName is required')];
	if (pathNames.has(type.plural) && type.group === 'rbac.authorization.k8s.io') {
		const bad = name === '.' || name === '..' || /[/%]/.test(name);
		return bad ? [cause.invalid(field, name, "may not be '.', '..' or contain '/' or '%'")] : [];
	}
	if (type.plural === 'namespaces' && type.group === '') {
		if (name.length <= 63 && labelPattern.test(name)) return [];
		return [
			cause.invalid(
				field,
				name,
				`a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`,
			),
		];
	}
	if (name.length <= 253 && subdomainPattern.test(name)) return [];
	return [
		cause.invalid(
			field,
			name,
			`a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`,
		),
	];
}

/** Problems of labels: qualified keys, values of at most 63 signs. */
export function labelProblems(labels: Readonly<Record<string, unknown>>): Cause[] {
	const field = 'metadata.labels';
	return Object.entries(labels).flatMap(([key, value]) => {
		const problems: Cause[] = [];
		if (!isQualified(key)) {
			problems.push(
				cause.invalid(
					field,
					key,
					"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
				),
			);
		}
		if (typeof value !== 'string' || value.length > 63 || !labelValue.test(value)) {
			problems.push(
				cause.invalid(
					field,
					value,
					"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
				),
			);
		}
		return problems;
	});
}

function isQualified(key: string): boolean {
	const [name = '', prefix, ...rest] = key.split('/').reverse();
	if (rest.length > 0 || name.length > 63 || !qualifiedName.test(name)) return false;
	return prefix === undefined || (prefix.length <= 253 && subdomainPattern.test(prefix));
}

/** Five letters for `generateName`, without vowels and look-alikes. `random` gives numbers from 0 to below `limit`. */
export function nameSuffix(random: (limit: number) => number): string {
	return Array.from({length: 5}, () => suffixLetters[random(suffixLetters.length)]).join('');
}
