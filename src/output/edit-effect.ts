import {AppError} from '../errors.ts';
import {answersKey, answersOf} from '../wizard/state.ts';
import {describeError} from './describe-error.ts';
import type {EffectContext} from './wizard-effects.ts';

/**
 * Has the config edited by hand at the review, and shows what it says now. What is wrong with it stands where the plan would;
 * the file stays as it was left.
 */
export async function editConfig({deps, state, dispatch, edit}: EffectContext): Promise<void> {
	if (edit === undefined) return;
	try {
		dispatch({type: 'edited', values: await deps.editConfig(answersOf(state().values, state().facts), edit)});
	} catch (error) {
		if (!(error instanceof AppError)) throw error;
		const {message, problems, next} = describeError(error, deps.crashReport);
		dispatch({type: 'plan', asked: answersKey(state().values), state: 'failed', error: {message, problems, next}});
	}
}
