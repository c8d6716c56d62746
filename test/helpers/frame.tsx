import type {ExecutionContext} from 'ava';
import {renderToString} from 'ink';
import {cells} from '../../components/lines.ts';
import type {Frame, Size} from '../../components/screen.tsx';
import {Screen} from '../../components/screen.tsx';
import type {Theme} from '../../components/theme.ts';
import {createTheme} from '../../components/theme.ts';

/** The windows every screen is looked at in. */
export const sizes: readonly Size[] = [
	{columns: 40, rows: 24},
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
	{columns: 200, rows: 60},
];

export const plainTheme = createTheme({colour: false, unicode: true, motion: false});

/** Draws a frame as Ink does, and holds it to what every frame must keep: at most rows − 1 lines, inside the window. */
export function draw(t: ExecutionContext, frame: Frame, size: Size, theme: Theme = plainTheme): string {
	const text = renderToString(<Screen frame={frame} size={size} theme={theme} />, {columns: size.columns});
	const lines = text.split('\n');
	t.true(lines.length <= size.rows - 1, `${lines.length} lines in ${size.rows} rows`);
	for (const line of lines) t.true(cells(line) < size.columns, `too wide for ${size.columns}: ${line}`);
	return lines.map(line => line.trimEnd()).join('\n');
}

/** The same frame in all windows, one below the other. `essentials` must be readable in each, however it is wrapped. */
export function drawAll(t: ExecutionContext, frameOf: (size: Size) => Frame, essentials: readonly string[] = []): string {
	return sizes
		.map(size => {
			const text = draw(t, frameOf(size), size);
			const words = text.replaceAll(/\s+/gu, ' ');
			for (const part of essentials) t.true(words.includes(part), `${size.columns}x${size.rows} does not show: ${part}\n${text}`);
			return `=== ${size.columns}x${size.rows}\n${text}\n`;
		})
		.join('');
}
