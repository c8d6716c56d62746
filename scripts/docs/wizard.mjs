import {setupSteps} from '../../src/wizard/steps.ts';
import {upgradeKeySections} from '../../src/wizard/upgrade/keys.ts';
import {upgradeSteps} from '../../src/wizard/upgrade/steps.ts';
import {wizardKeySections} from '../../src/wizard/wizard-keys.ts';
import {code, page, table} from './markdown.mjs';

const field = ({label, flag, env}) => [label, flag === undefined ? '' : code(flag), env === undefined ? '' : code(env)];

/** docs/wizard.md, from the step table and the key table. */
export function wizardPage() {
	return page(
		'The wizard',
		'src/wizard/steps.ts, src/wizard/upgrade/steps.ts and their key tables',
		'`constellation` without a command opens the wizard. It asks the questions below, in this order; going back is always possible and keeps the answers. A draft of them (never a secret) survives a crash. Where the terminal cannot redraw (`TERM=dumb`) or a screen reader is used (`INK_SCREEN_READER=true`), the same questions come as plain lines.',
		...setupSteps.flatMap(({title, question, why, explain, fields}) => [
			`## ${title}`,
			`**${question}** ${why}`,
			...explain,
			...(fields.length === 0 ? [] : [table(['Question', 'Flag', 'Variable'], fields.map(field))]),
		]),
		'## An upgrade',
		'`constellation upgrade apply` on a terminal, or Upgrade on the home screen, goes through these steps. Declining a part ends it with nothing changed (exit code 130); another target is looked at anew and takes every consent with it.',
		...upgradeSteps.flatMap(({title, question, why, explain, fields}) => [
			`### Upgrade: ${title}`,
			`**${question}** ${why}`,
			...explain,
			...(fields.length === 0 ? [] : [table(['Question', 'Flag', 'Variable'], fields.map(field))]),
		]),
		'## Keys',
		'The footer shows the keys that work now; `?` (in a text field `f1`) shows all of them.',
		...[...wizardKeySections(), ...upgradeKeySections().filter(({where}) => where === 'upgrade')].flatMap(({where, keys}) => [
			`### Keys: ${where}`,
			table(
				['Key', 'What it does'],
				keys.map(({shown, hint}) => [code(shown), hint]),
			),
		]),
	);
}
