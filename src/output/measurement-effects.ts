import type {WizardAction} from '../wizard/actions.ts';
import type {WizardDeps} from '../wizard/deps.ts';
import type {WizardState} from '../wizard/state.ts';
import {answersOf} from '../wizard/state.ts';
import {describeError} from './describe-error.ts';

type SourceContext = {
	deps: Pick<WizardDeps, 'vouch' | 'crashReport'>;
	state: () => WizardState;
	dispatch: (action: WizardAction) => void;
};

/** Asks the source of measurements about the image; its answer is a fact of the wizard. */
export async function askSource({deps, state, dispatch}: SourceContext, asked: string, signal: AbortSignal): Promise<void> {
	const {values, facts} = state();
	dispatch({type: 'measurements', fact: {asked, state: 'running'}});
	try {
		const vouched = await deps.vouch(answersOf(values, facts), signal);
		if (!signal.aborted) dispatch({type: 'measurements', fact: {asked, state: 'done', vouched}});
	} catch (error) {
		if (!signal.aborted)
			dispatch({type: 'measurements', fact: {asked, state: 'failed', error: describeError(error, deps.crashReport)}});
	}
}
