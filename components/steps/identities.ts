import {count} from '../../src/text.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {nothingToMake} from '../../src/wizard/steps/account.ts';
import {stepOf} from '../../src/wizard/steps.ts';
import {failureLines} from '../failure.ts';
import {fieldLines} from '../fields.ts';
import type {Line} from '../lines.ts';
import {blank, line, span, wrap} from '../lines.ts';
import {partLines} from '../plan-parts.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {workingSymbol} from '../theme.ts';

/** The identities that nodes get: what is planned, the consent, how far the making is. */
export function identitiesBody(state: WizardState, width: number, theme: Theme, now: number): Body {
	const {question, why} = stepOf('identities');
	const {state: at, plan, error, note} = state.facts.identities;
	const heads: Partial<Record<typeof at, string>> = {
		made: 'The identities exist',
		making: 'Making the identities',
		failed: 'The identities are not made yet',
	};
	const head = heads[at] ?? (nothingToMake(plan) ? 'These identities exist already' : question);
	const working = (words: string): Line[] => [
		line(span(`${workingSymbol(theme, now)} ${words}`, 'accent'), span(note === undefined ? '' : `  ${note}`, 'dim')),
	];
	const lines: Line[] = [
		...wrap(head, width, 'strong'),
		...(heads[at] === undefined ? wrap(why, width, 'dim') : []),
		blank,
		...(plan === undefined || at === 'failed' ? [] : planned(plan, width)),
		...(at === 'idle' || at === 'planning' ? working('planning') : []),
		...(at === 'making' ? working('making them') : []),
		...(at === 'failed' && error !== undefined ? [...failureLines(error, width, theme), blank, ...kept(width)] : []),
		...(at === 'made' ? [line(span(`${theme.symbols.done} made; the config will name them.`, 'accent'))] : []),
	];
	if (at !== 'planned') return {lines};
	const fields = fieldLines(state, width, theme);
	return {lines: [...lines, ...fields.lines], focus: lines.length + (fields.focus ?? 0)};
}

function planned(plan: NonNullable<WizardState['facts']['identities']['plan']>, width: number): Line[] {
	if (nothingToMake(plan)) return [];
	const {create, update, destroy, preview = []} = plan;
	return [
		...partLines(preview, width),
		blank,
		...wrap(`Terraform will create ${count(create, 'resource')}, change ${update}, destroy ${destroy}.`, width, 'accent'),
		blank,
	];
}

const kept = (width: number): Line[] => wrap('r tries again and goes on with what exists; esc goes back.', width, 'dim');
