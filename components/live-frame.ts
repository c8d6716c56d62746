import {remaining} from '../src/estimate.ts';
import {duration} from '../src/text.ts';
import {hintsFor, keySections} from '../src/wizard/keys.ts';
import type {LiveState} from '../src/wizard/live.ts';
import {liveBindings} from '../src/wizard/live-keys.ts';
import {type Line, line, span} from './lines.ts';
import {liveBody} from './live-view.ts';
import {helpBody} from './overlays.ts';
import type {Frame, Size} from './screen.tsx';
import {bodyWidth} from './screen.tsx';
import type {Theme} from './theme.ts';

/** The screen of one flow, outside the wizard: `apply --yes`, `watch`, `verify`, `scale`. */
export function liveFrame(live: LiveState, help: boolean, size: Size, theme: Theme, now: number): Frame {
	const width = bodyWidth(size);
	const {startedAt, lastAt} = live.view;
	const end = live.work === 'failed' || live.work === 'done' ? (lastAt ?? now) : now;
	return {
		title: line(span(live.title, 'title')),
		aside: startedAt === undefined ? [] : elapsed(live, size, end),
		body: help ? helpBody(keySections(liveBindings), width) : height => liveBody(live, width, height, theme, now),
		hints: help ? [{shown: '?', hint: 'close'}] : hintsFor(liveBindings, live),
	};
}

/** How long it has taken so far, and, where there is room and a basis, how much longer it will. */
export function elapsed({view, work}: LiveState, {columns}: Size, now: number): Line {
	const left = columns < 60 || work !== 'running' ? undefined : remaining(view, now);
	return line(...(left === undefined ? [] : [span(`${left}   `, 'dim')]), span(duration(now - (view.startedAt ?? now)), 'dim'));
}
