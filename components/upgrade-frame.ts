import {duration} from '../src/text.ts';
import {upgradeHints, upgradeKeySections} from '../src/wizard/upgrade/keys.ts';
import type {UpgradeState} from '../src/wizard/upgrade/state.ts';
import {upgradePosition, upgradeStep} from '../src/wizard/upgrade/steps.ts';
import type {Line} from './lines.ts';
import {blank, line, span, wrap} from './lines.ts';
import {liveBody} from './live-view.ts';
import {helpBody} from './overlays.ts';
import type {Body, Frame, Layout, Size} from './screen.tsx';
import {bodyWidth, layout} from './screen.tsx';
import type {Theme} from './theme.ts';
import {checkBody, targetBody} from './upgrade/check.ts';
import {measurementsBody} from './upgrade/measurements.ts';
import {consentBody, planBody} from './upgrade/plan.ts';

/** The screen of an upgrade for a state, a time and a window. */
export function upgradeFrame(state: UpgradeState, size: Size, theme: Theme, now: number): Frame {
	const frame: Omit<Frame, 'hints'> = {
		title: title(state, theme),
		aside: aside(state, size, theme, now),
		body: body(state, size, theme, now),
		...(state.scroll === undefined ? {} : {scroll: state.scroll}),
	};
	// Which keys scroll depends on the height that is left beside the hints themselves.
	const {offset, scrollLimit} = layout({...frame, hints: upgradeHints({state, offset: 1, scrollLimit: 2})}, size, theme);
	return {...frame, hints: upgradeHints({state, offset, scrollLimit})};
}

/** Where the body stands and how far it can scroll in this window: what the key table needs to know. */
export function upgradeScroll(
	state: UpgradeState,
	size: Size,
	theme: Theme,
	now: number,
): Pick<Layout, 'offset' | 'scrollLimit'> {
	const {offset, scrollLimit} = layout(upgradeFrame(state, size, theme, now), size, theme);
	return {offset, scrollLimit};
}

function title({facts: {offer}, values}: UpgradeState, theme: Theme): Line {
	const from = offer?.proposal?.plan.from.image ?? offer?.parts.image.running;
	const image = values['image'];
	const way =
		from === undefined || image === undefined ? '' : from === image ? ` ${image}` : ` ${from} ${theme.symbols.to} ${image}`;
	const name = offer?.name;
	if (name === undefined) return line(span(`${theme.symbols.star} constellation`, 'title'), span('  upgrade', 'dim'));
	return line(span(name, 'title'), span(` ${theme.symbols.dot} upgrade${way}`));
}

function aside({step, live, pausing}: UpgradeState, size: Size, theme: Theme, now: number): Line {
	if (pausing && step === 'work') return line(span('pauses after this pair', 'accent'));
	const where = upgradePosition(step);
	if (where !== undefined) {
		const {done, working, waiting} = theme.symbols;
		const words = span(`${where.index} of ${where.total}`, 'dim');
		if (size.columns < 60) return [words];
		const rest = span(`${waiting.repeat(where.total - where.index)}  `, 'dim');
		return [span(`${done.repeat(where.index - 1)}${working}`, 'accent'), rest, words];
	}
	const {startedAt, lastAt} = live.view;
	const isOver = step === 'summary' || live.work === 'failed';
	return startedAt === undefined ? [] : line(span(duration((isOver ? (lastAt ?? now) : now) - startedAt), 'dim'));
}

function body(state: UpgradeState, size: Size, theme: Theme, now: number): Frame['body'] {
	// Sentences longer than this are hard to read, however wide the window is.
	const width = Math.min(bodyWidth(size), state.step === 'work' && state.overlay === undefined ? Infinity : 100);
	switch (state.overlay) {
		case 'help':
			return helpBody(upgradeKeySections(state.step), width);
		case 'explain':
			return explainBody(state, width);
		case 'leave':
			return leaveBody(width);
		default:
			return stepBody(state, width, theme, now);
	}
}

function stepBody(state: UpgradeState, width: number, theme: Theme, now: number): Frame['body'] {
	switch (state.step) {
		case 'check':
			return checkBody(state, width, theme, now);
		case 'target':
			return targetBody(state, width, theme, now);
		case 'measurements':
			return measurementsBody(state, width, theme, now);
		case 'plan':
			return planBody(state, width, theme);
		case 'consent':
			return consentBody(state, width, theme, now);
		case 'work':
			return height => liveBody(state.live, width, height, theme, now);
		default:
			return {
				lines: (state.end?.lines ?? []).flatMap((text, index) => wrap(text, width, index === 0 ? 'strong' : 'plain', '  ')),
			};
	}
}

function explainBody({step}: UpgradeState, width: number): Body {
	const {question, explain} = upgradeStep(step);
	return {lines: [...wrap(question, width, 'strong'), ...explain.flatMap(paragraph => [blank, ...wrap(paragraph, width)])]};
}

function leaveBody(width: number): Body {
	return {
		lines: [
			...wrap('Leave the upgrade?', width, 'strong'),
			blank,
			...wrap('Nothing has been changed; the cluster stays as it is.', width),
		],
	};
}

/** The title of a step in words, for a front end of lines: `step 3 of 5: trust`. */
export function upgradeStepWords({step}: UpgradeState): string {
	const where = upgradePosition(step);
	const {title: words} = upgradeStep(step);
	return where === undefined ? words : `step ${where.index} of ${where.total}: ${words}`;
}
