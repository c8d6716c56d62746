import type {NodeGroup} from '../config/cloud/groups.ts';
import {nodeGroupsOf} from '../config/provider.ts';
import type {CloudConfig} from '../config/schema.ts';

/** What a module is told beside the config. */
export type CloudInput = {
	uid: string;
	/** bcrypt. */
	initSecretHash: string;
	/** The cloud's own name of the image; empty: no machines yet. */
	image: string;
	/** An SSH key that nobody holds, where a cloud insists on one. */
	sshPublicKey: string;
};

/** terraform.tfvars.json of a module. Never holds a secret. */
export type CloudVariables = Readonly<Record<string, unknown>>;

const groupVariables = ({role, count, instanceType, zone, stateDiskSizeGB, stateDiskType}: NodeGroup, image: string) => ({
	role,
	image,
	count,
	instance_type: instanceType,
	...(zone === undefined ? {} : {zone}),
	disk_size: stateDiskSizeGB,
	disk_type: stateDiskType,
});

/** The variables that every module has; `cloud` is what one cloud alone needs. */
export function commonVariables(config: CloudConfig, {uid, initSecretHash, image}: CloudInput, cloud: object): CloudVariables {
	return {
		name: config.name,
		uid,
		node_groups: Object.fromEntries(
			Object.entries(nodeGroupsOf(config)).map(([name, group]) => [name, groupVariables(group, image)]),
		),
		control_plane_endpoint: config.customEndpoint ?? '',
		init_secret_hash: initSecretHash,
		source_ranges: config.sourceRanges,
		tags: config.tags,
		cloud,
	};
}
