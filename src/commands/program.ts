import {Argument, Command, CommanderError, InvalidArgumentError, Option} from 'commander';
import {similarTo} from '../config/similar.ts';
import {AppError, exitCodes} from '../errors.ts';
import {type CommandSpec, commandTable, type FlagSpec, globalFlags, groupSummaries} from './table.ts';
import type {CommandInput} from './types.ts';

/** What a command line asks for; without a command, for the wizard. */
export type Request = {
	command?: CommandSpec;
	input: CommandInput;
	folder: string;
	flags: {json: boolean; plain: boolean; yes: boolean};
};

type Environment = Readonly<Record<string, string | undefined>>;

const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function wholeNumber(text: string): number {
	if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
	return Number(text);
}

function optionOf(flag: FlagSpec): Option {
	const short = flag.short === undefined ? '' : `-${flag.short}, `;
	const value = flag.value === undefined ? '' : ` <${flag.value}>`;
	const isSwitch = flag.value === undefined;
	const option = new Option(
		`${short}--${flag.name}${value}`,
		isSwitch ? `${flag.description} (env: ${flag.env})` : flag.description,
	);
	// Commander makes a switch true for any value of its variable, "0" included: switches are read from it below.
	if (!isSwitch) option.env(flag.env);
	if (flag.number === true) option.argParser(wholeNumber);
	if (flag.required === true) option.makeOptionMandatory();
	return option;
}

const isOn = (text: string | undefined): boolean => text !== undefined && !['', '0', 'false'].includes(text);

const exampleText = (examples: readonly string[]): string =>
	`\n${examples.length > 1 ? 'Examples' : 'Example'}:\n${examples.map(example => `  ${example}`).join('\n')}`;

function flagsOf(command: Command, specs: readonly FlagSpec[], env: Environment): CommandInput['flags'] {
	const values = command.optsWithGlobals<Record<string, CommandInput['flags'][string]>>();
	const valueOf = ({name, value, env: variable}: FlagSpec) =>
		values[camel(name)] ?? (value === undefined && isOn(env[variable]) ? true : undefined);
	return Object.fromEntries(specs.map(flag => [flag.name, valueOf(flag)]));
}

function unknownCommand(word: string): AppError {
	const meant = similarTo(word, [...new Set(commandTable.map(({name}) => name.split(' ')[0] ?? name))]);
	return new AppError(`There is no command ${word}.`, {
		code: 'usage',
		exitCode: exitCodes.usage,
		next: [meant === undefined ? 'constellation --help   lists the commands' : `Did you mean constellation ${meant}?`],
	});
}

function addCommand(parent: Command, spec: CommandSpec, env: Environment, chosen: (input: CommandInput) => void): Command {
	const command = parent
		.command(spec.name.split(' ').at(-1) ?? spec.name)
		.description(spec.details ?? spec.summary)
		.summary(spec.summary);
	command.allowExcessArguments(false);
	if (spec.argument !== undefined) {
		const {name, description, required, choices} = spec.argument;
		const argument = new Argument(required ? `<${name}>` : `[${name}]`, description);
		if (choices !== undefined) argument.choices([...choices]);
		command.addArgument(argument);
	}
	for (const flag of spec.flags) command.addOption(optionOf(flag));
	command.addHelpText('after', exampleText(spec.examples));
	command.action((...args: unknown[]) => {
		const argument = spec.argument === undefined ? undefined : args[0];
		const flags = flagsOf(command, [...spec.flags, ...globalFlags], env);
		chosen({flags, ...(typeof argument === 'string' ? {argument} : {})});
	});
	return command;
}

function usageError(error: CommanderError, argv: readonly string[]): AppError {
	const message = error.message.replace(/^error: /, '');
	const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.)?]$/.test(message) ? '' : '.'}`;
	return new AppError(sentence.replaceAll('\n', ' '), {
		code: 'usage',
		exitCode: exitCodes.usage,
		next: [nextHelp(argv)],
	});
}

/** The help that answers: that of the command which was named, if there is one. */
function nextHelp(argv: readonly string[]): string {
	const words = argv.filter(word => !word.startsWith('-'));
	const named = [words.slice(0, 2).join(' '), words[0]].find(name => commandTable.some(spec => spec.name === name));
	if (named === undefined) return 'constellation --help   lists the commands and their flags';
	return `constellation ${named} --help   tells what it takes, with an example`;
}

/**
 * Reads the words behind the program's name. Undefined when they asked for help, which was printed. Throws AppError `usage`.
 */
export function parseCommandLine(argv: readonly string[], env: Environment, print: (text: string) => void): Request | undefined {
	let request: Pick<Request, 'command' | 'input'> | undefined;
	let unknown: string | undefined;
	const program = new Command('constellation')
		.description('Create and run confidential Kubernetes clusters. Without a command, opens the wizard.')
		.configureHelp({showGlobalOptions: true})
		.helpOption('-h, --help', 'Print this help')
		.configureOutput({writeOut: print, writeErr: () => undefined})
		.exitOverride();
	program.allowExcessArguments().action(() => {
		unknown = program.args[0];
		request = {input: {flags: flagsOf(program, globalFlags, env)}};
	});
	for (const flag of globalFlags) program.addOption(optionOf(flag));
	const groups = new Map<string, Command>();
	for (const spec of commandTable) {
		const [group = '', leaf] = spec.name.split(' ');
		let parent = program;
		if (leaf !== undefined) {
			parent = groups.get(group) ?? program.command(group).description(groupSummaries[group] ?? '');
			groups.set(group, parent);
		}
		addCommand(parent, spec, env, input => {
			request = {command: spec, input};
		});
	}
	program.addHelpText('after', exampleText(['constellation', 'constellation apply -C demo --yes']));
	try {
		program.parse([...argv], {from: 'user'});
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		// A group without a command prints its help as an error; that is a question answered, but not one that was asked.
		if (error.exitCode === 0) return undefined;
		throw usageError(
			error.code === 'commander.help' ? new CommanderError(2, error.code, `${argv.join(' ')} needs a command`) : error,
			argv,
		);
	}
	if (unknown !== undefined) throw unknownCommand(unknown);
	if (request === undefined) return undefined;
	const {workspace, json, plain, yes} = request.input.flags;
	return {
		...request,
		folder: typeof workspace === 'string' ? workspace : '.',
		flags: {json: json === true, plain: plain === true, yes: yes === true},
	};
}
