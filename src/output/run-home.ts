import type {HomeActionId, HomeFacts, HomeState} from '../wizard/home.ts';
import {homeItems, reduceHome} from '../wizard/home.ts';
import {chooseFrontEnd, noTerminal} from './choose.ts';
import {openAsker} from './prompts.ts';
import type {OutputOptions} from './types.ts';

/** The home screen of a workspace. Resolves with what to do next, or undefined when the person leaves. */
export async function runHome(facts: HomeFacts, options: OutputOptions): Promise<HomeActionId | undefined> {
	const frontEnd = chooseFrontEnd({
		stdinIsTty: options.stdin.isTTY,
		stdoutIsTty: options.stdout.isTTY,
		env: options.env,
		...(options.flags === undefined ? {} : {flags: options.flags}),
	});
	if (frontEnd === 'none') throw noTerminal(['constellation status   tells what is known of this workspace']);
	if (frontEnd !== 'ink') {
		const asker = await openAsker(options);
		const items = homeItems(facts).map(({id, title, detail, enabled}) => ({value: id, title, detail, disabled: !enabled}));
		const words = facts.original === undefined ? '' : ` ${facts.original.words.join(' ')}`;
		const chosen = await asker.choose(`${facts.name}, ${facts.provider}, ${facts.state}.${words} What next?`, items);
		asker.close();
		return chosen;
	}
	return homeOnScreen(facts, options);
}

async function homeOnScreen(facts: HomeFacts, options: OutputOptions): Promise<HomeActionId | undefined> {
	const {openScreen} = await import('./screen.tsx');
	const {homeFrame} = await import('../../components/home-frame.ts');
	const {promise: ended, resolve: end, reject: fail} = Promise.withResolvers<undefined>();
	let state: HomeState = {
		facts,
		selected: Math.max(
			0,
			homeItems(facts).findIndex(item => item.enabled),
		),
		help: false,
		left: false,
	};
	const leave = () => {
		state = {...state, left: true};
		end(undefined);
	};
	const screen = openScreen(options, {
		frame: (size, theme) => homeFrame(state, size, theme, options.now()),
		onInput: event => {
			if (event.type === 'paste') return;
			for (const key of event.type === 'key' ? [event.key] : event.text) state = reduceHome(state, key);
			if (state.left || state.chosen !== undefined) end(undefined);
			else screen.changed();
		},
		onTick: () => false,
		onCrash: fail,
	});
	const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
	for (const signal of signals) options.signals.on(signal, leave);
	try {
		await ended;
		return state.left ? undefined : state.chosen;
	} finally {
		for (const signal of signals) options.signals.off(signal, leave);
		await screen.close();
	}
}
