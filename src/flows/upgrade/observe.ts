import {sameBytes} from '../../attestation/bytes.ts';
import {type Policy, parsePolicy} from '../../attestation/policy.ts';
import {singlePolicies} from '../../attestation/variants/local/policy.ts';
import {type Kube, KubeError, type KubeObject, type Resource} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import type {Machine} from '../../providers/node-groups.ts';
import type {Observed} from '../../upgrade/observed.ts';
import {type PolicySet, policyVersion, readPolicySet} from '../../upgrade/policy-set.ts';
import type {PolicyUser} from '../../upgrade/policy-users.ts';
import {type ReplicaReport, reportsIn} from '../../upgrade/replica-report.ts';
import {adminKube, pinnedPolicy, readConfig, requireInitialised} from '../cluster.ts';
import {namedSilence} from '../silence.ts';
import type {UpgradeDependencies} from './dependencies.ts';
import {inFlight, observedBudgets, observedNode, observedPods, wantedVersion} from './objects.ts';
import {recordedDurations} from './pair-times.ts';

const system = 'kube-system';
const budgets: Resource = {group: 'policy', version: 'v1', plural: 'poddisruptionbudgets'};
const componentsName = /^k8s-components-/;

/** The cluster as an upgrade sees it, read at one go; changes nothing. */
export type Sight = {
	observed: Observed;
	machines: readonly Machine[];
	replicas: readonly ReplicaReport[];
	users: readonly PolicyUser[];
	/** As it was read, for compare-and-swap. */
	joinConfig: KubeObject;
};

/** Reads what a flight plan is made from. Throws AppError `cluster-unreachable` (exit 7) where the Kubernetes API does not answer. */
export async function observe(deps: UpgradeDependencies): Promise<Sight> {
	try {
		return await look(deps);
	} catch (error) {
		throw namedSilence(error);
	}
}

async function look(deps: UpgradeDependencies): Promise<Sight> {
	const {ids} = await requireInitialised(deps.workspace);
	const {kube} = await adminKube(deps);
	const items = async (resource: Resource) => (await kube.list(resource)).items;
	const [nodes, joining, pending, pods, budgetObjects, configMaps, leases, strategies, nodeVersion, machines, groups] =
		await Promise.all([
			items(resources.nodes),
			items(resources.joiningNodes),
			items(resources.pendingNodes),
			items(resources.pods),
			whereServed(items(budgets)),
			items(inNamespace(resources.configMaps, system)),
			items(inNamespace(resources.leases, system)),
			items(resources.autoscalingStrategies),
			kube.get(resources.nodeVersions, 'constellation-version'),
			deps.provider.machines(ids.uid).then(found => found ?? []),
			deps.groups(ids.uid),
		]);
	const joinConfig = await joinConfigOf(kube);
	const policies = readPolicySet(joinConfig);
	const {config} = await readConfig(deps.workspace);
	const observedNodes = nodes.map(node =>
		observedNode(
			node,
			machines.find(({name}) => name === node.metadata.name),
		),
	);
	const observed: Observed = {
		nodes: observedNodes,
		groups,
		inFlight: inFlight(joining, pending, machines, observedNodes),
		...wantedVersion(nodeVersion),
		policies,
		recoverable: recoverable(policies, policiesOf(pinnedPolicy(config))),
		componentSets: configMaps.map(({metadata}) => metadata.name).filter(name => componentsName.test(name)),
		// Where Kubernetes comes with the image, a control plane's kubelet and API server have one version.
		apiServers: observedNodes
			.filter(({role}) => role === 'control-plane')
			.map(({name, kubernetes}) => ({node: name, version: kubernetes})),
		autoscaling: strategies.some(strategy => (strategy['spec'] as {enabled?: boolean} | undefined)?.enabled === true),
		pods: observedPods(pods),
		budgets: observedBudgets(budgetObjects, pods),
		durations: recordedDurations(deps.journal.entries()),
	};
	return {observed, machines, replicas: reportsIn(leases), users: usersOf(observed, machines), joinConfig};
}

export const joinConfigOf = (kube: Kube): Promise<KubeObject> =>
	kube.get(inNamespace(resources.configMaps, system), 'join-config');

const policiesOf = (pinned: Policy): readonly Policy[] => (pinned.variant === 'local-vtpm' ? singlePolicies(pinned) : [pinned]);

/** The images whose evidence one of the workspace's own policies lets pass: those are the nodes that `recover` helps. */
export function recoverable({policies}: PolicySet, pinned: readonly Policy[]): string[] {
	const passes = (own: Policy, image: Policy): boolean =>
		own.variant === image.variant &&
		[...own.measurements].every(([register, {expected, warnOnly}]) => {
			const value = image.measurements.get(register)?.expected;
			return warnOnly || (value !== undefined && sameBytes(value, expected));
		});
	return policies
		.filter(({attestationConfig}) => pinned.some(own => passes(own, parsePolicy(own.variant, attestationConfig))))
		.map(policy => policyVersion(policy));
}

/** A kind that the API server does not know has no objects. */
async function whereServed(objects: Promise<KubeObject[]>): Promise<KubeObject[]> {
	try {
		return await objects;
	} catch (error) {
		if (error instanceof KubeError && error.code === 404) return [];
		throw error;
	}
}

/** Everybody who may have to show an image's measurements: nodes, those on their way in, machines that are off, templates. */
function usersOf({nodes, inFlight: coming, groups}: Observed, machines: readonly Machine[]): PolicyUser[] {
	return [
		...nodes.map(({name, image}) => ({kind: 'Node' as const, name, image})),
		...coming.map(({kind, name, image}) => ({kind, name, image})),
		...machines
			.filter(({state}) => state !== 'terminating' && state !== 'terminated')
			.map(({name, image}) => ({kind: 'machine' as const, name, image})),
		...groups.map(({name, image}) => ({kind: 'node group' as const, name, image})),
	];
}
