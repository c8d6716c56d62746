import {setTimeout as delay} from 'node:timers/promises';
import {attestationIn, nodeGroupsOf} from '../../config/provider.ts';
import type {CloudConfig} from '../../config/schema.ts';
import {asksAttestationProvider} from '../../providers/azure/variables.ts';
import type {Check, WantedGroup} from '../../providers/check.ts';
import {ownImage} from './image.ts';

/** The checks that a cloud can be asked for a config; `folder` is the workspace. Loads the libraries of that cloud only. */
export async function cloudChecks(config: CloudConfig, env: NodeJS.ProcessEnv, folder: string): Promise<Check[]> {
	const {provider} = config;
	const {variant, value} = attestationIn(config);
	const groups = wantedGroups(config);
	const wait = async (milliseconds: number): Promise<void> => {
		await delay(milliseconds);
	};
	const world = {env, fetch, now: Date.now, wait};
	if ('aws' in provider) {
		const {region} = provider.aws;
		const {connectAws} = await import('../../providers/aws/connect.ts');
		return connectAws(region, world).checks({region, sevSnp: variant === 'aws-sev-snp', groups});
	}
	if ('azure' in provider) {
		const {subscription, tenant, location, resourceGroup} = provider.azure;
		const {connectAzure} = await import('../../providers/azure/connect.ts');
		const technology = variant === 'azure-tdx' ? 'TDX' : variant === 'azure-sev-snp' ? 'SNP' : 'TrustedLaunch';
		const attestationProvider = asksAttestationProvider(value);
		const {checks} = await connectAzure(tenant, world);
		return checks({subscription, tenant, location, resourceGroup, technology, attestationProvider, groups});
	}
	if ('gcp' in provider) {
		const {project, region} = provider.gcp;
		const {connectGoogle} = await import('../../providers/gcp/connect.ts');
		const diskSize = Math.max(...Object.values(nodeGroupsOf(config)).map(({stateDiskSizeGB}) => stateDiskSizeGB));
		const technology = variant === 'gcp-sev-snp' ? 'SEV_SNP' : 'SEV';
		return (await connectGoogle(project, world)).checks({project, region, technology, diskSize, groups});
	}
	if (!('openstack' in provider)) return [];
	const {cloud, regionName} = provider.openstack;
	const {connectOpenstack} = await import('../../providers/openstack/connect.ts');
	return connectOpenstack({cloud, region: regionName, folder}, world).checks(groups);
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
