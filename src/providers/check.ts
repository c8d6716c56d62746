import {AppError, exitCodes} from '../errors.ts';

/**
 * What a check of a cloud found, in words; `fix` says what to do and `code` is that of the error, both empty where all is well.
 */
export type CheckResult = {id: string; title: string; ok: boolean; code: string; detail: string; fix: string};

/** Something to ask a cloud before anything is made. Asking changes nothing there. */
export type Check = {id: string; title: string; run: () => Promise<CheckResult>};

/** A node group as a check needs it. */
export type WantedGroup = {
	name: string;
	instanceType: string;
	zone?: string | undefined;
	count: number;
	image?: string | undefined;
};

/** `look` gives what is well in words, or throws an AppError: that is a result too. Anything else it throws is a bug. */
export const check = (id: string, title: string, look: () => Promise<string>): Check => ({
	id,
	title,
	async run() {
		try {
			return {id, title, ok: true, code: '', detail: await look(), fix: ''};
		} catch (error) {
			if (!(error instanceof AppError)) throw error;
			return {id, title, ok: false, code: error.code, detail: error.message, fix: error.next.join(' ')};
		}
	},
});

/** What a check throws for something that will not do. */
export const unfit = (problems: readonly string[], fix: string): AppError =>
	new AppError(problems.join(' '), {code: 'preflight', exitCode: exitCodes.preflight, next: [fix]});

/** The different values of something, such as instance types, each with the groups that want it. */
export const byValue = (
	groups: readonly WantedGroup[],
	value: (group: WantedGroup) => string | undefined,
): Map<string, WantedGroup[]> => {
	const keys = [...new Set(groups.map(value))].filter(key => key !== undefined);
	return new Map(keys.map(key => [key, groups.filter(group => value(group) === key)]));
};
