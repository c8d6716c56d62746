import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import {KubeError} from '../kubernetes/kube.ts';

/** What it means to a person that the Kubernetes API gave no answer, or none of its own; any other error as it is. */
export function namedSilence(error: unknown): unknown {
	if (!(error instanceof KubeError && (error.code === 0 || error.code >= 500))) return error;
	return new AppError('The Kubernetes API of the cluster does not answer.', {
		code: 'cluster-unreachable',
		exitCode: exitCodes.unreachable,
		next: [
			'constellation recover   helps nodes that wait for the master secret',
			'constellation status    shows how each node is',
		],
		cause: error,
	});
}

/** A flow that ends with AppError `cluster-unreachable` (exit 7) where it cannot go on because the Kubernetes API is silent. */
export async function* namingSilence<R>(flow: Flow<R>): Flow<R> {
	try {
		return yield* flow;
	} catch (error) {
		throw namedSilence(error);
	}
}
