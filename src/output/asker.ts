export type Choice<Value extends string> = {value: Value; title: string; detail?: string; disabled?: boolean};

/** Questions one after the other. Each resolves with undefined when the person cancels (Ctrl-C, end of input). */
export type Asker = {
	choose: <Value extends string>(
		message: string,
		choices: readonly Choice<Value>[],
		initial?: Value,
	) => Promise<Value | undefined>;
	/** `validate` gives what is wrong; an empty answer stands for `initial`. */
	ask(
		message: string,
		options?: {initial?: string; validate?: (value: string) => string | undefined},
	): Promise<string | undefined>;
	agree: (message: string, initial: boolean) => Promise<boolean | undefined>;
	/** Leaves the terminal to something else, such as an editor, as long as it works. */
	aside: <R>(work: () => Promise<R>) => Promise<R>;
	close: () => void;
};
