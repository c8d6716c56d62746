import {AppError, exitCodes} from '../errors.ts';

/** Throws for something that a cloud should have and does not. */
export const notFound = (what: string): never => {
	throw new AppError(`The cloud has no ${what}.`, {
		code: 'cloud-object-missing',
		exitCode: exitCodes.infrastructure,
		next: ['Run `constellation status` to see what there is, and `constellation apply` to make what is missing.'],
	});
};
