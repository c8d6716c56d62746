import {AppError, exitCodes} from '../errors.ts';
import {type Concern, type ConcernCode, concernCodes} from '../upgrade/measurement-diff.ts';

/** The concerns that a list of codes names; what is no concern accepts nothing. */
export const concernsIn = (text: string): ConcernCode[] => {
	const words = text.split(',').map(word => word.trim());
	return concernCodes.filter(code => words.includes(code));
};

/** Each way in which a policy would be weaker is accepted by itself. Throws AppError `policy-concerns` (exit 5) with those that were not. */
export function requireConcerns(concerns: readonly Concern[], accepted: readonly ConcernCode[]): void {
	if (concerns.some(({code}) => !accepted.includes(code))) throw concernsRefused(concerns, accepted);
}

/** The refusal that names what nobody accepted. */
export function concernsRefused(concerns: readonly Concern[], accepted: readonly ConcernCode[]): AppError {
	const open = concerns.filter(({code}) => !accepted.includes(code));
	return new AppError('The policy would be weaker, or about something else, and nobody accepted that; nothing was changed.', {
		code: 'policy-concerns',
		exitCode: exitCodes.refused,
		problems: open.map(({code, message}) => ({path: code, message})),
		next: [`--accept-concerns ${[...new Set(open.map(({code}) => code))].join(',')}   accepts exactly these`],
	});
}
