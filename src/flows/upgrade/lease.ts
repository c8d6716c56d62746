import {AppError, exitCodes} from '../../errors.ts';
import {type Kube, KubeError, type KubeObject} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';

const leases = inNamespace(resources.leases, 'kube-system');
const name = 'constellation-upgrade';
const seconds = 30;
const renewMs = 10_000;

type Spec = {holderIdentity?: string; acquireTime?: string; renewTime?: string};
type Clock = {now: () => number};

/** Who works on the cluster's upgrade now; undefined where nobody does, or whoever did stopped renewing. */
export async function upgradeHolder(kube: Kube, {now}: Clock): Promise<{holder: string; since: string} | undefined> {
	const lease = await kube.get(leases, name).catch(missing);
	const {holderIdentity = '', acquireTime = '', renewTime = ''} = (lease?.spec ?? {}) as Spec;
	const isOver = now() - Date.parse(renewTime) > seconds * 1000;
	return holderIdentity === '' || isOver ? undefined : {holder: holderIdentity, since: acquireTime};
}

/**
 * Takes the Lease `kube-system/constellation-upgrade`, so that nobody works on the same cluster from another workspace, and keeps it until
 * `release`. Throws AppError `upgrade-busy` (exit 3) that names the holder.
 */
export async function takeUpgradeLease(kube: Kube, identity: string, clock: Clock): Promise<{release: () => Promise<void>}> {
	const lease = await kube.get(leases, name).catch(missing);
	const held = await upgradeHolder(kube, clock);
	if (held !== undefined && held.holder !== identity) throw busy(held);
	await write(kube, lease, specFor(identity, clock)).catch((error: unknown) => {
		if (!(error instanceof KubeError && error.code === 409)) throw error;
		throw busy({holder: 'somebody who was faster', since: ''});
	});
	const timer = setInterval(() => {
		// A missed renewal is no reason to stop: the Lease lasts three of them, and the work itself lies in the cluster.
		void kube.patch(leases, name, {spec: {renewTime: micro(clock)}}, 'merge').catch(() => undefined);
	}, renewMs);
	return {
		async release() {
			clearInterval(timer);
			// Who cannot say that he goes is believed gone when the Lease runs out.
			await kube.patch(leases, name, {spec: {holderIdentity: ''}}, 'merge').catch(() => undefined);
		},
	};
}

/** Refuses what must not happen beside an upgrade that somebody is attached to. */
export const busy = ({holder, since}: {holder: string; since: string}): AppError =>
	new AppError(`Somebody upgrades this cluster: ${holder}${since === '' ? '' : `, since ${since}`}.`, {
		code: 'upgrade-busy',
		exitCode: exitCodes.preflight,
		next: ['Wait until that upgrade is over, or attach to it in its own workspace with constellation upgrade apply.'],
		details: {holder: {identity: holder, since}},
	});

const micro = ({now}: Clock): string => new Date(now()).toISOString().replace('Z', '000Z');
const specFor = (identity: string, clock: Clock) => ({
	holderIdentity: identity,
	leaseDurationSeconds: seconds,
	acquireTime: micro(clock),
	renewTime: micro(clock),
});

const write = (kube: Kube, lease: KubeObject | undefined, spec: object): Promise<KubeObject> =>
	lease === undefined
		? kube.create(leases, {
				apiVersion: 'coordination.k8s.io/v1',
				kind: 'Lease',
				metadata: {name, namespace: 'kube-system'},
				spec,
			})
		: kube.update(leases, {...lease, spec});

const missing = (error: unknown): undefined => {
	if (error instanceof KubeError && error.code === 404) return undefined;
	throw error;
};
