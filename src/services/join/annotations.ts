const prefix = 'constellation.edgeless.systems';

/** Annotations through which JoinServices tell each other, and whoever watches, how far a node is. */
export const annotations = {
	/** `attested` or `ticket`. */
	joinState: `${prefix}/join-state`,
	/** Milliseconds since the epoch. */
	joinStateTime: `${prefix}/join-state-time`,
	/** Lower-case hex SHA-256 of the attestation key. */
	attestationKey: `${prefix}/attestation-key`,
	/** Version of the image by whose policy a node was accepted. */
	attestedImage: `${prefix}/attested-image`,
	/** JSON of a RefusalRecord, on Events. */
	refusal: `${prefix}/join-refusal`,
} as const;

/** Reason of the Events that record refusals. */
export const refusalReason = 'JoinRefused';
