import {confirm, isCancel, select, text} from '@clack/prompts';
import type {OutputOptions} from './types.ts';

/** Questions one line at a time: for TERM=dumb, screen readers, and single questions outside the full screen. */

type Streams = Pick<OutputOptions, 'stdin' | 'stdout'>;

export type Choice<Value extends string> = {value: Value; title: string; detail?: string; disabled?: boolean};

// Static output: nothing is redrawn, so a screen reader reads each line once and a dumb terminal shows no escapes.
function common({stdin, stdout}: Streams): {
	input: NodeJS.ReadStream;
	output: NodeJS.WriteStream;
	accessible: true;
	withGuide: false;
} {
	return {input: stdin, output: stdout, accessible: true, withGuide: false};
}

/** One of several; undefined when the person cancels. */
export async function chooseInLines<Value extends string>(
	message: string,
	choices: readonly Choice<Value>[],
	streams: Streams,
	initial?: Value,
): Promise<Value | undefined> {
	const answer = await select<string>({
		...common(streams),
		message,
		options: choices.map(({value, title, detail, disabled}) => ({
			value: value as string,
			label: title,
			...(detail === undefined ? {} : {hint: detail}),
			...(disabled === undefined ? {} : {disabled}),
		})),
		...(initial === undefined ? {} : {initialValue: initial as string}),
	});
	return isCancel(answer) ? undefined : choices.find(({value}) => value === answer)?.value;
}

/** A line of text; undefined when the person cancels. `validate` gives what is wrong. */
export async function askInLines(
	message: string,
	streams: Streams,
	options: {initial?: string; validate?: (value: string) => string | undefined} = {},
): Promise<string | undefined> {
	const {initial, validate} = options;
	const answer = await text({
		...common(streams),
		message,
		...(initial === undefined || initial === '' ? {} : {defaultValue: initial, placeholder: initial}),
		validate: value => validate?.(value === undefined || value === '' ? (initial ?? '') : value),
	});
	return isCancel(answer) ? undefined : answer;
}

/** Yes or no; undefined when the person cancels. */
export async function agreeInLines(message: string, streams: Streams, initial: boolean): Promise<boolean | undefined> {
	const answer = await confirm({...common(streams), message, initialValue: initial});
	return isCancel(answer) ? undefined : answer;
}

/** For what cannot be undone: true only if the person types the name. */
export async function typeName(name: string, what: string, streams: Streams): Promise<boolean> {
	const answer = await askInLines(`${what} Type ${name} to go on, or anything else to stop.`, streams);
	return answer?.trim() === name;
}
