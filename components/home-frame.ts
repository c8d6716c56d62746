import {count, duration} from '../src/text.ts';
import type {HomeFacts, HomeState} from '../src/wizard/home.ts';
import {homeHints, homeItems} from '../src/wizard/home.ts';
import type {Line} from './lines.ts';
import {blank, cells, fit, indented, line, span, wrap} from './lines.ts';
import {helpBody} from './overlays.ts';
import type {Body, Frame, Size} from './screen.tsx';
import {bodyWidth} from './screen.tsx';
import type {Theme} from './theme.ts';

/** What a workspace is, and what can be done next in it. */
export function homeFrame(state: HomeState, size: Size, theme: Theme, now: number): Frame {
	const {facts} = state;
	const width = bodyWidth(size);
	const ages = [
		`checked ${ago(now - facts.checkedAt)}`,
		...(facts.verifiedAt === undefined ? [] : [`verified ${ago(now - facts.verifiedAt)}`]),
	];
	return {
		title: line(span(facts.name, 'title'), span(` ${theme.symbols.dot} ${facts.provider} ${theme.symbols.dot} ${facts.state}`)),
		aside: line(span(ages.join(', '), 'dim')),
		body: state.help ? helpBody([{where: 'home', keys: homeHints}], width) : body(state, width, theme),
		hints: homeHints,
	};
}

function body(state: HomeState, width: number, theme: Theme): Body {
	const lines = known(state.facts, width, theme);
	const items = homeItems(state.facts);
	const titles = Math.max(...items.map(item => cells(item.title))) + 4;
	let focus = 0;
	items.forEach((item, index) => {
		const isSelected = index === state.selected;
		if (isSelected) focus = lines.length;
		const pointer = isSelected ? span(`${theme.symbols.pointer} `, 'accent') : span('  ');
		const title = span(fit(item.title, titles), item.enabled ? (isSelected ? 'strong' : 'plain') : 'dim');
		const room = width - 2 - titles;
		if (room >= 30) lines.push(line(pointer, title, span(fit(item.detail, room).trimEnd(), 'dim')));
		else lines.push(line(pointer, title), ...(isSelected ? indented(wrap(item.detail, width - 4, 'dim'), 4) : []));
	});
	return {lines, focus};
}

function known(facts: HomeFacts, width: number, theme: Theme): Line[] {
	const parts = [
		...(facts.nodes === undefined ? [] : [`nodes ${facts.nodes.ready} of ${facts.nodes.total} ready`]),
		...(facts.policy === undefined
			? []
			: [`policy ${count(facts.policy.images, 'image')}, generation ${facts.policy.generation}`]),
		...(facts.copyConfirmed === undefined ? [] : [`copy of secret: ${facts.copyConfirmed ? 'yes' : 'no'}`]),
	];
	const {newerImage, original} = facts;
	return [
		...(original?.words ?? []).flatMap(sentence => wrap(sentence, width)),
		...(original === undefined && parts.length > 0 ? wrap(parts.join('     '), width) : []),
		...(newerImage === undefined
			? []
			: wrap(
					`newer image ${newerImage.version}: measurements signed, ${count(newerImage.registersDiffer, 'register')} differ`,
					width,
					'accent',
				)),
		...(facts.problem === undefined ? [] : wrap(`${theme.symbols.warning} ${facts.problem}`, width, 'trouble', '  ')),
		...(facts.provider === 'local' ? wrap('Rehearsal: same protocol, not confidential.', width, 'dim') : []),
		blank,
	];
}

function ago(milliseconds: number): string {
	if (milliseconds < 60_000) return `${Math.max(0, Math.round(milliseconds / 1000))} s ago`;
	if (milliseconds < 3_600_000) return `${Math.round(milliseconds / 60_000)} min ago`;
	return `${duration(milliseconds)} h ago`;
}
