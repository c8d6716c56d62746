import {oneLine} from '../../src/text.ts';
import {providerPromise, providers} from '../../src/wizard/providers.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {stepOf} from '../../src/wizard/steps.ts';
import {fieldLines} from '../fields.ts';
import type {Line} from '../lines.ts';
import {blank, fit, indented, line, middle, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {workingSymbol} from '../theme.ts';

/** One question: what, why in a line, the fields, and what the answer means. */
export function questionBody(state: WizardState, width: number, theme: Theme, now: number): Body {
	const {question, why} = stepOf(state.step);
	const head = [...wrap(question, width, 'strong'), ...wrap(why, width, 'dim'), blank];
	const fields = fieldLines(state, width, theme);
	const waits = state.pending ? [blank, line(span(`${workingSymbol(theme, now)} one moment`, 'accent'))] : [];
	return {
		lines: [...head, ...fields.lines, ...waits, ...meaning(state, width, theme)],
		focus: head.length + (fields.focus ?? 0),
		...(fields.cursor === undefined ? {} : {cursor: {...fields.cursor, line: head.length + fields.cursor.line}}),
	};
}

function meaning(state: WizardState, width: number, theme: Theme): Line[] {
	if (state.step === 'provider') {
		const entry = providers.find(({id}) => id === state.values.provider);
		return entry === undefined ? [] : [blank, ...wrap(providerPromise(entry.id), width)];
	}
	if (state.step === 'attestation') return trust(state, width, theme);
	if (state.step === 'folder') {
		const report = state.facts.folder?.asked === state.values.folder ? state.facts.folder.report : undefined;
		if (report === undefined) return [];
		const path = report.path === state.values.folder ? [] : [line(span(`  ${middle(report.path, width - 2)}`, 'dim'))];
		return [blank, ...path, ...report.notes.flatMap(note => indented(wrap(oneLine(note), width - 2), 2))];
	}
	return [];
}

const origins = {computed: 'computed from', file: 'from the file', mirror: 'from the mirror'} as const;

/** A register without a value gets one from keys that do not exist yet. */
function shortValue(value: string | undefined, room: number, theme: Theme): string {
	return value === undefined ? fit('from keys of the cluster', room) : middle(value, room, theme.symbols.ellipsis);
}

/** The registers of the image on the form, each with its value. */
export function registerLines(state: WizardState, width: number, theme: Theme): Line[] {
	const image = imageOf(state);
	if (image === undefined) return [];
	const meanings = Math.min(28, Math.max(...image.registers.map(register => register.meaning.length)) + 2);
	const room = width - 6 - meanings - 12;
	return image.registers.map(({register, meaning: words, value}) =>
		line(
			span(`  ${String(register).padStart(2)}  `),
			span(fit(words, meanings)),
			...(room < 9 ? [] : [span(fit(shortValue(value, Math.min(room, 24), theme), Math.min(room, 24) + 2), 'dim')]),
			span('enforced', 'accent'),
		),
	);
}

const imageOf = ({facts, values}: WizardState) => facts.versions?.images.find(({version}) => version === values.image);

function trust(state: WizardState, width: number, theme: Theme): Line[] {
	const image = imageOf(state);
	if (image === undefined) return [];
	return [
		blank,
		...registerLines(state, width, theme),
		blank,
		...indented(
			wrap(`Values ${origins[image.origin]} ${image.source}, signed with ${image.signer}; ${image.log}.`, width - 2, 'dim'),
			2,
		),
		...indented(wrap('Only keys certified by the maker key of this workspace may quote them.', width - 2, 'dim'), 2),
	];
}
