import type {WizardDeps, WizardResult} from '../wizard/deps.ts';
import {parseDraft} from '../wizard/draft.ts';
import {valuesFromEnv} from '../wizard/form.ts';
import {startWizard} from '../wizard/reducer.ts';
import type {Values} from '../wizard/values.ts';
import {chooseFrontEnd, noTerminal} from './choose.ts';
import type {OutputOptions} from './types.ts';

export type WizardStart = {
	/** What flags or a config have answered already; it wins over the environment, which wins over a draft. */
	values?: Partial<Values>;
	/** Where to begin; `review` for `apply` on a terminal, which has its answers from the config. */
	step?: 'folder' | 'review';
	/** The config says everything, and more than can be asked: only the review is left. */
	settled?: boolean;
	/** The owner has stored the master secret already. */
	copied?: boolean;
};

/**
 * The setup wizard, on the full screen or line by line. Resolves with how it ended; rejects with the error of the work
 * when the person leaves after a failure. Without a terminal: AppError `no-terminal`, exit 2.
 */
export async function runWizard(deps: WizardDeps, options: OutputOptions, start: WizardStart = {}): Promise<WizardResult> {
	const frontEnd = chooseFrontEnd({
		stdinIsTty: options.stdin.isTTY,
		stdoutIsTty: options.stdout.isTTY,
		env: options.env,
		...(options.flags === undefined ? {} : {flags: options.flags}),
	});
	if (frontEnd === 'none') throw noTerminal(['constellation apply --yes   creates the cluster of a config without questions']);
	const draft = start.step === 'review' ? undefined : await deps.loadDraft();
	const known = valuesFromEnv(options.env, 'known');
	const values = {...known, ...(draft === undefined ? {} : parseDraft(draft)), ...valuesFromEnv(options.env), ...start.values};
	const state = startWizard(values, start.step, start);
	if (frontEnd !== 'ink') {
		const {wizardInLines} = await import('./wizard-lines.ts');
		return wizardInLines(state, deps, options);
	}
	const {wizardOnScreen} = await import('./wizard-screen.ts');
	return wizardOnScreen(state, deps, options);
}
