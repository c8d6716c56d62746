import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {apiVersionOf, resources} from '../../kubernetes/resources.ts';
import {missing} from '../missing.ts';

/** Budgets (`namespace/name`, with commas between) that a node's pods wait for now; on the NodeMaintenance. */
export const blockingBudgetsAnnotation = 'constellation.edgeless.systems/blocking-budgets';

export type DrainPhase = 'Running' | 'Succeeded' | 'Failed';

/** Status of a NodeMaintenance, in the names of nodemaintenance.medik8s.io/v1beta1. */
export type MaintenanceStatus = {
	phase: DrainPhase;
	drainProgress: number;
	/** `namespace/name`. */
	pendingPods: string[];
	totalpods: number;
	evictionPods: number;
	lastError: string;
	lastUpdate: string;
};

/**
 * The NodeMaintenance of this very node; made when there is none. One that was left over from an earlier node of the same name is
 * removed first, because its phase would let this node go with its pods still on it.
 */
export const ensureMaintenance = async (kube: Kube, node: KubeObject, reason: string): Promise<KubeObject> => {
	const {name, uid = ''} = node.metadata;
	const found = await kube.get(resources.nodeMaintenances, name).catch(missing);
	if (found !== undefined && isOf(found, uid)) return found;
	if (found !== undefined) await endMaintenance(kube, name);
	return kube.create(resources.nodeMaintenances, {
		apiVersion: apiVersionOf(resources.nodeMaintenances),
		kind: 'NodeMaintenance',
		metadata: {name, ownerReferences: [{apiVersion: 'v1', kind: 'Node', name, uid}]},
		spec: {nodeName: name, reason},
	});
};

/** Removes the NodeMaintenance of a node; it goes by itself with the Node, too. */
export const endMaintenance = async (kube: Kube, node: string): Promise<void> => {
	await kube.delete(resources.nodeMaintenances, node).catch(missing);
};

export const maintenanceStatus = (maintenance: KubeObject): Partial<MaintenanceStatus> => maintenance.status ?? {};

/** Writes what changed, and nothing when only the time did. */
export const reportMaintenance = async (
	kube: Kube,
	maintenance: KubeObject,
	status: Omit<MaintenanceStatus, 'lastUpdate'>,
	budgets: readonly string[],
	now: number,
): Promise<void> => {
	const {name, annotations = {}} = maintenance.metadata;
	const blocking = budgets.join(',');
	if ((annotations[blockingBudgetsAnnotation] ?? '') !== blocking) {
		const metadata = {annotations: {[blockingBudgetsAnnotation]: blocking === '' ? null : blocking}};
		await kube.patch(resources.nodeMaintenances, name, {metadata}, 'merge');
	}
	const before: Partial<MaintenanceStatus> = {...maintenanceStatus(maintenance)};
	delete before.lastUpdate;
	const lines = (object: object) => JSON.stringify(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));
	if (lines(before) === lines(status)) return;
	const lastUpdate = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
	await kube.patch(resources.nodeMaintenances, name, {status: {...status, lastUpdate}}, 'merge', 'status');
};

const isOf = ({metadata}: KubeObject, uid: string): boolean =>
	((metadata['ownerReferences'] ?? []) as {uid?: string}[]).some(owner => owner.uid === uid);
