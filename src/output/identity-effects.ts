import type {Event} from '../events.ts';
import type {WizardAction} from '../wizard/actions.ts';
import type {WizardDeps} from '../wizard/deps.ts';
import type {WizardState} from '../wizard/state.ts';
import {answersOf} from '../wizard/state.ts';
import {describeError} from './describe-error.ts';
import {drive} from './drive.ts';

type IdentityContext = {
	deps: Pick<WizardDeps, 'planIdentities' | 'makeIdentities' | 'crashReport'>;
	state: () => WizardState;
	dispatch: (action: WizardAction) => void;
};

/** Plans the identities of the nodes; what comes of it is a fact of the wizard. */
export async function planIdentities(context: IdentityContext, asked: string, signal: AbortSignal): Promise<void> {
	const {deps, dispatch, state} = context;
	dispatch({type: 'identities', asked, state: 'planning'});
	try {
		const note = noting(context, asked, 'planning');
		const plan = await drive(deps.planIdentities(answersOf(state().values, state().facts), signal), note, signal);
		if (!signal.aborted) dispatch({type: 'identities', asked, state: 'planned', plan});
	} catch (error) {
		if (!signal.aborted) dispatch({type: 'identities', asked, state: 'failed', error: describeError(error, deps.crashReport)});
	}
}

/** Makes the identities that were agreed to. An interrupt stops Terraform cleanly: that is a failure that can be tried again. */
export async function makeIdentities(context: IdentityContext, asked: string, signal: AbortSignal): Promise<void> {
	const {deps, dispatch, state} = context;
	const {plan} = state().facts.identities;
	if (plan === undefined) throw new TypeError('identities were to be made without a plan');
	try {
		const flow = deps.makeIdentities(answersOf(state().values, state().facts), plan, signal);
		const values = await drive(flow, noting(context, asked, 'making'), signal);
		dispatch({type: 'identities', asked, state: 'made', values});
	} catch (error) {
		dispatch({type: 'identities', asked, state: 'failed', error: describeError(error, deps.crashReport)});
	}
}

const noting =
	({dispatch}: IdentityContext, asked: string, state: 'planning' | 'making') =>
	(event: Event): void => {
		const told = event.type === 'resource' && event.state !== 'progress';
		if (event.type === 'waiting') dispatch({type: 'identities', asked, state, note: event.message});
		if (told) dispatch({type: 'identities', asked, state, note: `${event.address}: ${event.state}`});
	};
