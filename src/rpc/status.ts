import {status} from '@grpc/grpc-js';
import {AppError, type ExitCode, exitCodes} from '../errors.ts';

export {status} from '@grpc/grpc-js';

/** A gRPC status as an error: thrown by clients, and by handlers that want to answer with one. */
export class RpcError extends Error {
	override readonly name = 'RpcError';
	/** A value of `status`. */
	readonly code: status;

	constructor(code: status, message: string, options?: ErrorOptions) {
		super(message, options);
		this.code = code;
	}
}

/** Name of a status code, such as `PERMISSION_DENIED`. */
export const statusName = (code: status): string => status[code];

const isStatus = (value: unknown): value is status => typeof value === 'number' && value in status;

const codeOf = (value: unknown): status => (isStatus(value) ? value : status.UNKNOWN);

/** What grpc-js throws, as RpcError; other errors become UNKNOWN. */
export const toRpcError = (error: unknown): RpcError => {
	if (error instanceof RpcError) return error;
	if (!(error instanceof Error)) return new RpcError(status.UNKNOWN, 'unknown failure');
	const code = 'code' in error ? codeOf(error.code) : status.UNKNOWN;
	const details = 'details' in error && typeof error.details === 'string' ? error.details : error.message;
	return new RpcError(code, details, {cause: error});
};

const kinds: Readonly<Partial<Record<status, {code: string; exitCode: ExitCode; next: string}>>> = {
	[status.UNAVAILABLE]: {
		code: 'rpc-unreachable',
		exitCode: exitCodes.unreachable,
		next: 'Check that the nodes run: constellation status',
	},
	[status.DEADLINE_EXCEEDED]: {
		code: 'rpc-timeout',
		exitCode: exitCodes.unreachable,
		next: 'Check that the nodes run: constellation status',
	},
	[status.PERMISSION_DENIED]: {
		code: 'rpc-denied',
		exitCode: exitCodes.cluster,
		next: 'Check that the kubeconfig of this workspace belongs to this cluster and has not expired.',
	},
	[status.CANCELLED]: {code: 'cancelled', exitCode: exitCodes.cancelled, next: 'Run the command again to continue.'},
};

/** What grpc-js wraps around the reason for which there is no connection is about its own parts. */
const reasonOf = (message: string): string =>
	/Last error: (?:Error: )?(.+?)(?:\. Resolution note:.*)?$/su.exec(message)?.[1] ?? message;

/**
 * An AppError for a failed call. `what` says what was asked for, such as `watch the nodes that join`; `unreachable` what to do where
 * nobody answers, if that is not to look at the nodes of the workspace.
 */
export const rpcFailure = (error: unknown, what: string, unreachable?: string): AppError => {
	if (error instanceof AppError) return error;
	const failure = toRpcError(error);
	const kind = kinds[failure.code] ?? {
		code: 'rpc-failed',
		exitCode: exitCodes.cluster,
		next: 'See the logs of the node: constellation watch',
	};
	const next = kind.exitCode === exitCodes.unreachable ? (unreachable ?? kind.next) : kind.next;
	return new AppError(`Could not ${what}: ${reasonOf(failure.message)}`, {
		code: kind.code,
		exitCode: kind.exitCode,
		next: [next],
		details: {status: statusName(failure.code)},
		cause: failure,
	});
};
