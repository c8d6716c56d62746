import {setupSteps} from '../../src/wizard/steps.ts';
import {wizardKeySections} from '../../src/wizard/wizard-keys.ts';
import {code, page, table} from './markdown.mjs';

const field = ({label, flag, env}) => [label, flag === undefined ? '' : code(flag), env === undefined ? '' : code(env)];

/** docs/wizard.md, from the step table and the key table. */
export function wizardPage() {
	return page(
		'The wizard',
		'src/wizard/steps.ts and src/wizard/wizard-keys.ts',
		'`constellation` without a command opens the wizard. It asks the questions below, in this order; going back is always possible and keeps the answers. A draft of them (never a secret) survives a crash. Where the terminal cannot redraw (`TERM=dumb`) or a screen reader is used (`INK_SCREEN_READER=true`), the same questions come as plain lines.',
		...setupSteps.flatMap(({title, question, why, explain, fields}) => [
			`## ${title}`,
			`**${question}** ${why}`,
			...explain,
			...(fields.length === 0 ? [] : [table(['Question', 'Flag', 'Variable'], fields.map(field))]),
		]),
		'## Keys',
		'The footer shows the keys that work now; `?` (in a text field `f1`) shows all of them.',
		...wizardKeySections().flatMap(({where, keys}) => [
			`### Keys: ${where}`,
			table(
				['Key', 'What it does'],
				keys.map(({shown, hint}) => [code(shown), hint]),
			),
		]),
	);
}
