import {readFile, stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import {type Fetch, proxiedFetch} from '../../proxy.ts';
import type {Check} from '../check.ts';
import type {NodeGroups} from '../node-groups.ts';
import {noCredentials} from '../refusals.ts';
import type {CloudWorld} from '../world.ts';
import {type OpenstackWanted, openstackChecks} from './checks.ts';
import {cloudEntry} from './cloud-entry.ts';
import {openstackNodeGroups} from './node-groups.ts';
import {openstackOutside} from './outside.ts';
import {type CloudEntry, openstackSession, openstackWords, type Session} from './sign-in.ts';

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
		(session ??= cloudEntry(cloud, env, folders, textOf).then(async entry =>
			openstackSession(entry, {fetch: await trusting(entry, {env, fetch}), wait}, region ?? entry.region_name),
		));
	return {
		nodeGroups: async cluster => openstackNodeGroups((await signIn()).service('compute'), cluster),
		checks: wanted => openstackChecks(signIn, wanted),
		outside: async cluster => openstackOutside(await signIn(), cluster),
	};
};

/** With authorities of the cloud's own only those count, as Terraform has it. */
const trusting = async ({cacert}: CloudEntry, {env, fetch}: Pick<CloudWorld, 'env' | 'fetch'>): Promise<Fetch> => {
	if (cacert === undefined || cacert === '') return fetch;
	const pem = await textOf(cacert.replace(/^~(?=\/|$)/u, env['HOME'] ?? homedir()), largestPem);
	if (pem?.includes('-----BEGIN CERTIFICATE-----') === true) return proxiedFetch(env, [pem]);
	throw noCredentials(openstackWords, `cacert names ${cacert}, which is no PEM file of authorities`);
};

const largestPem = 1024 * 1024;

const textOf = async (path: string, limit: number): Promise<string | undefined> => {
	try {
		return (await stat(path)).size > limit ? '' : await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
		throw error;
	}
};
