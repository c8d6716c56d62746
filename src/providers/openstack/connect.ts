import {readFile, stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import type {Check} from '../check.ts';
import type {NodeGroups} from '../node-groups.ts';
import type {CloudWorld} from '../world.ts';
import {type OpenstackWanted, openstackChecks} from './checks.ts';
import {cloudEntry} from './cloud-entry.ts';
import {openstackNodeGroups} from './node-groups.ts';
import {openstackOutside} from './outside.ts';
import {openstackSession, type Session} from './sign-in.ts';

export type OpenstackConnection = {
	nodeGroups: (cluster: {uid: string; name: string; cloud: 'OpenStack' | 'STACKIT'}) => Promise<NodeGroups>;
	checks: (wanted: OpenstackWanted) => Check[];
	outside: (cluster: string) => Promise<string[]>;
};

/** OpenStack by an entry of clouds.yaml (in `folder`, the user's, the machine's); the empty name takes the OS_* variables. */
export const connectOpenstack = (
	{cloud, region, folder}: {cloud: string; region?: string; folder: string},
	{env, fetch, wait}: Pick<CloudWorld, 'env' | 'fetch' | 'wait'>,
): OpenstackConnection => {
	const folders = [folder, `${env['XDG_CONFIG_HOME'] ?? `${env['HOME'] ?? homedir()}/.config`}/openstack`, '/etc/openstack'];
	let session: Promise<Session> | undefined;
	const signIn = () =>
		(session ??= cloudEntry(cloud, env, folders, textOf).then(entry =>
			openstackSession(entry, {fetch, wait}, region ?? entry.region_name),
		));
	return {
		nodeGroups: async cluster => openstackNodeGroups((await signIn()).service('compute'), cluster),
		checks: wanted => openstackChecks(signIn, wanted),
		outside: async cluster => openstackOutside(await signIn(), cluster),
	};
};

const textOf = async (path: string, limit: number): Promise<string | undefined> => {
	try {
		return (await stat(path)).size > limit ? '' : await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
		throw error;
	}
};
