import {KubeError} from '../kubernetes/kube.ts';

/** For `catch` on a file or a Kubernetes object that need not exist: undefined when it does not, else the error. */
export const missing = (error: unknown): undefined => {
	if (error instanceof KubeError && error.code === 404) return undefined;
	if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
	throw error;
};
