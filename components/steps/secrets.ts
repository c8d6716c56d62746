import {secretLines} from '../../src/wizard/secrets.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import type {Line} from '../lines.ts';
import {blank, cells, indented, line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';

/** Cluster ID and master secret: values on lines of their own, without boxes, so that they can be selected. */
export function secretsBody(state: WizardState, width: number, theme: Theme, now: number): Body {
	const {summary, secrets} = state;
	const lines: Line[] = [
		...about('Cluster ID', 'who this cluster is; needed to verify it; not secret', width),
		...wrap(summary?.clusterId ?? '', width),
		blank,
		...about('Master secret', 'recovers every node; keep a copy away from this machine', width),
		...(secrets.error === undefined ? secretValue(state, width, theme, now) : wrap(secrets.error, width, 'trouble')),
		...wrap(`in ${summary?.files.masterSecret ?? 'the workspace'} (0600, plain text)`, width, 'dim'),
		blank,
		...(secrets.card ? card(state, width) : []),
		...wrap('Have you stored a copy? Give the last 6 characters of its key, or "later".', width, 'strong'),
	];
	const focus = lines.length;
	const text = state.values.copy;
	lines.push(
		line(
			span(`${theme.symbols.pointer} `, secrets.typing ? 'accent' : 'dim'),
			span(text === '' ? '______' : text, text === '' ? 'dim' : 'strong'),
		),
	);
	if (state.judged.has('copy')) {
		lines.push(
			...wrap(
				`${theme.symbols.refused} These are not the last 6 characters of the key. Nothing is lost; look again, or type later.`,
				width,
				'trouble',
				'  ',
			),
		);
	}
	return {lines, focus, ...(secrets.typing ? {cursor: {line: focus, column: 2 + cells(text.slice(0, state.cursor))}} : {})};
}

function about(title: string, words: string, width: number): Line[] {
	return width < 60
		? [line(span(title, 'title')), ...wrap(words, width, 'dim')]
		: [line(span(title.padEnd(16), 'title'), span(words, 'dim'))];
}

// The mask is as wide whatever it hides.
function secretValue({secrets}: WizardState, width: number, theme: Theme, now: number): Line[] {
	const mask = theme.symbols.mask.repeat(32);
	if (secrets.shownUntil === undefined || secrets.secret === undefined) {
		return [line(span('key   ', 'dim'), mask), line(span('salt  ', 'dim'), mask)];
	}
	const {key, salt} = secretLines(secrets.secret);
	const left = Math.ceil((secrets.shownUntil - now) / 1000);
	return [
		line(span('key', 'dim'), span(`   hides in ${left} s`, 'accent')),
		...wrap(key, width),
		line(span('salt', 'dim')),
		...wrap(salt, width),
	];
}

function card({summary}: WizardState, width: number): Line[] {
	const text = [
		'If every control plane stops, in this workspace:',
		'constellation start',
		'On another machine: the config, the ID file and the master secret, then',
		'constellation recover',
	];
	return [
		line(span('Recovery card', 'title'), span(`  ${summary?.name ?? ''}`, 'dim')),
		...text.flatMap((words, index) => indented(wrap(words, width - 2, index % 2 === 0 ? 'dim' : 'plain'), 2)),
		blank,
	];
}
