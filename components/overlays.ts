import type {PlannedChange} from '../src/events.ts';
import {oneLine} from '../src/text.ts';
import type {Hint} from '../src/wizard/keys.ts';
import type {WizardState} from '../src/wizard/state.ts';
import {stepOf} from '../src/wizard/steps.ts';
import type {Line} from './lines.ts';
import {blank, cells, fit, line, span, wrap} from './lines.ts';
import type {Body} from './screen.tsx';
import type {Theme} from './theme.ts';

/** All keys, place by place, from the key table. */
export function helpBody(sections: readonly {where: string; keys: readonly Hint[]}[], width: number): Body {
	const keyWidth = Math.max(...sections.flatMap(section => section.keys.map(key => cells(key.shown)))) + 2;
	const columnWidth = keyWidth + 22;
	const perRow = Math.max(1, Math.floor(width / columnWidth));
	const lines: Line[] = [];
	for (const {where, keys} of sections) {
		lines.push(line(span(where, 'title')));
		for (let at = 0; at < keys.length; at += perRow) {
			lines.push(
				keys
					.slice(at, at + perRow)
					.flatMap(({shown, hint}) => [span(`  ${fit(shown, keyWidth - 2)}`), span(fit(` ${hint}`, 22), 'dim')]),
			);
		}
	}
	return {lines};
}

/** What stands behind a question, in whole sentences. */
export function explainBody(state: WizardState, width: number): Body {
	const {question, explain} = stepOf(state.step);
	return {lines: [...wrap(question, width, 'strong'), ...explain.flatMap(paragraph => [blank, ...wrap(paragraph, width)])]};
}

/** Asked once, and only where answers could be lost; what is kept is said. */
export function leaveBody(width: number): Body {
	return {
		lines: [
			...wrap('Leave the setup?', width, 'strong'),
			blank,
			...wrap('Nothing has been created. Your answers are kept in a draft; the next constellation picks them up.', width),
		],
	};
}

/** The plan, change by change. */
export function planBody(state: WizardState, width: number, theme: Theme): Body {
	const {plan} = state.facts.plan;
	if (plan === undefined) return {lines: []};
	const changes = plan.changes.filter(change => change.action !== 'no-op');
	return {
		lines: [
			line(span('The plan', 'strong'), span(`  create ${plan.create}, change ${plan.update}, destroy ${plan.destroy}`, 'dim')),
			blank,
			...changes.map(change => changeLine(change, width, theme)),
			blank,
			...wrap(`Applied exactly as shown (${plan.hash.slice(0, 12)}), or not at all.`, width, 'dim'),
		],
	};
}

function changeLine({action, address, kind}: PlannedChange, width: number, theme: Theme): Line {
	const removes = action === 'delete' || action === 'replace';
	const room = Math.max(10, width - 10);
	return line(
		span(fit(action, 9), removes ? 'trouble' : 'accent'),
		fit(oneLine(address), Math.min(room, cells(address)), theme.symbols.ellipsis),
		span(cells(address) + cells(kind) + 12 < width ? `  ${kind}` : '', 'dim'),
	);
}
