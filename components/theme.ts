/** Every glyph and colour of the screens. Meaning is never by colour alone: each state has its own symbol. */
export type Theme = {colour: boolean; motion: boolean; symbols: Symbols};

const unicode = {
	done: '●',
	reported: '◍',
	working: '◐',
	waiting: '○',
	unseen: '·',
	refused: '✖',
	lost: '▲',
	warning: '▲',
	pointer: '❯',
	rule: '─',
	dot: '·',
	mask: '•',
	arrows: '↑↓',
	left: '←',
	ellipsis: '…',
	cursor: '█',
};

export type Symbols = typeof unicode;

const ascii: Symbols = {
	done: '*',
	reported: '+',
	working: '~',
	waiting: '.',
	unseen: '-',
	refused: 'x',
	lost: '!',
	warning: '!',
	pointer: '>',
	rule: '-',
	dot: '-',
	mask: '*',
	arrows: 'up/down',
	left: 'left',
	ellipsis: '...',
	cursor: '_',
};

const spinner = ['◐', '◓', '◑', '◒'];

export function createTheme(options: {colour: boolean; unicode: boolean; motion: boolean}): Theme {
	return {colour: options.colour, motion: options.motion && options.unicode, symbols: options.unicode ? unicode : ascii};
}

/** How a piece of text is meant. One accent, one for trouble, dim for what is secondary. */
export type Tone = 'plain' | 'dim' | 'accent' | 'trouble' | 'strong' | 'title';

/** The Ink properties of a tone; none at all without colour, so that not one escape sequence is written. */
export function toneProps(tone: Tone, theme: Theme): {color?: string; dimColor?: boolean; bold?: boolean} {
	if (!theme.colour) return {};
	switch (tone) {
		case 'plain':
			return {};
		case 'dim':
			return {dimColor: true};
		case 'accent':
			return {color: 'cyan'};
		case 'trouble':
			return {color: 'red'};
		case 'strong':
			return {bold: true};
		case 'title':
			return {color: 'cyan', bold: true};
		default:
			return never(tone);
	}
}

/** The working symbol at a time: it turns, where things may move. */
export function workingSymbol(theme: Theme, now: number): string {
	return theme.motion ? (spinner[Math.floor(now / 250) % spinner.length] ?? theme.symbols.working) : theme.symbols.working;
}

function never(tone: never): never {
	throw new TypeError(`unknown tone ${String(tone)}`);
}
