import type headless from '@xterm/headless';

const cell = {width: 8.4, height: 18};
const background = '#18181b';
const foreground = '#e4e4e7';
const palette = [
	...['#18181b', '#ef4444', '#22c55e', '#eab308', '#3b82f6', '#d946ef', '#06b6d4', '#e4e4e7'],
	...['#71717a', '#fc8181', '#86efac', '#fde047', '#93c5fd', '#f0abfc', '#67e8f9', '#ffffff'],
];

/** The visible screen of a terminal as an SVG picture, colours, bold and dim included. */
export function screenSvg(terminal: headless.Terminal): string {
	const width = Math.ceil(terminal.cols * cell.width + 24);
	const height = terminal.rows * cell.height + 24;
	const rows = Array.from({length: terminal.rows}, (_, row) => rowSvg(terminal, row));
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}">`,
		`<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
		'<g font-family="ui-monospace, Menlo, DejaVu Sans Mono, monospace" font-size="14" xml:space="preserve">',
		...rows.filter(row => row !== ''),
		'</g></svg>',
		'',
	].join('\n');
}

function rowSvg(terminal: headless.Terminal, row: number): string {
	const buffer = terminal.buffer.active;
	const line = buffer.getLine(buffer.viewportY + row);
	if (!line || line.translateToString(true) === '') return '';
	const runs: {text: string; style: string; column: number}[] = [];
	for (let column = 0; column < terminal.cols; column++) {
		const current = line.getCell(column);
		if (!current || current.getWidth() === 0) continue;
		const style = styleOf(current);
		const text = current.getChars() || ' ';
		const last = runs.at(-1);
		if (last?.style === style) last.text += text;
		else runs.push({text, style, column});
	}
	const y = 12 + row * cell.height + 14;
	return runs
		.filter(run => run.text.trim() !== '')
		.map(run => {
			const x = (12 + run.column * cell.width).toFixed(1);
			const text = run.text.trimEnd();
			const length = (text.length * cell.width).toFixed(1);
			return `<text x="${x}" y="${String(y)}" textLength="${length}" ${run.style}>${escape(text)}</text>`;
		})
		.join('');
}

function styleOf(current: headless.IBufferCell): string {
	const colour = current.isFgPalette()
		? palette256(current.getFgColor())
		: current.isFgRGB()
			? hex(current.getFgColor())
			: foreground;
	const weight = current.isBold() ? ' font-weight="bold"' : '';
	const opacity = current.isDim() ? ' opacity="0.55"' : '';
	return `fill="${colour}"${weight}${opacity}`;
}

function palette256(index: number): string {
	const basic = palette[index];
	if (basic !== undefined) return basic;
	if (index >= 232) return hex((8 + (index - 232) * 10) * 0x01_01_01);
	const level = (part: number) => (part === 0 ? 0 : 55 + 40 * part);
	const cube = index - 16;
	return hex((level(Math.floor(cube / 36)) << 16) | (level(Math.floor(cube / 6) % 6) << 8) | level(cube % 6));
}

const hex = (colour: number) => `#${colour.toString(16).padStart(6, '0')}`;

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
