/** Exit codes of the product (docs/errors.md). */
export const exitCodes = {
	done: 0,
	bug: 1,
	usage: 2,
	preflight: 3,
	infrastructure: 4,
	refused: 5,
	cluster: 6,
	unreachable: 7,
	cancelled: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** One thing that is wrong, where it is, and what to do about it. */
export type Problem = {path: string; message: string; fix?: string};

export type AppErrorOptions = {
	/** Stable, kebab-case, documented in docs/errors.md. */
	code: string;
	exitCode: ExitCode;
	/** What the person can do next, one step an entry. */
	next?: readonly string[];
	problems?: readonly Problem[];
	/** What could be found out all the same, lines for people; of machines `details` takes care. */
	report?: readonly string[];
	/** Facts for machines, such as `holder: {pid, since}`; never a secret. */
	details?: Readonly<Record<string, unknown>>;
	cause?: unknown;
};

/** An error that a person can act on. Anything else that is thrown is a bug. */
export class AppError extends Error {
	override readonly name = 'AppError';
	readonly code: string;
	readonly exitCode: ExitCode;
	readonly next: readonly string[];
	readonly problems: readonly Problem[];
	readonly report: readonly string[];
	readonly details: Readonly<Record<string, unknown>>;

	constructor(message: string, options: AppErrorOptions) {
		super(message, options.cause === undefined ? undefined : {cause: options.cause});
		this.code = options.code;
		this.exitCode = options.exitCode;
		this.next = options.next ?? [];
		this.problems = options.problems ?? [];
		this.report = options.report ?? [];
		this.details = options.details ?? {};
	}
}
