import {setTimeout as delay} from 'node:timers/promises';
import type {CloudConfig} from '../../config/schema.ts';
import {AppError, exitCodes} from '../../errors.ts';
import type {NodeGroups} from '../../providers/node-groups.ts';

/** The node groups of a cluster on a cloud, with the credentials of the environment. Loads the libraries of that cloud only. */
export async function cloudNodeGroups(
	{name, provider}: CloudConfig,
	uid: string,
	{env, folder}: {env: NodeJS.ProcessEnv; folder: string},
): Promise<NodeGroups> {
	const wait = async (milliseconds: number): Promise<void> => {
		await delay(milliseconds);
	};
	const world = {env, fetch, now: Date.now, wait};
	if ('aws' in provider) {
		const {connectAws} = await import('../../providers/aws/connect.ts');
		return connectAws(provider.aws.region, world).nodeGroups(uid);
	}
	if ('azure' in provider) {
		const {subscription, tenant, resourceGroup} = provider.azure;
		const {connectAzure} = await import('../../providers/azure/connect.ts');
		return (await connectAzure(tenant, world)).nodeGroups({uid, subscription, resourceGroup});
	}
	if ('gcp' in provider) {
		const {connectGoogle} = await import('../../providers/gcp/connect.ts');
		return (await connectGoogle(provider.gcp.project, world)).nodeGroups({uid, name});
	}
	if ('openstack' in provider) {
		const {cloud, regionName} = provider.openstack;
		const {connectOpenstack} = await import('../../providers/openstack/connect.ts');
		const title = cloud === 'stackit' ? 'STACKIT' : 'OpenStack';
		return connectOpenstack({cloud, region: regionName, folder}, world).nodeGroups({uid, name, cloud: title});
	}
	throw new AppError('Machines of QEMU cannot be asked for: this version does not make them.', {
		code: 'cloud-no-node-groups',
		exitCode: exitCodes.infrastructure,
		next: ['Use another provider, or `constellation config generate local` for a cluster on this computer.'],
	});
}
