/** What is known of a file's entry in a public transparency log. */
export type LogVerdict =
	/** `at`: when the log took it, in milliseconds. `index`: its number in the log. */
	| {state: 'logged'; log: string; index: number; at: number}
	/** The log was asked and has no entry for the file. */
	| {state: 'not-logged'; log: string}
	/** There is an entry, and it proves nothing: `problems` says why, one sentence an entry. */
	| {state: 'failed'; log: string; problems: readonly string[]}
	/** Nobody was asked; `why` is a clause. */
	| {state: 'not-checked'; why: string};

/** `require`: only a logged file is used. `warn`: anything else is said and goes on. */
export const logPolicies = ['require', 'warn'] as const;
export type LogPolicy = (typeof logPolicies)[number];

/** A verdict in a line. Being in the log means that everybody can see the file, not that its content is right. */
export function logWords(verdict: LogVerdict): string {
	switch (verdict.state) {
		case 'logged':
			return `logged publicly: ${verdict.log}, entry ${verdict.index} of ${new Date(verdict.at).toISOString().slice(0, 10)}`;
		case 'not-logged':
			return `not in the log ${verdict.log}`;
		case 'failed':
			return `the entry in ${verdict.log} proves nothing: ${verdict.problems.join('; ')}`;
		case 'not-checked':
			return `log not checked: ${verdict.why}`;
	}
}
