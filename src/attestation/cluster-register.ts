import {createHash} from 'node:crypto';
import type {Measurement, Measurements} from './measurements.ts';
import type {Policy} from './policy.ts';
import {bankOf} from './registers.ts';

/**
 * The policy for a node that is in the cluster: one more extend of the register that carries the cluster ID, from what the policy
 * expects there before, as v2.9 predicts it. Whether it is enforced is kept.
 */
export function withClusterId<P extends Policy>(policy: P, clusterId: Uint8Array): P {
	const {clusterRegister, hash, size} = bankOf(policy);
	const digest = createHash(hash).update(clusterId).digest();
	const extended = (measurements: Measurements): Measurements => {
		const before: Measurement = measurements.get(clusterRegister) ?? {expected: new Uint8Array(size), warnOnly: false};
		const expected = createHash(hash).update(before.expected).update(digest).digest();
		return new Map(measurements).set(clusterRegister, {...before, expected});
	};
	const previous =
		'previous' in policy ? {previous: {...policy.previous, measurements: extended(policy.previous.measurements)}} : {};
	return {...policy, measurements: extended(policy.measurements), ...previous};
}
