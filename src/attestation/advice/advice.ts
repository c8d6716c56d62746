/** Who was refused, as far as the reader of a refusal knows it. */
export type RefusalContext = {
	node: string;
	imageVersion?: string;
	/** Whether it should be in the cluster already, as when a running cluster is challenged. */
	member?: boolean;
};

/** The likely cause of a finding and the smallest safe step. */
export type Advice = {likely: string; step: string};

/** `register` and the hex value that was expected in it, where a finding is about one. */
export type AdviceOf = (context: RefusalContext, register?: number, expected?: string) => Advice;

/** Advice by the code of a finding. Earlier codes are more telling: the first one present is the one that is shown. */
export type AdviceTable = Readonly<Record<string, AdviceOf>>;

/** Evidence that does not fit together, without a hint why. */
export const altered: AdviceOf = ({node}) => ({
	likely: `${node} or something on the way altered its evidence.`,
	step: `Replace ${node}; if it happens again, treat that machine as compromised.`,
});

/** Something else than a machine of the cluster answers. */
export const stranger: AdviceOf = ({node}) => ({
	likely: `Something that is not a machine of this cluster answers as ${node}.`,
	step: `Find out what answers at that address; do not send it anything. Then replace ${node}.`,
});

export const replayed: AdviceOf = ({node}) => ({
	likely: 'An old answer was replayed, or somebody relays the connection.',
	step: `Try once more; if it happens again, look for a proxy between you and ${node}.`,
});
