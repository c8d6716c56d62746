import type {Kube} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {reporterOf} from '../../upgrade/replica-report.ts';
import {missing} from '../missing.ts';

const secrets = inNamespace(resources.secrets, 'kube-system');
const leases = inNamespace(resources.leases, 'kube-node-lease');
const tokenType = 'bootstrap.kubernetes.io/token';

/** Deletes bootstrap tokens whose time is over; tokens without a time stay. */
export const cleanTokens = async (kube: Kube, now = Date.now()) => {
	const {items} = await kube.list(secrets, {fieldSelector: `type=${tokenType}`});
	for (const secret of items) {
		const {expiration = ''} = (secret.data ?? {}) as {expiration?: string};
		const expires = Date.parse(Buffer.from(expiration, 'base64').toString('utf8'));
		if (secret.type === tokenType && expires < now) await kube.delete(secrets, secret.metadata.name).catch(missing);
	}
};

const reports = inNamespace(resources.leases, 'kube-system');
const reportKeptMs = 10 * 60_000;

/** Deletes Pods and Leases of nodes that are no longer in the cluster, at once: nobody is left to end them. */
export const cleanNodes = async (kube: Kube) => {
	const {items: pods} = await kube.list(resources.pods);
	const {items} = await kube.list(leases);
	const {items: reported} = await kube.list(reports);
	// Listed last: a node is there before what belongs to it, so one that registers meanwhile is not taken for gone.
	const {items: nodes} = await kube.list(resources.nodes);
	const names = new Set(nodes.map(node => node.metadata.name));
	for (const pod of pods) {
		const {nodeName} = (pod.spec ?? {}) as {nodeName?: string};
		if (nodeName === undefined || nodeName === '' || names.has(nodeName)) continue;
		await kube
			.delete(inNamespace(resources.pods, pod.metadata.namespace ?? 'default'), pod.metadata.name, {gracePeriodSeconds: 0})
			.catch(missing);
	}
	for (const lease of items) {
		if (names.has(lease.metadata.name)) continue;
		await kube.delete(leases, lease.metadata.name).catch(missing);
	}
	for (const {metadata, spec} of reported) {
		// A JoinService reports before its node registers: what is still renewed belongs to somebody.
		const {renewTime = ''} = (spec ?? {}) as {renewTime?: string};
		const isOld = Date.parse(renewTime) < Date.now() - reportKeptMs;
		const node = reporterOf(metadata.name);
		if (isOld && node !== undefined && !names.has(node)) await kube.delete(reports, metadata.name).catch(missing);
	}
};
