import {createInterface} from 'node:readline';
import type {Readable} from 'node:stream';
import {glance} from '../wizard/form.ts';
import type {Asker, Choice} from './asker.ts';
import type {OutputOptions} from './types.ts';

type Streams = {stdin: Readable; stdout: {write: (text: string) => unknown}; signals: OutputOptions['signals']};

/**
 * Questions as bare lines: a choice is a numbered list, the terminal itself echoes and edits. Clack's accessible mode
 * (1.9) stills its spinner only; its prompts go on redrawing, which a dumb terminal and a screen reader cannot follow.
 */
export function linePrompts({stdin, stdout, signals}: Streams): Asker {
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
			const typed = await ask(choices.length > glance ? 'Number, or a part of the name' : 'Number', {
				initial: String(standard + 1),
				validate: value => wrongChoice(choices, value),
			});
			return typed === undefined ? undefined : found(choices, typed)[0]?.value;
		},
		agree: async (message, initial) => {
			const typed = await ask(`${message} yes or no`, {
				initial: initial ? 'yes' : 'no',
				validate: value => (/^(?:y|yes|n|no)$/iu.test(value) ? undefined : 'Type yes or no.'),
			});
			return typed === undefined ? undefined : /^y/iu.test(typed);
		},
		aside: async work => {
			// Who works in the meantime gets the keys.
			reader.pause();
			try {
				return await work();
			} finally {
				reader.resume();
			}
		},
		close,
	};
}

/** The choices that a number, a name, or a part of one means: one is chosen, several are a narrower list. */
function found<Value extends string>(choices: readonly Choice<Value>[], typed: string): Choice<Value>[] {
	const wanted = typed.toLowerCase();
	const open = choices.filter(({disabled}) => disabled !== true);
	const exact = /^[0-9]+$/u.test(typed) ? choices[Number(typed) - 1] : open.find(({title}) => title.toLowerCase() === wanted);
	if (exact !== undefined) return exact.disabled === true ? [] : [exact];
	return typed === '' ? [] : open.filter(({title, detail = ''}) => `${title} ${detail}`.toLowerCase().includes(wanted));
}

function wrongChoice<Value extends string>(choices: readonly Choice<Value>[], typed: string): string | undefined {
	const matches = found(choices, typed);
	if (matches.length === 1) return undefined;
	if (matches.length === 0) return 'Type the number of one of the choices.';
	const shown = matches.slice(0, glance).map(choice => ` ${String(choices.indexOf(choice) + 1).padStart(2)}  ${choice.title}`);
	const more = matches.length > glance ? [`     and ${matches.length - glance} more`] : [];
	return [`${matches.length} of ${choices.length} have it in their name:`, ...shown, ...more].join('\n');
}
