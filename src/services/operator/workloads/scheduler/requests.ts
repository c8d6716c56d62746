import type {Node, Pod, PodSpec} from '../types.ts';

const suffixes: Readonly<Record<string, number>> = {
	n: 1e-9,
	u: 1e-6,
	m: 1e-3,
	k: 1e3,
	M: 1e6,
	G: 1e9,
	T: 1e12,
	P: 1e15,
	E: 1e18,
	Ki: 2 ** 10,
	Mi: 2 ** 20,
	Gi: 2 ** 30,
	Ti: 2 ** 40,
	Pi: 2 ** 50,
	Ei: 2 ** 60,
};

/** A Quantity of the Kubernetes API as a number: `500m` is 0.5, `1Ki` is 1024; what is none is 0. */
export const quantity = (text: string): number => {
	const [, number = '0', suffix = ''] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?$/.exec(text) ?? [];
	return Number(number) * (suffixes[suffix] ?? 1);
};

export type Amounts = Record<string, number>;

/** What a pod asks for: the sum of its containers, or more when an init container needs more. A pod counts as one of `pods`. */
export const requestsOf = ({containers, initContainers = []}: PodSpec): Amounts => {
	const total: Amounts = {pods: 1};
	for (const {resources} of containers) {
		for (const [name, text] of Object.entries(resources?.requests ?? {})) total[name] = (total[name] ?? 0) + quantity(text);
	}
	for (const {resources} of initContainers) {
		for (const [name, text] of Object.entries(resources?.requests ?? {}))
			total[name] = Math.max(total[name] ?? 0, quantity(text));
	}
	return total;
};

/** What is left of a node besides the pods that are on it. */
export const freeOf = (node: Node, pods: readonly Pod[]): Amounts => {
	const free: Amounts = Object.fromEntries(
		Object.entries(node.status?.allocatable ?? {}).map(([name, text]) => [name, quantity(text)]),
	);
	for (const pod of pods) {
		for (const [name, amount] of Object.entries(requestsOf(pod.spec))) free[name] = (free[name] ?? 0) - amount;
	}
	return free;
};

/** Names of what a pod asks for and a node has not enough of. */
export const lacking = (asked: Amounts, free: Amounts): string[] =>
	Object.entries(asked)
		.filter(([name, amount]) => amount > 0 && amount > (free[name] ?? 0) + 1e-9)
		.map(([name]) => name);
