/** What the Lease `kube-system/join-service-<node>` says of one JoinService. */
export type ReplicaReport = {
	node: string;
	generation?: number | undefined;
	/** Why it does not enforce what the cluster asks for. */
	refused?: string | undefined;
	/** As `policySetDigest` makes it. */
	digest?: string | undefined;
	/** Milliseconds since the epoch. */
	renewedAt: number;
};

const prefix = 'constellation.edgeless.systems';
const namePrefix = 'join-service-';

/** Generation and digest of the policies that a JoinService enforces, and why it does not take over the ones in the cluster. */
export const reportAnnotations = {
	generation: `${prefix}/policy-generation`,
	digest: `${prefix}/policy-digest`,
	refused: `${prefix}/policy-refused`,
} as const;

/** Name of the Lease in kube-system under which the JoinService of a node reports. */
export const reportName = (node: string): string => `${namePrefix}${node}`;

/** The node whose JoinService reports under this Lease; undefined for another one's Lease. */
export const reporterOf = (lease: string): string | undefined =>
	lease.startsWith(namePrefix) && lease.length > namePrefix.length ? lease.slice(namePrefix.length) : undefined;

type Lease = {metadata: {name: string; annotations?: Readonly<Record<string, string>>}; spec?: unknown};

/** What the JoinServices report, from the Leases of kube-system; a generation that is no number is none. */
export function reportsIn(leases: readonly Lease[]): ReplicaReport[] {
	return leases.flatMap(({metadata: {name, annotations = {}}, spec}) => {
		const node = reporterOf(name);
		if (node === undefined) return [];
		const generation = annotations[reportAnnotations.generation] ?? '';
		return [
			{
				node,
				generation: /^\d{1,15}$/.test(generation) ? Number(generation) : undefined,
				digest: annotations[reportAnnotations.digest],
				refused: annotations[reportAnnotations.refused],
				renewedAt: Date.parse((spec as {renewTime?: string} | undefined)?.renewTime ?? '') || 0,
			},
		];
	});
}
