import type {Kube, KubeObject} from '../../../kubernetes/kube.ts';
import {readMachineRecords} from '../../../kubernetes/machine-records.ts';
import {inNamespace, resources} from '../../../kubernetes/resources.ts';
import {upgradeAnnotations} from '../../../kubernetes/upgrade-annotations.ts';
import type {NodeGroups} from '../../../providers/node-groups.ts';
import {readPolicySet} from '../../../upgrade/policy-set.ts';
import {reportsIn} from '../../../upgrade/replica-report.ts';
import {missing} from '../../missing.ts';
import {parseMaintenance, parseNode, parsePending, parseRefusal, parseScalingGroup, parseWanted} from './parse.ts';
import type {Observation} from './types.ts';

const systemConfigMaps = inNamespace(resources.configMaps, 'kube-system');
const systemLeases = inNamespace(resources.leases, 'kube-system');
const systemEvents = inNamespace(resources.events, 'kube-system');

/** What is read, and the NodeVersion it was read from. */
export type Observed = {seen: Observation; version: KubeObject};

/**
 * Reads everything that a plan follows from; undefined in a cluster without NodeVersion. Machines come last: one that was made meanwhile
 * has no PendingNode in what was read, and is then waited for, not taken for ours. Throws KubeError, UnixHttpError.
 */
export const observe = async (kube: Kube, groups: NodeGroups, now: number): Promise<Observed | undefined> => {
	const version = await kube.get(resources.nodeVersions, 'constellation-version').catch(missing);
	if (version === undefined) return undefined;
	const wanted = parseWanted(version);
	const items = async (resource: Parameters<Kube['list']>[0]) => (await kube.list(resource)).items;
	const [pending, joining, nodes, maintenances, scalingGroups, strategies, leases] = await Promise.all(
		[
			resources.pendingNodes,
			resources.joiningNodes,
			resources.nodes,
			resources.nodeMaintenances,
			resources.scalingGroups,
			resources.autoscalingStrategies,
			systemLeases,
		].map(items),
	);
	const records = await readMachineRecords(kube);
	const isPending = (pending ?? []).some(({spec}) => (spec as {goal?: string} | undefined)?.goal === 'Join');
	const seen: Observation = {
		now,
		wanted,
		nodes: (nodes ?? []).map(parseNode),
		attestations: [...records]
			.filter(([, {retired}]) => retired !== true)
			.map(([attestationKey, {name, image}]) => ({name, attestationKey, image})),
		pending: (pending ?? []).map(parsePending),
		joining: (joining ?? []).flatMap(({spec}) => (spec as {name?: string} | undefined)?.name ?? []),
		maintenances: (maintenances ?? []).map(parseMaintenance),
		scalingGroups: (scalingGroups ?? []).map(parseScalingGroup),
		autoscaling: (strategies ?? []).map(strategyOf)[0],
		refusals: isPending ? (await items(systemEvents)).flatMap(parseRefusal) : [],
		policies: readPolicySet(await kube.get(systemConfigMaps, 'join-config')),
		replicas: reportsIn(leases ?? []),
		componentsExist: (await kube.get(systemConfigMaps, wanted.components).catch(missing)) !== undefined,
		groups: await groups.list(),
		machines: (await groups.machines()).filter(({state}) => state !== 'terminated'),
	};
	return {seen, version};
};

const strategyOf = ({metadata, spec, status}: KubeObject): NonNullable<Observation['autoscaling']> => ({
	enabled: (spec as {enabled?: boolean} | undefined)?.enabled === true,
	active: (status as {enabled?: boolean} | undefined)?.enabled,
	enabledBefore: metadata.annotations?.[upgradeAnnotations.pausedAutoscaler] === 'true',
});
