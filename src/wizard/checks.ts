import type {CheckView} from '../fold.ts';
import type {Facts, Values} from './values.ts';

/** Whether a check says something about the place that is chosen now. */
export const concerns = ({only}: CheckView, {provider}: Pick<Values, 'provider'>): boolean =>
	only === undefined || only === provider;

/** Checks that failed, whatever place is chosen. */
export const stopping = ({checks}: Facts): CheckView[] =>
	checks.list.filter(({state, only}) => state === 'failed' && only === undefined);

/** Checks that failed and that this place alone needs: another one can be chosen. */
export const stoppingOnly = ({checks}: Facts, provider: string): CheckView[] =>
	checks.list.filter(({state, only}) => state === 'failed' && only === provider);
