/** Every glyph and colour of the screens. Meaning is never by colour alone: each state has its own symbol. */
export type Theme = {colour: boolean; unicode: boolean; motion: boolean; symbols: typeof symbols};

const symbols = {
	star: '✦',
	done: '●',
	reported: '◍',
	working: '◐',
	waiting: '○',
	unseen: '·',
	refused: '✖',
	lost: '▲',
	warning: '▲',
	pointer: '❯',
	to: '→',
	rule: '─',
	dot: '·',
	mask: '•',
	ellipsis: '…',
} as const;

const spinner = ['◐', '◓', '◑', '◒'];

// One cell each, so that a line keeps its width when the terminal can draw no more than ASCII.
const twins: Readonly<Record<string, string>> = {
	'✦': '*',
	'●': '*',
	'◍': '+',
	'◐': '~',
	'○': '.',
	'·': '-',
	'✖': 'x',
	'▲': '!',
	'❯': '>',
	'─': '-',
	'•': '*',
	'…': '~',
	'–': '-',
	'↑': '^',
	'↓': 'v',
	'←': '<',
	'→': '>',
};

export function createTheme(options: {colour: boolean; unicode: boolean; motion: boolean}): Theme {
	return {...options, motion: options.motion && options.unicode, symbols};
}

/** The text as the theme's terminal can draw it: our glyphs have ASCII twins, what others wrote stays. */
export function drawable(text: string, theme: Theme): string {
	return theme.unicode ? text : text.replaceAll(/[✦●◍◐○·✖▲❯─•…–↑↓←→]/gu, glyph => twins[glyph] ?? glyph);
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
