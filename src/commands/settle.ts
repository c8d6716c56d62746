import {settleConfig} from '../flows/config-file.ts';
import type {Dependencies} from '../flows/dependencies.ts';
import {trustNamed, type VouchWishes} from '../flows/vouched.ts';
import {answersFrom} from './config.ts';
import {type CommandInput, textFlag} from './types.ts';

/** Whom to ask about the image, beside this machine. */
export function vouchWishes(input: CommandInput): VouchWishes {
	const [from, keyFile] = [textFlag(input, 'measurements-from'), textFlag(input, 'key')];
	return {...(from === undefined ? {} : {from}), ...(keyFile === undefined ? {} : {keyFile})};
}

/** Brings the config of the workspace to what the flags say; makes it where there is none. */
export async function settle({workspace}: Pick<Dependencies, 'workspace'>, input: CommandInput): Promise<void> {
	const trust = await trustNamed(vouchWishes(input), process.cwd());
	await settleConfig(workspace, answersFrom(input), textFlag(input, 'config'), trust);
}
