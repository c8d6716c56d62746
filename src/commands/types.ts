import type {Output, OutputOptions, Result} from '../output/output.ts';

/** What a command is given besides its flags. */
export type CommandContext = {
	output: Output;
	/** How the output was made: streams, environment, clock. */
	surroundings: OutputOptions;
	/** Absolute path of the workspace. */
	folder: string;
	/** Whether questions are answered with yes in advance. */
	yes: boolean;
	env: Readonly<Record<string, string | undefined>>;
};

/** Flags by their long name, and the argument. */
export type CommandInput = {
	flags: Readonly<Record<string, string | number | boolean | undefined>>;
	argument?: string;
};

/** A command: does its work through flows and gives what it ended with. Throws AppError. */
export type CommandModule = (context: CommandContext, input: CommandInput) => Promise<Result>;

export function textFlag(input: CommandInput, name: string): string | undefined {
	const value = input.flags[name];
	return typeof value === 'string' ? value : undefined;
}

export function numberFlag(input: CommandInput, name: string): number | undefined {
	const value = input.flags[name];
	return typeof value === 'number' ? value : undefined;
}

export const switchFlag = (input: CommandInput, name: string): boolean => input.flags[name] === true;
