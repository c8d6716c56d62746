/** Decides once whether this node makes a cluster or joins one. It never opens again: a node that failed half way is replaced. */
export type NodeLock = {
	/** True for the first caller only. */
	take(holder: 'init' | 'join'): boolean;
	holder(): 'init' | 'join' | undefined;
};

export const nodeLock = (): NodeLock => {
	let holder: 'init' | 'join' | undefined;
	return {
		take(by) {
			if (holder !== undefined) return false;
			holder = by;
			return true;
		},
		holder: () => holder,
	};
};
