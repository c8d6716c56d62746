import {laggingReplicas} from '../../../upgrade/replicas.ts';
import {attestationOf} from './classify.ts';
import type {Observation, SeenNode} from './types.ts';

/** What a replacement still lacks before the old node may go, as a sentence; undefined when it lacks nothing. */
export const lacks = (seen: Observation, heir: SeenNode): string | undefined => {
	const {wanted} = seen;
	const attested = attestationOf(seen, heir.name);
	if (attested === undefined) return `a JoinService to have attested ${heir.name}`;
	if (attested.image !== wanted.imageVersion)
		return `${heir.name} to be attested as ${wanted.imageVersion}, it was as ${attested.image ?? 'an unknown image'}`;
	if (!heir.ready) return `${heir.name} to be Ready`;
	if (heir.components?.toLowerCase() !== wanted.components.toLowerCase()) return `the components of ${heir.name} to be known`;
	if (heir.kubernetes !== wanted.kubernetes) return `the kubelet of ${heir.name} to be ${wanted.kubernetes}`;
	if (heir.role === 'worker') return undefined;
	// Its own JoinService has to let both images in before one of the others goes.
	const [lagging] = laggingReplicas(seen.policies, [heir.name], seen.replicas, seen.now);
	return lagging && `${heir.name}: ${lagging.reason}`;
};

/** Keys that belong to the node itself and not to who wrote them (as v2.9). */
const ownKey = /^(?:.+\.|)(?:kubernetes|k8s)\.io(?:\/.*)?$/;

/** Labels and taints that people gave the old node and the new one lacks. */
export const missingLabels = (donor: SeenNode, heir: SeenNode): Pick<SeenNode, 'labels' | 'taints'> | undefined => {
	const labels = Object.entries(donor.labels).filter(([key, value]) => !ownKey.test(key) && heir.labels[key] !== value);
	const taints = donor.taints.filter(
		taint => !ownKey.test(taint.key) && !heir.taints.some(({key, effect}) => key === taint.key && effect === taint.effect),
	);
	return labels.length + taints.length === 0 ? undefined : {labels: Object.fromEntries(labels), taints};
};
