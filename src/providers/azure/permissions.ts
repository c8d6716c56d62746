/**
 * Whether an action is allowed by the permissions of all roles together: one of them has to grant it and not take it away again.
 * `*` stands for any text, case does not count (Azure role definitions).
 */
export const actionsOf =
	(roles: readonly {actions: readonly string[]; notActions: readonly string[]}[]) =>
	(action: string): boolean =>
		roles.some(({actions, notActions}) => actions.some(covers(action)) && !notActions.some(covers(action)));

const covers =
	(action: string) =>
	(pattern: string): boolean => {
		const [first = '', ...rest] = pattern.toLowerCase().split('*');
		const text = action.toLowerCase();
		if (rest.length === 0) return text === first;
		if (!text.startsWith(first)) return false;
		let at = first.length;
		for (const [index, part] of rest.entries()) {
			const found = index === rest.length - 1 ? text.length - part.length : text.indexOf(part, at);
			if (found < at || !text.startsWith(part, found)) return false;
			at = found + part.length;
		}
		return true;
	};
