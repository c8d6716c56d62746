import {duration} from '../src/text.ts';
import {needALook} from '../src/wizard/form.ts';
import type {WizardState} from '../src/wizard/state.ts';
import {position, stepOf} from '../src/wizard/steps.ts';
import {wizardHints, wizardKeySections} from '../src/wizard/wizard-keys.ts';
import type {Line} from './lines.ts';
import {line, span} from './lines.ts';
import {elapsed} from './live-frame.ts';
import {liveBody} from './live-view.ts';
import {commandsBody, explainBody, helpBody, leaveBody, planBody} from './overlays.ts';
import type {Body, Frame, Layout, Size} from './screen.tsx';
import {bodyWidth, layout} from './screen.tsx';
import {checksBody} from './steps/checks.ts';
import {identitiesBody} from './steps/identities.ts';
import {measurementsBody} from './steps/measurements.ts';
import {questionBody} from './steps/question.ts';
import {removalBody} from './steps/removal.ts';
import {reviewBody} from './steps/review.ts';
import {secretsBody} from './steps/secrets.ts';
import {summaryBody} from './steps/summary.ts';
import type {Theme} from './theme.ts';

/** The wizard's screen for a state, a time and a window. */
export function wizardFrame(state: WizardState, size: Size, theme: Theme, now: number): Frame {
	const frame: Omit<Frame, 'hints'> = {
		title: title(state, theme),
		aside: aside(state, size, theme, now),
		body: body(state, size, theme, now),
		...(state.scroll === undefined ? {} : {scroll: state.scroll}),
	};
	// Which keys scroll depends on the height that is left beside the hints themselves.
	const {offset, scrollLimit} = layout({...frame, hints: wizardHints({state, now, offset: 1, scrollLimit: 2})}, size, theme);
	return {...frame, hints: wizardHints({state, now, offset, scrollLimit})};
}

/** Where the body stands and how far it can scroll in this window: what the key table needs to know. */
export function wizardScroll(state: WizardState, size: Size, theme: Theme, now: number): Pick<Layout, 'offset' | 'scrollLimit'> {
	const {offset, scrollLimit} = layout(wizardFrame(state, size, theme, now), size, theme);
	return {offset, scrollLimit};
}

function title(state: WizardState, theme: Theme): Line {
	const {provider, name} = state.values;
	if (state.step === 'work' || state.step === 'removal')
		return line(span(name, 'title'), span(` · ${provider} · ${workWord(state)}`));
	if (state.reached !== undefined) return line(span(name, 'title'), span(` · ${provider} · infrastructure`));
	if (state.step === 'secrets' || state.step === 'summary') return line(span(`${state.summary?.name ?? name} is ready`, 'title'));
	const what = state.facts.settled === true ? `  ${name}` : '  new cluster';
	return line(span(`${theme.symbols.star} constellation`, 'title'), span(what, 'dim'));
}

function workWord({live, removing, facts}: WizardState): string {
	if (removing !== undefined && live.work === 'running') return 'removing';
	const running = facts.settled === true ? 'applying' : 'creating';
	const words = {idle: 'starting', running, stopping: 'stopping', failed: 'stopped', done: 'ready'} as const;
	return words[live.work];
}

function aside(state: WizardState, size: Size, theme: Theme, now: number): Line {
	if (state.flash !== undefined) return line(span(state.flash.text, 'accent'));
	const {startedAt, lastAt} = state.live.view;
	if (state.step === 'work') {
		const ended = state.live.work === 'failed' || state.live.work === 'done';
		return startedAt === undefined ? [] : elapsed(state.live, size, ended ? (lastAt ?? now) : now);
	}
	if (state.summary !== undefined) return line(span(duration(state.summary.elapsedMs), 'dim'));
	const where = position(state.step, state.values, state.facts);
	const look = needALook(state).filter(step => step !== state.step);
	const mark = look.length === 0 ? [] : [span(`${theme.symbols.warning} look at ${look.join(', ')}   `, 'trouble')];
	if (where === undefined || where.total === 1) return mark;
	const {done, working, waiting} = theme.symbols;
	const words = span(`${where.index} of ${where.total}`, 'dim');
	if (size.columns < 60) return [...mark, words];
	return [
		...mark,
		span(`${done.repeat(where.index - 1)}${working}`, 'accent'),
		span(`${waiting.repeat(where.total - where.index)}  `, 'dim'),
		words,
	];
}

function body(state: WizardState, size: Size, theme: Theme, now: number): Frame['body'] {
	// Sentences longer than this are hard to read, however wide the window is.
	const width = Math.min(bodyWidth(size), state.step === 'work' && state.overlay === undefined ? Infinity : 100);
	switch (state.overlay) {
		case 'help':
			return helpBody(wizardKeySections(state), width);
		case 'explain':
			return explainBody(state, width);
		case 'plan':
			return planBody(state, width, theme, now);
		case 'commands':
			return commandsBody(state, width);
		case 'leave':
			return leaveBody(state, width);
		default:
			return stepBody(state, width, theme, now);
	}
}

function stepBody(state: WizardState, width: number, theme: Theme, now: number): Body | ((height: number) => Body) {
	switch (state.step) {
		case 'checks':
			return checksBody(state, width, theme, now);
		case 'review':
			return height => reviewBody(state, width, theme, now, height);
		case 'identities':
			return identitiesBody(state, width, theme, now);
		case 'measurements':
			return measurementsBody(state, width, theme, now);
		case 'removal':
			return removalBody(state, width, theme);
		case 'work':
			return height => liveBody(state.live, width, height, theme, now);
		case 'secrets':
			return secretsBody(state, width, theme, now);
		case 'summary':
			return summaryBody(state, width);
		default:
			return questionBody(state, width, theme, now);
	}
}

/** The title of a step in words, for a front end of lines: `step 3 of 8: provider`. */
export function stepWords(state: WizardState): string {
	const where = position(state.step, state.values, state.facts);
	const {title: words} = stepOf(state.step);
	return where === undefined ? words : `step ${where.index} of ${where.total}: ${words}`;
}
