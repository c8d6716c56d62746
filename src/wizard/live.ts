import type {Event, PhaseId} from '../events.ts';
import type {Lane, LiveView} from '../fold.ts';
import {emptyView, fold} from '../fold.ts';
import {rollRows} from '../roll-rows.ts';
import type {Edit, TextField} from './text-field.ts';
import {editText, textField} from './text-field.ts';
import type {Failure} from './values.ts';

/** How the running work looks: the folded events and where the person is looking. */
export type LiveState = {
	title: string;
	view: LiveView;
	/** The phases this work goes through, as far as it is known beforehand. */
	expected: readonly PhaseId[];
	work: 'idle' | 'running' | 'stopping' | 'failed' | 'done';
	failure?: Failure;
	/** Name of the node under the cursor; the first refused one speaks for itself while nothing is chosen. */
	selected?: string;
	/** Whether the details of the selected node are open. */
	detail: boolean;
	/** Only looking: leaving stops nothing. */
	watching: boolean;
	/** The work goes on in the cluster, whoever looks: Ctrl-C only leaves it. */
	detaches: boolean;
	/** The log takes the whole body. */
	fullLog: boolean;
	/** Lines back from the newest; 0 follows. */
	logBack: number;
	/** What the log is filtered by; being typed while `typing`. */
	filter: TextField;
	typing: boolean;
	/** Where the run's whole log is, if there is a file. */
	logFile?: string;
};

export const emptyLive: LiveState = {
	title: '',
	view: emptyView,
	expected: [],
	work: 'idle',
	detail: false,
	watching: false,
	detaches: false,
	fullLog: false,
	logBack: 0,
	filter: textField(''),
	typing: false,
};

/** Said when a person leaves work that the cluster does by itself. */
export const detachSentence = 'Detaching; what the cluster has begun goes on without this view.';

export type LiveAction =
	| {type: 'events'; events: readonly Event[]}
	| {type: 'select'; by: number}
	| {type: 'detail' | 'log' | 'follow' | 'filter' | 'filter-done' | 'close'}
	| {type: 'log-scroll'; by: number}
	| {type: 'filter-edit'; edit: Edit}
	| {type: 'work'; work: LiveState['work']; title?: string; expected?: readonly PhaseId[]; failure?: Failure};

export function liveReduce(live: LiveState, action: LiveAction): LiveState {
	switch (action.type) {
		case 'events':
			return {...live, view: action.events.reduce(fold, live.view)};
		case 'select':
			return select(live, action.by);
		case 'detail':
			return {...live, detail: !live.detail};
		case 'log':
			return {...live, fullLog: !live.fullLog, logBack: 0, typing: false};
		case 'follow':
			return {...live, logBack: live.logBack === 0 ? 1 : 0};
		case 'filter':
			return {...live, typing: true};
		case 'filter-done':
			return {...live, typing: false, logBack: 0};
		case 'filter-edit':
			return {...live, filter: editText(live.filter, action.edit), logBack: 0};
		case 'log-scroll':
			return {...live, logBack: Math.max(0, Math.min(filteredLogs(live).length - 1, live.logBack + action.by))};
		case 'close':
			return closeOne(live);
		case 'work': {
			const {failure: _, ...rest} = live;
			return {
				...rest,
				work: action.work,
				...(action.expected === undefined ? {} : {expected: action.expected}),
				...(action.title === undefined ? {} : {title: action.title}),
				...(action.failure === undefined ? {} : {failure: action.failure}),
			};
		}
		default:
			return never(action);
	}
}

// Esc closes the innermost thing that is open, and nothing else.
function closeOne(live: LiveState): LiveState {
	if (live.typing) return {...live, typing: false};
	if (live.filter.text !== '' && live.fullLog) return {...live, filter: textField('')};
	if (live.fullLog) return {...live, fullLog: false, logBack: 0};
	if (live.detail) return {...live, detail: false};
	const {selected: _, ...rest} = live;
	return rest;
}

function select(live: LiveState, by: number): LiveState {
	const {view} = live;
	const order = view.replacements.size === 0 ? view.order : rollRows(view).map(({key}) => key);
	const current = live.selected === undefined ? -1 : order.indexOf(live.selected);
	const from = current === -1 && by < 0 ? order.length : current;
	const selected = order[Math.max(0, Math.min(order.length - 1, from + by))];
	return selected === undefined ? live : {...live, selected};
}

/** The lane whose details are shown: the selected one if opened or refused, else the one refused last. */
export function spokenLane(live: LiveState): Lane | undefined {
	const {view} = live;
	const row = live.selected === undefined ? undefined : rollRows(view).find(({key}) => key === live.selected);
	const selected = row?.fresh?.lane ?? (live.selected === undefined ? undefined : view.lanes.get(live.selected));
	if (selected !== undefined && (live.detail || selected.refused !== undefined)) return selected;
	if (live.selected !== undefined && live.detail) return undefined;
	let latest: Lane | undefined;
	for (const lane of view.lanes.values()) {
		if (lane.refused && (latest?.refused?.at ?? -1) < lane.refused.at) latest = lane;
	}
	return latest;
}

/** The log lines that pass the filter, oldest first. */
export function filteredLogs(live: LiveState): LiveView['logs'] {
	const needle = live.filter.text.toLowerCase();
	if (needle === '') return live.view.logs;
	return live.view.logs.filter(({source, line}) => source.toLowerCase().includes(needle) || line.toLowerCase().includes(needle));
}

function never(action: never): never {
	throw new TypeError(`unknown action ${JSON.stringify(action)}`);
}
