/** A LabelSelector of the Kubernetes API, as objects hold it. */
export type LabelSelector = {
	matchLabels?: Readonly<Record<string, string>>;
	matchExpressions?: readonly {key: string; operator: string; values?: readonly string[]}[];
};

/** Whether labels match; an empty selector matches everything, a missing one nothing, an unknown operator nothing either. */
export function matchesSelector(
	selector: LabelSelector | undefined,
	labels: Readonly<Record<string, unknown>> | undefined = {},
): boolean {
	if (!selector) return false;
	const wanted = Object.entries(selector.matchLabels ?? {});
	return (
		wanted.every(([key, value]) => labels[key] === value) &&
		(selector.matchExpressions ?? []).every(expression => holds(expression, labels))
	);
}

type Expression = {key: string; operator: string; values?: readonly string[]};

/** Operators of label selectors and of node selectors (which add Gt and Lt). */
export function holds({key, operator, values = []}: Expression, labels: Readonly<Record<string, unknown>>): boolean {
	const value = labels[key];
	const text = typeof value === 'string' ? value : undefined;
	switch (operator) {
		case 'In':
			return text !== undefined && values.includes(text);
		case 'NotIn':
			return text === undefined || !values.includes(text);
		case 'Exists':
			return text !== undefined;
		case 'DoesNotExist':
			return text === undefined;
		case 'Gt':
			return text !== undefined && Number(text) > Number(values[0]);
		case 'Lt':
			return text !== undefined && Number(text) < Number(values[0]);
		default:
			return false;
	}
}

/** `app=web,tier in (a,b)`: how status and tables show a selector. */
export function selectorText(selector: LabelSelector | undefined): string {
	if (!selector) return '';
	const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({key, text: `${key}=${value}`}));
	const others = (selector.matchExpressions ?? []).map(({key, operator, values = []}) => {
		const list = `(${[...values].sort().join(',')})`;
		if (operator === 'Exists') return {key, text: key};
		if (operator === 'DoesNotExist') return {key, text: `!${key}`};
		return {key, text: `${key} ${operator === 'NotIn' ? 'notin' : 'in'} ${list}`};
	});
	return [...equal, ...others]
		.sort((one, other) => (one.key < other.key ? -1 : 1))
		.map(({text}) => text)
		.join(',');
}
