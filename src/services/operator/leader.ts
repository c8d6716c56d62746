import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {KubeError} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {missing} from '../missing.ts';

const leases = inNamespace(resources.leases, 'kube-system');
const leaseSeconds = 15;

type LeaseSpec = {holderIdentity?: string; renewTime?: string};

/**
 * Whether this replica leads: it holds the Lease, or takes it when nobody renewed it for its whole duration as seen by our own
 * monotonic clock, so that clocks that differ or jump never make two leaders.
 */
export const leaderElection = (
	identity: string,
	monotonic: () => number = () => performance.now(),
	leaseName = 'constellation-operator',
) => {
	let seen = {renewTime: '', at: 0};
	return async (kube: Kube): Promise<boolean> => {
		const lease = await kube.get(leases, leaseName).catch(missing);
		const renewTime = new Date().toISOString().replace('Z', '000Z');
		const spec = {holderIdentity: identity, leaseDurationSeconds: leaseSeconds, renewTime};
		if (lease === undefined) return won(kube.create(leases, newLease(leaseName, spec)));
		const {holderIdentity = '', renewTime: renewed = ''} = (lease.spec ?? {}) as LeaseSpec;
		if (holderIdentity !== '' && holderIdentity !== identity) {
			if (renewed !== seen.renewTime) seen = {renewTime: renewed, at: monotonic()};
			if (monotonic() - seen.at < leaseSeconds * 1000) return false;
		}
		// The resource version makes a lost race a conflict.
		return won(kube.update(leases, {...lease, spec}));
	};
};

/** Gives the lead back, so that another replica need not wait until it runs out; nothing when somebody else has it. */
export const releaseLead = async (kube: Kube, identity: string, leaseName = 'constellation-operator'): Promise<void> => {
	const lease = await kube.get(leases, leaseName).catch(missing);
	const spec = (lease?.spec ?? {}) as LeaseSpec;
	if (lease !== undefined && spec.holderIdentity === identity)
		await won(kube.update(leases, {...lease, spec: {...spec, holderIdentity: ''}}));
};

const newLease = (name: string, spec: unknown): KubeObject => ({
	apiVersion: 'coordination.k8s.io/v1',
	kind: 'Lease',
	metadata: {name, namespace: 'kube-system'},
	spec,
});

const won = async (write: Promise<KubeObject>): Promise<boolean> => {
	try {
		await write;
		return true;
	} catch (error) {
		if (error instanceof KubeError && error.code === 409) return false;
		throw error;
	}
};
