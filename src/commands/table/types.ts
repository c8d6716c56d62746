export type FlagSpec = {
	/** Long name without dashes. */
	name: string;
	short?: string;
	/** Placeholder of the value; a flag without one is a switch. */
	value?: string;
	description: string;
	/** Environment variable that sets the flag. */
	env: string;
	/** Whether the value is a whole number. */
	number?: boolean;
	required?: boolean;
};

export type ArgumentSpec = {name: string; description: string; required: boolean; choices?: readonly string[]};

export type CommandSpec = {
	/** Words of the command, such as `config generate`. */
	name: string;
	summary: string;
	/** What a person should know before running it. */
	details?: string;
	argument?: ArgumentSpec;
	flags: readonly FlagSpec[];
	examples: readonly string[];
};
