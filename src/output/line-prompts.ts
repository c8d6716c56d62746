import {createInterface} from 'node:readline';
import type {Asker, Choice} from './asker.ts';
import type {OutputOptions} from './types.ts';

/**
 * Questions as bare lines: a choice is a numbered list, the terminal itself echoes and edits. Clack's accessible mode
 * (1.9) stills its spinner only; its prompts go on redrawing, which a dumb terminal and a screen reader cannot follow.
 */
export function linePrompts({stdin, stdout, signals}: Pick<OutputOptions, 'stdin' | 'stdout' | 'signals'>): Asker {
	// One reader for all questions: lines typed ahead are kept for the next one.
	const reader = createInterface({input: stdin, terminal: false});
	const lines = reader[Symbol.asyncIterator]();
	const close = () => {
		signals.off('SIGINT', close);
		reader.close();
	};
	signals.on('SIGINT', close);
	const readLine = async (prompt: string): Promise<string | undefined> => {
		stdout.write(prompt);
		const {done, value} = await lines.next();
		return done === true ? undefined : value.trim();
	};

	const ask: Asker['ask'] = async (message, {initial = '', validate} = {}) => {
		for (;;) {
			const typed = await readLine(`${message}${initial === '' ? '' : ` [${initial}]`}: `);
			if (typed === undefined) return undefined;
			const value = typed === '' ? initial : typed;
			const error = validate?.(value);
			if (error === undefined) return value;
			stdout.write(`${error}\n`);
		}
	};

	return {
		ask,
		choose: async <Value extends string>(message: string, choices: readonly Choice<Value>[], initial?: Value) => {
			stdout.write(`${message}\n`);
			choices.forEach(({title, detail, disabled}, index) => {
				const number = disabled ? ' -' : String(index + 1).padStart(2);
				stdout.write(` ${number}  ${title}${detail === undefined || detail === '' ? '' : ` (${detail})`}\n`);
			});
			const standard = Math.max(
				0,
				choices.findIndex(({value, disabled}) => value === initial && !disabled),
			);
			const typed = await ask('Number', {
				initial: String(standard + 1),
				validate: value => (chosen(choices, value) === undefined ? 'Type the number of one of the choices.' : undefined),
			});
			return typed === undefined ? undefined : chosen(choices, typed);
		},
		agree: async (message, initial) => {
			const typed = await ask(`${message} yes or no`, {
				initial: initial ? 'yes' : 'no',
				validate: value => (/^(?:y|yes|n|no)$/iu.test(value) ? undefined : 'Type yes or no.'),
			});
			return typed === undefined ? undefined : /^y/iu.test(typed);
		},
		close,
	};
}

function chosen<Value extends string>(choices: readonly Choice<Value>[], typed: string): Value | undefined {
	const choice = /^[0-9]+$/u.test(typed)
		? choices[Number(typed) - 1]
		: choices.find(({title}) => title.toLowerCase() === typed.toLowerCase());
	return choice === undefined || choice.disabled ? undefined : choice.value;
}
