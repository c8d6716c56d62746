/** One thing a key does. The same table handles keys, draws the footer and the help, and fills the docs. */
export type Binding<State, Action> = {
	/** Key names as the input parser gives them; printable keys are the character itself. */
	keys: readonly string[];
	/** How the keys are written on screen. */
	shown: string;
	/** What they do, in a word or two. */
	hint: string;
	/** Where they work, for help and docs. */
	where: string;
	/** Left out of the footer where space is short: it is in the help. */
	quiet: boolean;
	when: (state: State) => boolean;
	action: (state: State) => Action;
};

/** A binding as one line of a table. */
export function bind<State, Action extends {type: string}>(
	where: string,
	keys: readonly string[],
	shown: string,
	hint: string,
	when: (state: State) => boolean,
	action: Action | ((state: State) => Action),
	quiet = false,
): Binding<State, Action> {
	return {keys, shown, hint, where, quiet, when, action: typeof action === 'function' ? action : () => action};
}

export type Hint = {shown: string; hint: string};

/** What a key does now, if anything. The first binding that applies wins. */
export function actionFor<State, Action>(
	bindings: readonly Binding<State, Action>[],
	state: State,
	key: string,
): Action | undefined {
	return bindings.find(binding => binding.keys.includes(key) && binding.when(state))?.action(state);
}

/** The keys that work now, for the footer. */
export function hintsFor<State, Action>(bindings: readonly Binding<State, Action>[], state: State): Hint[] {
	return bindings.filter(binding => !binding.quiet && binding.when(state)).map(({shown, hint}) => ({shown, hint}));
}

/** All keys, by place, for the help and the docs. */
export function keySections<State, Action>(bindings: readonly Binding<State, Action>[]): {where: string; keys: Hint[]}[] {
	const sections = new Map<string, Hint[]>();
	for (const {where, shown, hint} of bindings) {
		const keys = sections.get(where) ?? [];
		if (!keys.some(other => other.shown === shown && other.hint === hint)) keys.push({shown, hint});
		sections.set(where, keys);
	}
	return [...sections].map(([where, keys]) => ({where, keys}));
}
