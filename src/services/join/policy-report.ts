import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {oneLine} from '../../text.ts';
import {reportAnnotations, reportName} from '../../upgrade/replica-report.ts';
import {changeOrPause, isAborted} from '../abort.ts';
import {missing} from '../missing.ts';
import type {PolicySource} from './policy-source.ts';

export type PolicyReportDeps = {
	kube: Kube;
	/** Name of the node that this service runs on. */
	name: string;
	policies: Pick<PolicySource, 'current' | 'refused' | 'changed'>;
	log: (line: string) => void;
	signal: AbortSignal;
	/** Milliseconds between two renewals. */
	renewMs?: number;
};

const leases = inNamespace(resources.leases, 'kube-system');
const leaseSeconds = 30;
const longest = 300;

/**
 * Says which policies this JoinService enforces, and why it refuses newer ones, for as long as `signal` allows: at once after a change,
 * else every few seconds, so that a replica that fell silent is told from one that agrees. Never throws.
 */
export const reportPolicies = async (deps: PolicyReportDeps): Promise<void> => {
	const {policies, log, signal, renewMs = 5000} = deps;
	let failing = false;
	while (!isAborted(signal)) {
		const change = policies.changed();
		try {
			await writeReport(deps);
			failing = false;
		} catch (error) {
			if (!failing) log(`policies not reported: ${error instanceof Error ? error.message : String(error)}`);
			failing = true;
		}
		await changeOrPause(change, failing ? Math.min(renewMs, 1000) : renewMs, signal);
	}
};

const writeReport = async ({kube, name, policies}: PolicyReportDeps): Promise<void> => {
	const current = policies.current();
	const refused = policies.refused();
	const patch = {
		metadata: {
			annotations: {
				[reportAnnotations.generation]: current === undefined ? null : String(current.generation),
				[reportAnnotations.digest]: current?.digest ?? null,
				[reportAnnotations.refused]: refused === undefined ? null : oneLine(refused, longest),
			},
		},
		spec: {
			holderIdentity: name,
			leaseDurationSeconds: leaseSeconds,
			renewTime: new Date().toISOString().replace('Z', '000Z'),
		},
	};
	if ((await kube.patch(leases, reportName(name), patch, 'merge').catch(missing)) !== undefined) return;
	const given = Object.entries(patch.metadata.annotations).filter((entry): entry is [string, string] => entry[1] !== null);
	const lease: KubeObject = {
		apiVersion: 'coordination.k8s.io/v1',
		kind: 'Lease',
		metadata: {name: reportName(name), namespace: 'kube-system', annotations: Object.fromEntries(given)},
		spec: patch.spec,
	};
	await kube.create(leases, lease);
};
