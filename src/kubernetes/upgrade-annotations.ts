const prefix = 'constellation.edgeless.systems';

/** Annotations of Nodes (the first six as in v2.9), and of PendingNodes and NodeVersion, through which a roll is told and steered. */
export const upgradeAnnotations = {
	/** Image of a node's machine, as the provider names it. */
	nodeImage: `${prefix}/node-image`,
	/** ID of its node group at the provider. */
	scalingGroup: `${prefix}/scaling-group-id`,
	components: `${prefix}/kubernetes-components`,
	/** On a node that is being replaced: who replaces it. On its replacement: whom it replaces. */
	heir: `${prefix}/heir`,
	donor: `${prefix}/donor`,
	/** `true`: made, and not needed any more. */
	obsolete: `${prefix}/obsolete`,
	/** Version of the image by whose policy a JoinService accepted the machine, and the SHA-256 of its attestation key. */
	attestedImage: `${prefix}/attested-image`,
	attestationKey: `${prefix}/attestation-key`,

	/** On the NodeVersion. ID of the upgrade that changed it. */
	upgrade: `${prefix}/upgrade`,
	/** `true`: the replacement that was begun is finished, no other begins. */
	paused: `${prefix}/upgrade-paused`,
	/** `forward`, `back`, or `stay`: begin no replacement, both images remain. */
	direction: `${prefix}/upgrade-direction`,
	/** How many workers may be replaced at the same time; 1 when absent. */
	surge: `${prefix}/upgrade-surge`,
	/** Seconds after which a replacement that has not joined, and a node that is not emptied, is a failure; 1800 when absent. */
	joinSeconds: `${prefix}/upgrade-join-seconds`,
	drainSeconds: `${prefix}/upgrade-drain-seconds`,
	/** Generation of the join policies that accept old and new: once no machine uses another image, only the new one stays. */
	retire: `${prefix}/upgrade-retire`,
	/** JSON of an UpgradeFailure: the first one stops the roll until somebody removes the annotation. */
	failure: `${prefix}/upgrade-failure`,
	/** JSON list of sentences: what the roll waits for now. */
	waiting: `${prefix}/upgrade-waiting`,

	/** On the AutoscalingStrategy, while a roll pauses it: `true` where it was enabled before. */
	pausedAutoscaler: `${prefix}/enabled-before-upgrade`,
} as const;

/** Why a roll stopped. */
export type UpgradeFailure = {
	/** Name of the node or machine that it is about, and of the one that was to be replaced. */
	node: string;
	donor?: string;
	step: 'create' | 'attest' | 'ready' | 'drain' | 'remove';
	/** One sentence. */
	message: string;
	expected?: string;
	actual?: string;
	/** Milliseconds since the epoch. */
	at: number;
};

/** Reads the annotation `failure`; something unreadable stops the roll too. */
export const parseFailure = (text: string | undefined): UpgradeFailure | undefined => {
	if (text === undefined || text === '') return undefined;
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === 'object' && value !== null && 'node' in value && 'message' in value) return value as UpgradeFailure;
	} catch {
		// Said below: whatever it is, somebody has to look at it.
	}
	return {node: '', step: 'remove', message: 'The note of an earlier failure cannot be read.', at: 0};
};
