import {count} from '../text.ts';

/** What is known of a workspace, gathered by the shell; every field says what it could not find out. */
export type HomeFacts = {
	name: string;
	provider: string;
	/** `read-only`: a workspace of the original; then `original` says what can be done. */
	state: 'configured' | 'created' | 'running' | 'degraded' | 'stopped' | 'unreachable' | 'read-only';
	/** `words`: what the workspace is, sentences. `items`: what works in it. */
	original?: {words: readonly string[]; items: readonly HomeItem[]};
	nodes?: {ready: number; total: number; controlPlanes: number; workers: number};
	/** Milliseconds since the epoch. */
	checkedAt: number;
	verifiedAt?: number;
	image?: string;
	/** A newer image than the nodes run, and how many registers differ. */
	newerImage?: {version: string; registersDiffer: number};
	/** An upgrade was begun in this workspace and is not over. */
	upgrading?: boolean;
	policy?: {images: number; generation: number};
	copyConfirmed?: boolean;
	/** Its node groups can be scaled although there is no cluster of them: machines on a cloud. */
	scalable?: boolean;
	/** What is wrong, a sentence. */
	problem?: string;
};

export type HomeActionId =
	| 'apply'
	| 'watch'
	| 'verify'
	| 'start'
	| 'upgrade'
	| 'scale'
	| 'recover'
	| 'status'
	| 'stop'
	| 'kubeconfig merge'
	| 'terminate';

/** One thing that can be done next, as a command; the first enabled one is what makes sense most. */
export type HomeItem = {id: HomeActionId; title: string; detail: string; enabled: boolean};

/** What can be done next in a workspace, best first. */
export function homeItems(facts: HomeFacts): HomeItem[] {
	const {state, nodes, newerImage, original} = facts;
	if (original !== undefined) return [...original.items].sort(byUse);
	const up = state === 'running' || state === 'degraded';
	const exists = state !== 'configured';
	const planned = nodes === undefined ? '' : `${count(nodes.controlPlanes, 'control plane')}, ${count(nodes.workers, 'worker')}`;
	const items: HomeItem[] = [
		{
			id: 'start',
			title: 'Start',
			detail: 'starts the machines, verifies each, hands the master secret back',
			enabled: state === 'stopped',
		},
		{
			id: 'apply',
			title: state === 'configured' ? 'Create' : 'Continue',
			detail: state === 'configured' ? 'create the cluster from this config' : 'finish what was begun; what exists is kept',
			enabled: state === 'configured' || state === 'created' || state === 'degraded',
		},
		{id: 'watch', title: 'Watch nodes', detail: 'live join status', enabled: up},
		{id: 'verify', title: 'Verify', detail: 'challenge the cluster and read the answer', enabled: up},
		{
			id: 'upgrade',
			title: 'Upgrade',
			detail: facts.upgrading
				? 'under way: shows it and goes on'
				: newerImage === undefined
					? 'no newer image on this machine'
					: `${facts.image ?? 'this image'} to ${newerImage.version}`,
			enabled: up && (newerImage !== undefined || facts.upgrading === true),
		},
		{id: 'scale', title: 'Scale', detail: planned || 'size of a node group', enabled: up || facts.scalable === true},
		{
			id: 'recover',
			title: 'Recover',
			detail: up ? 'not needed now' : 'hands the master secret to nodes that wait for it',
			enabled: state === 'unreachable',
		},
		{id: 'status', title: 'Status', detail: 'everything that is known, as text', enabled: exists},
		{id: 'stop', title: 'Stop', detail: 'switches the machines off; disks and state stay', enabled: up},
		{id: 'terminate', title: 'Terminate', detail: 'removes the machines and every resource', enabled: exists},
	];
	return items.filter(item => item.enabled || (item.id === 'recover' && exists && state !== 'created')).sort(byUse);
}

function byUse(a: HomeItem, b: HomeItem): number {
	const last = (item: HomeItem) => (item.id === 'terminate' ? 2 : item.enabled ? 0 : 1);
	return last(a) - last(b);
}

export type HomeState = {facts: HomeFacts; selected: number; help: boolean; chosen?: HomeActionId; left: boolean};

/** What a key does on the home screen. */
export function reduceHome(state: HomeState, key: string): HomeState {
	if (key === 'ctrl-c') return {...state, left: true};
	if (state.help) return key === '?' || key === 'escape' || key === 'f1' ? {...state, help: false} : state;
	const items = homeItems(state.facts);
	const move = (by: number) => {
		for (let at = state.selected + by; at >= 0 && at < items.length; at += by)
			if (items[at]?.enabled) return {...state, selected: at};
		return state;
	};
	switch (key) {
		case 'up':
		case 'k':
			return move(-1);
		case 'down':
		case 'j':
			return move(1);
		case 'enter': {
			const item = items[state.selected];
			return item?.enabled ? {...state, chosen: item.id} : state;
		}
		case '?':
		case 'f1':
			return {...state, help: true};
		case 'escape':
		case 'q':
			return {...state, left: true};
		default:
			return state;
	}
}

export const homeHints = [
	{shown: '↑↓', hint: 'choose'},
	{shown: 'enter', hint: 'go'},
	{shown: '?', hint: 'keys'},
	{shown: 'esc', hint: 'leave'},
] as const;
