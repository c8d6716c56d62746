import {autocomplete, confirm, isCancel, select, text} from '@clack/prompts';
import {glance} from '../wizard/form.ts';
import type {Asker} from './asker.ts';
import type {OutputOptions} from './types.ts';

/** Questions as clack draws them, for terminals that can redraw a line. */
export function clackPrompts({stdin, stdout}: Pick<OutputOptions, 'stdin' | 'stdout'>): Asker {
	const common = {input: stdin, output: stdout, withGuide: false};
	return {
		choose: async (message, choices, initial) => {
			const prompt = choices.length > glance ? autocomplete<string> : select<string>;
			const answer = await prompt({
				...common,
				message,
				maxItems: glance,
				options: choices.map(({value, title, detail, disabled}) => ({
					value: value,
					label: title,
					...(detail === undefined || detail === '' ? {} : {hint: detail}),
					...(disabled === undefined ? {} : {disabled}),
				})),
				...(initial === undefined ? {} : {initialValue: initial}),
			});
			return isCancel(answer) ? undefined : choices.find(({value}) => value === answer)?.value;
		},
		ask: async (message, {initial = '', validate} = {}) => {
			const answer = await text({
				...common,
				message,
				...(initial === '' ? {} : {defaultValue: initial, placeholder: initial}),
				validate: value => validate?.(value === undefined || value === '' ? initial : value),
			});
			return isCancel(answer) ? undefined : answer;
		},
		agree: async (message, initial) => {
			const answer = await confirm({...common, message, initialValue: initial});
			return isCancel(answer) ? undefined : answer;
		},
		// Between two questions nothing reads.
		aside: work => work(),
		close: () => undefined,
	};
}
