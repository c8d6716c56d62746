import type {Surroundings} from './choose.ts';

const programs = new Set(['iTerm.app', 'WezTerm', 'vscode', 'ghostty', 'Hyper', 'Tabby', 'rio', 'WarpTerminal']);

/** Whether the terminal is one that makes links of OSC 8; FORCE_HYPERLINK decides where it is set. Others print rubbish at worst. */
export function chooseLinks(env: Surroundings['env']): boolean {
	const force = env['FORCE_HYPERLINK'];
	if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
	if (Number(env['VTE_VERSION'] ?? 0) >= 5000) return true;
	if (env['WT_SESSION'] !== undefined || env['KONSOLE_VERSION'] !== undefined) return true;
	return programs.has(env['TERM_PROGRAM'] ?? '') || /^(?:xterm-kitty|alacritty|foot|contour)/u.test(env['TERM'] ?? '');
}

const addresses = /https?:\/\/[!#-;=?-[\]_a-z~]*[#$%&*+\-/0-9=@A-Z_a-z~]/gu;

/** The line with every web address as a link to itself (OSC 8): what is read, selected and piped stays the address. */
export function linked(line: string): string {
	return line.replaceAll(addresses, address => `\u001B]8;;${address}\u001B\\${address}\u001B]8;;\u001B\\`);
}
