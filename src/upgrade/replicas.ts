import {type PolicySet, policySetDigest} from './policy-set.ts';
import type {ReplicaReport} from './replica-report.ts';

export type Lagging = {node: string; reason: string};

/** A replica that renewed its Lease longer ago than this says nothing any more. */
export const reportAgeMs = 30_000;

/**
 * The control planes whose JoinService does not enforce exactly this set, each with the reason; empty where all do. Before that, no new
 * node and no group image: an old replica would refuse a new node. One that does not answer counts as lagging.
 */
export function laggingReplicas(
	set: PolicySet,
	controlPlanes: readonly string[],
	reports: readonly ReplicaReport[],
	now: number,
): Lagging[] {
	const digest = policySetDigest(set);
	return controlPlanes.flatMap((node): Lagging[] => {
		const report = reports.find(each => each.node === node);
		const lagging = (reason: string) => [{node, reason}];
		if (report === undefined) return lagging('its JoinService has not reported its policies');
		if (now - report.renewedAt > reportAgeMs) return lagging('its JoinService has stopped reporting');
		if (report.generation === undefined || report.digest === undefined) return lagging('its JoinService has no policies');
		if (report.generation < set.generation && report.refused !== undefined)
			return lagging(`its JoinService refuses generation ${set.generation}: ${report.refused}`);
		if (report.generation < set.generation)
			return lagging(`its JoinService enforces generation ${report.generation}, not ${set.generation}`);
		if (report.generation > set.generation) return lagging(`somebody else wrote generation ${report.generation}`);
		return report.digest === digest ? [] : lagging('its JoinService enforces another set under the same generation');
	});
}
