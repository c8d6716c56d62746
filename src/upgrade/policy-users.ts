import {type AcceptedPolicy, type PolicySet, policyDigest, policyVersion} from './policy-set.ts';

/** Something that may have to show an image's measurements now or later. */
export type PolicyUser = {
	kind: 'Node' | 'JoiningNode' | 'PendingNode' | 'machine' | 'node group';
	name: string;
	/** Version of its image; undefined where nobody knows it. */
	image?: string | undefined;
};

export type PolicyUse = {policy: AcceptedPolicy; version: string; digest: string; users: readonly PolicyUser[]};

export type Retirement = {
	uses: readonly PolicyUse[];
	/** Digests of the policies that may go: nothing uses them, and they are not the newest. */
	retirable: readonly string[];
	/** Whose image nobody knows: while there is one, nothing may go. */
	unknown: readonly PolicyUser[];
};

/**
 * Who uses which policy. A policy may be retired when no Node, JoiningNode, PendingNode, stopped machine or group template uses it;
 * retiring it earlier would lock a node out that restarts. The newest stays.
 */
export function retirement(set: PolicySet, users: readonly PolicyUser[]): Retirement {
	const uses = set.policies.map((policy): PolicyUse => {
		const version = policyVersion(policy);
		return {policy, version, digest: policyDigest(policy), users: users.filter(({image}) => image === version)};
	});
	const known = new Set(uses.map(({version}) => version));
	const unknown = users.filter(({image}) => image === undefined || !known.has(image));
	const idle = uses.slice(1).filter(use => use.users.length === 0);
	return {uses, unknown, retirable: unknown.length > 0 ? [] : idle.map(({digest}) => digest)};
}
