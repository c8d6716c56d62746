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
	const before: Measurement = policy.measurements.get(clusterRegister) ?? {expected: new Uint8Array(size), warnOnly: false};
	const digest = createHash(hash).update(clusterId).digest();
	const expected = createHash(hash).update(before.expected).update(digest).digest();
	const measurements: Measurements = new Map(policy.measurements).set(clusterRegister, {...before, expected});
	return {...policy, measurements};
}
