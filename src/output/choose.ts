import {AppError, exitCodes} from '../errors.ts';

export type RendererKind = 'ink' | 'plain' | 'json';

/** What the choice depends on: flags first, then the streams, then the environment. */
export type Surroundings = {
	stdinIsTty: boolean;
	stdoutIsTty: boolean;
	env: Readonly<Record<string, string | undefined>>;
	flags?: {json?: boolean; plain?: boolean; screenReader?: boolean};
};

/** The one place that decides how a command talks. Ink never decides by itself: it would treat `CI=` as a CI. */
export function chooseRenderer({stdinIsTty, stdoutIsTty, env, flags = {}}: Surroundings): RendererKind {
	if (flags.json) return 'json';
	if (flags.plain || flags.screenReader || isScreenReader(env)) return 'plain';
	if (!stdinIsTty || !stdoutIsTty || isCi(env) || env['TERM'] === 'dumb') return 'plain';
	return 'ink';
}

/**
 * How questions are asked: on the full screen, by prompts that redraw themselves, by bare lines (dumb terminals, screen
 * readers), or, without a terminal or where a machine reads along, not at all.
 */
export function chooseFrontEnd(surroundings: Surroundings): 'ink' | 'prompts' | 'lines' | 'none' {
	const renderer = chooseRenderer(surroundings);
	if (renderer === 'ink') return 'ink';
	const canAsk = surroundings.stdinIsTty && surroundings.stdoutIsTty && !isCi(surroundings.env);
	if (renderer !== 'plain' || !canAsk) return 'none';
	const {env, flags} = surroundings;
	return env['TERM'] === 'dumb' || flags?.screenReader || isScreenReader(env) ? 'lines' : 'prompts';
}

/** The error for a question that cannot be asked; `missing` names the flags that answer it. */
export function noTerminal(missing: readonly string[]): AppError {
	return new AppError('There is no terminal to ask in.', {
		code: 'no-terminal',
		exitCode: exitCodes.usage,
		next: missing,
	});
}

/** NO_COLOR with any value wins (no-color.org), then FORCE_COLOR, then whether somebody looks. */
export function chooseColour(env: Surroundings['env'], isTty: boolean): boolean {
	if (env['NO_COLOR']) return false;
	const force = env['FORCE_COLOR'];
	if (force !== undefined) return force !== '0' && force !== 'false';
	return isTty && env['TERM'] !== 'dumb';
}

/** Whether the terminal can be expected to draw more than ASCII. */
export function chooseUnicode(env: Surroundings['env'], platform: NodeJS.Platform): boolean {
	if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false;
	if (platform === 'win32') return Boolean(env['WT_SESSION'] ?? env['TERM_PROGRAM']);
	return /utf-?8/iu.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}

/** Whether things may move on screen without being asked to; CONSTELL_NO_SPINNER is the name v2.9 used. */
export function chooseMotion(env: Surroundings['env']): boolean {
	return !env['CONSTELL_NO_SPINNER'];
}

function isCi(env: Surroundings['env']): boolean {
	const ci = env['CI'];
	return ci !== undefined && ci !== '' && ci !== 'false' && ci !== '0';
}

function isScreenReader(env: Surroundings['env']): boolean {
	return env['INK_SCREEN_READER'] === 'true';
}
