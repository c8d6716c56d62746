import type {Binding} from './keys.ts';
import type {LiveAction, LiveState} from './live.ts';

/** What the live view asks of the shell around it. */
export type LiveCommand = {type: 'stop' | 'leave' | 'retry' | 'help'};

type LiveBinding = Binding<LiveState, LiveAction | LiveCommand>;

const ended = (live: LiveState) => live.work === 'failed' || live.work === 'done';
const logs = (live: LiveState) => live.fullLog && !live.typing;
const lanes = (live: LiveState) => !live.fullLog && live.view.lanes.size > 0;

function move(keys: string[], by: number): LiveBinding {
	return {
		keys,
		shown: '↑↓',
		hint: 'node',
		where: 'live view',
		quiet: by !== -1,
		when: lanes,
		action: () => ({type: 'select', by}),
	};
}

function scroll(keys: string[], by: number): LiveBinding {
	return {
		keys,
		shown: '↑↓ pgup pgdn',
		hint: 'scroll',
		where: 'log',
		quiet: by !== 1,
		when: logs,
		action: () => ({type: 'log-scroll', by}),
	};
}

export const liveBindings: readonly LiveBinding[] = [
	{
		keys: ['enter'],
		shown: 'enter',
		hint: 'filter',
		where: 'log filter',
		when: live => live.typing,
		action: () => ({type: 'filter-done'}),
	},
	{
		keys: ['escape'],
		shown: 'esc',
		hint: 'back',
		where: 'log filter',
		when: live => live.typing,
		action: () => ({type: 'close'}),
	},
	move(['up', 'k'], -1),
	move(['down', 'j'], 1),
	move(['pageup'], -10),
	move(['pagedown'], 10),
	move(['home', 'g'], -Infinity),
	move(['end', 'G'], Infinity),
	{
		keys: ['enter'],
		shown: 'enter',
		hint: 'details',
		where: 'live view',
		when: live => lanes(live) && live.selected !== undefined && !ended(live),
		action: () => ({type: 'detail'}),
	},
	{
		keys: ['d', 'space'],
		shown: 'd',
		hint: 'details',
		where: 'live view',
		quiet: true,
		when: live => lanes(live) && live.selected !== undefined,
		action: () => ({type: 'detail'}),
	},
	scroll(['up', 'k'], 1),
	scroll(['down', 'j'], -1),
	scroll(['pageup'], 10),
	scroll(['pagedown'], -10),
	scroll(['home', 'g'], Infinity),
	scroll(['end', 'G'], -Infinity),
	{keys: ['f'], shown: 'f', hint: 'follow', where: 'log', when: logs, action: () => ({type: 'follow'})},
	{keys: ['/'], shown: '/', hint: 'filter', where: 'log', when: logs, action: () => ({type: 'filter'})},
	{keys: ['l'], shown: 'l', hint: 'log', where: 'live view', when: live => !live.typing, action: () => ({type: 'log'})},
	{
		keys: ['escape'],
		shown: 'esc',
		hint: 'close',
		where: 'live view',
		when: live => !live.typing && (live.fullLog || live.detail || live.selected !== undefined),
		action: () => ({type: 'close'}),
	},
	{
		keys: ['r'],
		shown: 'r',
		hint: 'try again',
		where: 'live view',
		when: live => live.work === 'failed' && !live.typing,
		action: () => ({type: 'retry'}),
	},
	{
		keys: ['enter', 'q'],
		shown: 'enter',
		hint: 'leave',
		where: 'live view',
		when: live => ended(live) && !live.typing,
		action: () => ({type: 'leave'}),
	},
	{keys: ['?', 'f1'], shown: '?', hint: 'keys', where: 'live view', when: live => !live.typing, action: () => ({type: 'help'})},
	{
		keys: ['ctrl-c'],
		shown: 'ctrl-c',
		hint: 'stop cleanly',
		where: 'live view',
		when: live => live.work === 'running',
		action: () => ({type: 'stop'}),
	},
	{
		keys: ['ctrl-c'],
		shown: 'ctrl-c',
		hint: 'stop now',
		where: 'live view',
		when: live => live.work === 'stopping',
		action: () => ({type: 'stop'}),
	},
	{
		keys: ['ctrl-c'],
		shown: 'ctrl-c',
		hint: 'leave',
		where: 'live view',
		quiet: true,
		when: ended,
		action: () => ({type: 'leave'}),
	},
];
