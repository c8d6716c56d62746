import type {Attestation, Observation, SeenNode, SeenPending} from './types.ts';

/** How a node stands to what is wanted, in the order in which v2.9 asks; the first that fits counts. */
export type Standing = 'leaving' | 'obsolete' | 'awaiting-annotation' | 'donor' | 'outdated' | 'heir' | 'mint' | 'up-to-date';

export const attestationOf = ({attestations}: Observation, name: string): Attestation | undefined =>
	attestations.find(each => each.name === name);

export const nodeNamed = ({nodes}: Observation, name: string | undefined): SeenNode | undefined =>
	nodes.find(node => node.name === name);

export const pendingOf = ({pending}: Observation, name: string): SeenPending | undefined =>
	pending.find(each => each.name === name);

const same = (left: string | undefined, right: string): boolean => left?.toLowerCase() === right.toLowerCase();

/** Whether a node is what is wanted. What a JoinService recorded of its machine overrides what the node says of itself. */
export const isCurrent = (seen: Observation, node: SeenNode): boolean => {
	const attested = attestationOf(seen, node.name)?.image;
	if (attested !== undefined && attested !== seen.wanted.imageVersion) return false;
	return same(node.image, seen.wanted.image) && same(node.components, seen.wanted.components);
};

export const standingOf = (seen: Observation, node: SeenNode): Standing => {
	if (pendingOf(seen, node.name)?.goal === 'Leave') return 'leaving';
	if (node.obsolete) return 'obsolete';
	if (node.image === undefined || node.components === undefined) return 'awaiting-annotation';
	if (!isCurrent(seen, node)) return node.heir === undefined ? 'outdated' : 'donor';
	if (node.donor !== undefined) return 'heir';
	return pendingOf(seen, node.name)?.goal === 'Join' ? 'mint' : 'up-to-date';
};

/** Control planes first, each role by number. */
export const inOrder = (nodes: readonly SeenNode[]): SeenNode[] =>
	nodes.toSorted((a, b) => a.role.localeCompare(b.role) || a.name.localeCompare(b.name, 'en', {numeric: true}));

/** Control planes that hold the cluster up without `name`, and whether they are enough: more than half of those that stay. */
export const quorumWithout = (seen: Observation, name: string): {ready: number; needed: number} => {
	const others = seen.nodes.filter(node => node.role === 'control-plane' && node.name !== name);
	const staying = others.filter(node => pendingOf(seen, node.name)?.goal !== 'Leave' && !node.obsolete);
	return {ready: staying.filter(({ready}) => ready).length, needed: Math.floor(staying.length / 2) + 1};
};
