import type {Binding} from './keys.ts';
import {bind} from './keys.ts';
import type {LiveAction, LiveState} from './live.ts';

/** What the live view asks of the shell around it. */
export type LiveCommand = {type: 'stop' | 'leave' | 'retry' | 'help'};

type LiveBinding = Binding<LiveState, LiveAction | LiveCommand>;

const quiet = true;
const typing = (live: LiveState) => live.typing;
const idle = (live: LiveState) => !live.typing;
const inLog = (live: LiveState) => live.fullLog && !live.typing;
const inLanes = (live: LiveState) => !live.fullLog && (live.view.lanes.size > 0 || live.view.replacements.size > 0);
const ended = (live: LiveState) => live.work === 'failed' || live.work === 'done';
const chosen = (live: LiveState) => inLanes(live) && live.selected !== undefined;
const running = (live: LiveState) => live.work === 'running';
const looking = (live: LiveState) => idle(live) && running(live) && live.watching;
const stopping = (live: LiveState) => live.work === 'stopping';
const something = (live: LiveState) => idle(live) && (live.fullLog || live.detail || live.selected !== undefined);

const move = (keys: readonly string[], by: number): LiveBinding =>
	bind('live view', keys, '↑↓', 'node', inLanes, {type: 'select', by}, by !== -1);
const scroll = (keys: readonly string[], by: number): LiveBinding =>
	bind('log', keys, '↑↓', 'scroll', inLog, {type: 'log-scroll', by}, by !== 1);

/** The keys of the live view, in the wizard's work step and in `watch` alike. */
export const liveBindings: readonly LiveBinding[] = [
	bind('log filter', ['enter'], 'enter', 'filter', typing, {type: 'filter-done'}),
	bind('log filter', ['escape'], 'esc', 'back', typing, {type: 'close'}),
	move(['up', 'k'], -1),
	move(['down', 'j'], 1),
	move(['pageup'], -10),
	move(['pagedown'], 10),
	move(['home', 'g'], -Infinity),
	move(['end', 'G'], Infinity),
	bind('live view', ['enter'], 'enter', 'details', live => chosen(live) && !ended(live), {type: 'detail'}),
	bind('live view', ['d', 'space'], 'd', 'details', chosen, {type: 'detail'}, quiet),
	scroll(['up', 'k'], 1),
	scroll(['down', 'j'], -1),
	scroll(['pageup'], 10),
	scroll(['pagedown'], -10),
	scroll(['home', 'g'], Infinity),
	scroll(['end', 'G'], -Infinity),
	bind('log', ['f'], 'f', 'follow', inLog, {type: 'follow'}),
	bind('log', ['/'], '/', 'filter', inLog, {type: 'filter'}),
	bind('live view', ['l'], 'l', 'log', idle, {type: 'log'}),
	bind('live view', ['escape'], 'esc', 'close', something, {type: 'close'}),
	bind('live view', ['r'], 'r', 'try again', live => idle(live) && live.work === 'failed', {type: 'retry'}),
	bind('live view', ['enter', 'q'], 'enter', 'leave', live => idle(live) && ended(live), {type: 'leave'}),
	bind('live view', ['?', 'f1'], '?', 'keys', idle, {type: 'help'}),
	bind('live view', ['q', 'ctrl-c'], 'q', 'leave', looking, {type: 'stop'}),
	bind('live view', ['ctrl-c'], 'ctrl-c', 'detach, it goes on', live => running(live) && live.detaches, {type: 'stop'}),
	bind('live view', ['ctrl-c'], 'ctrl-c', 'stop cleanly', live => running(live) && !live.watching && !live.detaches, {
		type: 'stop',
	}),
	bind('live view', ['ctrl-c'], 'ctrl-c', 'stop now', stopping, {type: 'stop'}),
	bind('live view', ['ctrl-c'], 'ctrl-c', 'leave', ended, {type: 'leave'}, quiet),
];
