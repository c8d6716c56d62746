import {setTimeout as delay} from 'node:timers/promises';
import {attestationIn, nodeGroupsOf} from '../../config/provider.ts';
import type {CloudConfig} from '../../config/schema.ts';
import {AppError, exitCodes} from '../../errors.ts';
import {asksAttestationProvider} from '../../providers/azure/variables.ts';
import type {Check, WantedGroup} from '../../providers/check.ts';
import type {NodeGroups} from '../../providers/node-groups.ts';
import {proxiedFetch} from '../../proxy.ts';
import {ownImage} from './image.ts';

/** The cloud of a config, with the credentials of the environment. Nothing is asked before one of these is called. */
export type CloudConnection = {
	/** What can be asked before anything is made. */
	checks: () => Check[];
	nodeGroups: (uid: string) => NodeGroups | Promise<NodeGroups>;
	/** What Kubernetes made outside Terraform, a line each. Throws AppError where the cloud does not answer. */
	outside: (uid: string) => Promise<string[]>;
};

/** Connects to the cloud of a config; `folder` is the workspace. Loads the libraries of that cloud only. */
export async function connectCloud(
	config: CloudConfig,
	{env, folder}: {env: NodeJS.ProcessEnv; folder: string},
): Promise<CloudConnection> {
	const {name, provider} = config;
	const {variant, value} = attestationIn(config);
	const groups = wantedGroups(config);
	const wait = async (milliseconds: number): Promise<void> => {
		await delay(milliseconds);
	};
	const world = {env, fetch: proxiedFetch(env), now: Date.now, wait};
	if ('aws' in provider) {
		const {region} = provider.aws;
		const {connectAws} = await import('../../providers/aws/connect.ts');
		const {checks, nodeGroups, outside} = connectAws(region, world);
		const sevSnp = variant === 'aws-sev-snp';
		return {checks: () => checks({region, sevSnp, groups}), nodeGroups, outside: uid => outside({uid, name})};
	}
	if ('azure' in provider) {
		const {subscription, tenant, location, resourceGroup} = provider.azure;
		const {connectAzure} = await import('../../providers/azure/connect.ts');
		const technology = variant === 'azure-tdx' ? 'TDX' : variant === 'azure-sev-snp' ? 'SNP' : 'TrustedLaunch';
		const attestationProvider = asksAttestationProvider(value);
		const {checks, nodeGroups, outside} = await connectAzure(tenant, world);
		return {
			checks: () => checks({subscription, tenant, location, resourceGroup, technology, attestationProvider, groups}),
			nodeGroups: uid => nodeGroups({uid, subscription, resourceGroup}),
			outside: uid => outside({subscription, resourceGroup, cluster: `${name}-${uid}`}),
		};
	}
	if ('gcp' in provider) {
		const {project, region} = provider.gcp;
		const {connectGoogle} = await import('../../providers/gcp/connect.ts');
		const diskSize = Math.max(...Object.values(nodeGroupsOf(config)).map(({stateDiskSizeGB}) => stateDiskSizeGB));
		const technology = variant === 'gcp-sev-snp' ? 'SEV_SNP' : 'SEV';
		const {checks, nodeGroups, outside} = await connectGoogle(project, world);
		return {
			checks: () => checks({project, region, technology, diskSize, groups}),
			nodeGroups: uid => nodeGroups({uid, name}),
			outside: uid => outside(`${name}-${uid}`),
		};
	}
	if ('openstack' in provider) {
		const {cloud, regionName: region, floatingIPPoolID: pool} = provider.openstack;
		const {connectOpenstack} = await import('../../providers/openstack/connect.ts');
		const {checks, nodeGroups, outside} = connectOpenstack({cloud, region, folder}, world);
		const diskTypes = Object.values(nodeGroupsOf(config)).map(({stateDiskType}) => stateDiskType);
		const title = cloud === 'stackit' ? 'STACKIT' : 'OpenStack';
		return {
			checks: () => checks({groups, pool, diskTypes, octavia: cloud !== 'stackit'}),
			nodeGroups: uid => nodeGroups({uid, name, cloud: title}),
			outside: uid => outside(`${name}-${uid}`),
		};
	}
	throw new AppError('Machines of QEMU cannot be asked for: this version does not make them.', {
		code: 'cloud-no-node-groups',
		exitCode: exitCodes.infrastructure,
		next: ['Use another provider, or `constellation config generate local` for a cluster on this computer.'],
	});
}

function wantedGroups(config: CloudConfig): WantedGroup[] {
	const image = ownImage(config);
	return Object.entries(nodeGroupsOf(config)).map(([name, {instanceType, zone, count}]) => ({
		name,
		instanceType,
		count,
		...(zone === undefined ? {} : {zone}),
		...(image === '' ? {} : {image}),
	}));
}
