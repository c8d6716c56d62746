/** Who asks. Groups of an authenticated identity always hold `system:authenticated`. */
export type Identity = {user: string; uid?: string; groups: readonly string[]; extra?: Readonly<Record<string, string[]>>};

export const anonymous: Identity = {user: 'system:anonymous', groups: ['system:unauthenticated']};

export const mastersGroup = 'system:masters';
export const nodesGroup = 'system:nodes';
export const nodePrefix = 'system:node:';

/** The node behind an identity: member of `system:nodes` and called `system:node:NAME`. */
export function nodeOf(identity: Identity): string | undefined {
	if (!identity.groups.includes(nodesGroup) || !identity.user.startsWith(nodePrefix)) return undefined;
	return identity.user.slice(nodePrefix.length) || undefined;
}

/** The identity of a ServiceAccount, whether it came with a token or a certificate. */
export function serviceAccountIdentity(namespace: string, name: string, uid?: string): Identity {
	return {
		user: `system:serviceaccount:${namespace}:${name}`,
		...(uid !== undefined && {uid}),
		groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
	};
}
