import {providerOf} from '../../config/provider.ts';
import {type CloudConfig, isLocal} from '../../config/schema.ts';
import type {Machine, NodeGroup, NodeGroups} from '../../providers/node-groups.ts';
import {readText, type Workspace} from '../../workspace/files.ts';
import {type ClusterIds, readIds} from '../../workspace/id-file.ts';
import {readAnyConfig} from '../cluster.ts';

/** What is on a cloud for the workspace. */
export type CloudPlace = {config: CloudConfig; text: string; ids: ClusterIds};

export type CloudStatus = {
	name: string;
	provider: string;
	uid: string;
	ip: string;
	groups: readonly (NodeGroup & {running: number})[];
	machines: readonly Machine[];
};

/** The cloud that a workspace has something on; undefined where it has nothing, is local, or cannot be read: others tell about that. */
export async function cloudPlace(workspace: Workspace): Promise<CloudPlace | undefined> {
	if ((await readText(workspace.path('config')).catch(() => undefined)) === undefined) return undefined;
	const read = await readAnyConfig(workspace).catch(() => undefined /* The command goes on, and its error tells about it. */);
	const ids = await readIds(workspace);
	if (read === undefined || ids === undefined) return undefined;
	const {config, text} = read;
	return isLocal(config) ? undefined : {config, text, ids};
}

/** Node groups and machines as the cloud sees them: nothing here is proven by attestation. */
export async function cloudStatus({config, ids}: CloudPlace, nodeGroups: NodeGroups): Promise<CloudStatus> {
	const [groups, machines] = await Promise.all([nodeGroups.list(), nodeGroups.machines()]);
	const running = (name: string) => machines.filter(({group, state}) => group === name && state === 'running').length;
	return {
		name: config.name,
		provider: providerOf(config),
		uid: ids.uid,
		ip: ids.ip,
		groups: groups.map(group => ({...group, running: running(group.name)})),
		machines,
	};
}
