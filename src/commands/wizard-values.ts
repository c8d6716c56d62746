import {accountKeys, identityKeys} from '../config/account-keys.ts';
import {attestationKeys} from '../config/attestation-keys.ts';
import {attestationIn, nodeGroupsOf, providerOf} from '../config/provider.ts';
import type {CloudConfig, LocalConfig} from '../config/schema.ts';
import type {Values} from '../wizard/values.ts';

/** What the review shows of a config for a cloud. What the config says beyond it, such as more groups of nodes, is in the plan. */
export function cloudValues(folder: string, config: CloudConfig): Partial<Values> {
	const groups = Object.values(nodeGroupsOf(config));
	const count = (role: string) =>
		String(groups.filter(group => group.role === role).reduce((sum, group) => sum + group.count, 0));
	const section = (Object.values(config.provider)[0] ?? {}) as Readonly<Record<string, unknown>>;
	const text = (...keys: string[]) => keys.map(key => section[key]).find(value => typeof value === 'string') ?? '';
	const types = [...new Set(groups.map(({instanceType}) => instanceType))];
	return {
		...Object.fromEntries([...accountKeys, ...identityKeys].map(key => [key, text(key)])),
		folder,
		provider: providerOf(config),
		name: config.name,
		controlPlanes: count('control-plane'),
		workers: count('worker'),
		kubernetes: config.kubernetesVersion,
		variant: attestationKeys[attestationIn(config).key],
		region: text('region', 'location', 'regionName'),
		zone: text('zone', 'availabilityZone'),
		instanceType: types.join(', '),
		sourceRanges: config.sourceRanges.length === 0 ? 'nobody' : config.sourceRanges.join(', '),
		nodeImage: config.image ?? '',
		iam: 'existing',
	};
}

/** What the review shows of a config for nodes on this machine. */
export function localValues(folder: string, config: LocalConfig): Partial<Values> {
	const {control_plane_default: controlPlanes, worker_default: workers} = config.nodeGroups;
	return {
		folder,
		provider: 'local',
		name: config.name,
		controlPlanes: String(controlPlanes.count),
		workers: String(workers.count),
		kubernetes: config.kubernetesVersion,
		image: config.image,
	};
}
