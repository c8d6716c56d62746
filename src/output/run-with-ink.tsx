import {liveFrame} from '../../components/live-frame.ts';
import type {Event, Flow} from '../events.ts';
import {actionFor} from '../wizard/keys.ts';
import type {LiveAction, LiveState} from '../wizard/live.ts';
import {emptyLive, liveReduce} from '../wizard/live.ts';
import {liveBindings} from '../wizard/live-keys.ts';
import {textKeys} from '../wizard/text-field.ts';
import {leftError} from './describe-error.ts';
import {drive} from './drive.ts';
import type {InputEvent} from './input.ts';
import {interruptible, leaveAtOnce} from './interrupt.ts';
import {lastWords} from './last-words.ts';
import type {FullScreen} from './screen.tsx';
import {openScreen} from './screen.tsx';
import type {OutputOptions, RunOptions} from './types.ts';

/** What is over sooner than this does not flash up a screen. */
const patienceMs = 300;

/**
 * Shows a flow on the full screen until it ends. The first Ctrl-C stops it cleanly and says so, the second leaves at
 * once. Whatever happens, the terminal is restored before this settles; after a failure the last log lines stay on the
 * normal screen.
 */
export async function runWithInk<R>(
	title: string,
	start: (signal: AbortSignal) => Flow<R>,
	options: OutputOptions,
	{expected = [], logFile, watching = false, detaches = false}: RunOptions = {},
): Promise<R> {
	const abort = new AbortController();
	const file = logFile === undefined ? {} : {logFile};
	let live: LiveState = {...emptyLive, title, expected, watching, detaches, work: 'running', ...file};
	let help = false;
	let crash: unknown;
	let waiting: Event[] = [];
	const dispatch = (action: LiveAction) => {
		live = liveReduce(live, action);
	};
	const drain = () => {
		if (waiting.length > 0) dispatch({type: 'events', events: waiting});
		waiting = [];
	};
	let screen: FullScreen | undefined;
	const open = () =>
		openScreen(options, {
			frame: (size, theme) => liveFrame(live, help, size, theme, options.now()),
			onInput: event => {
				help = onInput(event, live, help, dispatch, interrupt.request);
				screen?.changed();
			},
			onTick: () => {
				drain();
				return true;
			},
			onCrash: error => {
				crash = error;
				abort.abort();
			},
		});
	const interrupt = interruptible({
		signals: options.signals,
		stop: () => {
			dispatch({type: 'work', work: 'stopping'});
			abort.abort();
			screen?.changed();
		},
		now: exitCode => {
			screen?.release();
			leaveAtOnce(options, exitCode);
		},
	});
	const opening = setTimeout(() => {
		screen = open();
	}, patienceMs);
	try {
		return await drive(start(abort.signal), event => waiting.push(event), abort.signal);
	} catch (error) {
		drain();
		clearTimeout(opening);
		await screen?.close();
		// Who leaves a view has seen it; after a failure its last words stay.
		if (!abort.signal.aborted || !(detaches || watching))
			for (const line of lastWords(live, error)) options.stderr.write(`${line}\n`);
		throw crash ?? (abort.signal.aborted ? leftError(error, {watching, detaches}) : error);
	} finally {
		clearTimeout(opening);
		interrupt.release();
		await screen?.close();
	}
}

function onInput(
	event: InputEvent,
	live: LiveState,
	help: boolean,
	dispatch: (action: LiveAction) => void,
	stop: () => void,
): boolean {
	if (event.type !== 'key' && live.typing) {
		dispatch({type: 'filter-edit', edit: {edit: 'insert', text: event.text}});
		return help;
	}
	if (event.type === 'paste') return help;
	const keys = event.type === 'key' ? [event.key] : Array.from(event.text, char => (char === ' ' ? 'space' : char));
	let isHelp = help;
	for (const key of keys) {
		if (isHelp && key !== 'ctrl-c') {
			isHelp = !['?', 'f1', 'escape'].includes(key);
			continue;
		}
		const edit = live.typing ? textKeys[key] : undefined;
		const action = actionFor(liveBindings, live, key);
		if (action === undefined) {
			if (edit !== undefined) dispatch({type: 'filter-edit', edit});
			continue;
		}
		switch (action.type) {
			case 'stop':
			case 'leave':
				stop();
				break;
			case 'help':
				isHelp = true;
				break;
			case 'retry':
				break;
			default:
				dispatch(action);
		}
	}
	return isHelp;
}
