import type {Check} from '../check.ts';
import type {NodeGroups} from '../node-groups.ts';
import {restClient} from '../rest.ts';
import {type CloudWorld, cloudPatience} from '../world.ts';
import {type GoogleWanted, googleChecks} from './checks.ts';
import {type GoogleIdentity, googleIdentity} from './credentials.ts';
import {gcpNodeGroups} from './node-groups.ts';
import {gcpOutside} from './outside.ts';
import {computeApi} from './rest.ts';
import {shieldedKey} from './shielded-key.ts';
import {googleHeaders, googleWords} from './sign-in.ts';

export type GoogleConnection = {
	nodeGroups: (cluster: {uid: string; name: string}) => NodeGroups;
	checks: (wanted: GoogleWanted) => Check[];
	outside: (cluster: string) => Promise<string[]>;
	/** DER SubjectPublicKeyInfo of the key that a machine of the project signs quotes with. */
	shieldedKey: (machine: {zone: string; instance: string}) => Promise<Uint8Array>;
};

/**
 * A project of Google Cloud, with the identity that Terraform uses from the same environment. Import this file only where Google is
 * asked: it loads their library.
 */
export const connectGoogle = (
	project: string,
	{env, fetch, now, wait}: CloudWorld,
	options: {compute?: string; projects?: string; auth?: GoogleIdentity} = {},
): Promise<GoogleConnection> => {
	const {
		compute: root = 'https://compute.googleapis.com/compute/v1',
		projects = 'https://cloudresourcemanager.googleapis.com/v1',
	} = options;
	const headers = googleHeaders(options.auth ?? googleIdentity(env));
	const at = (base: string) => restClient({...googleWords, base, headers, fetch, wait});
	const inProject = at(`${root}/projects/${project}`);
	const compute = computeApi(inProject, cloudPatience({now, wait}));
	return Promise.resolve({
		nodeGroups: cluster => gcpNodeGroups(compute, cluster),
		outside: cluster => gcpOutside(compute, cluster),
		checks: wanted => googleChecks({projects: at(projects), compute, images: at(root)}, wanted),
		shieldedKey: machine => shieldedKey(inProject, machine),
	});
};
