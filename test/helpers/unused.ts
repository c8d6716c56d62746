import type {Kube} from '../../src/kubernetes/kube.ts';

/** In the place of what a test does not use: fails when it is. */
export const unused = (): never => {
	throw new Error('not part of this test');
};

/** A Kubernetes API that does nothing a test did not give it. */
export const unusedKube: Kube = {
	get: unused,
	list: unused,
	create: unused,
	update: unused,
	patch: unused,
	delete: unused,
	watch: unused,
	post: unused,
};
