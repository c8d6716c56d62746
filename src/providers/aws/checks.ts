import {
	AllocateAddressCommand,
	CreateLaunchTemplateCommand,
	CreateVpcCommand,
	DescribeAccountAttributesCommand,
	DescribeAddressesCommand,
	DescribeImagesCommand,
	DescribeInstanceTypesCommand,
	DescribeVpcsCommand,
	type EC2Client,
	type InstanceTypeInfo,
	paginateDescribeInstanceTypeOfferings,
} from '@aws-sdk/client-ec2';
import {GetCallerIdentityCommand, type STSClient} from '@aws-sdk/client-sts';
import type {Fetch} from '../../proxy.ts';
import {byValue, type Check, check, unfit, type WantedGroup} from '../check.ts';
import {asked} from './errors.ts';
import {cpuQuotaOf, cpuUse, networkQuota, notAsked, quotaOf} from './quotas.ts';

export type AwsWanted = {region: string; sevSnp: boolean; groups: readonly WantedGroup[]};

/** What can be asked of AWS before anything is made. `quotas`: where Service Quotas answers, if not at AWS. */
export const awsChecks = (
	{ec2, sts, quotas, fetch}: {ec2: EC2Client; sts: STSClient; quotas?: string | undefined; fetch: Fetch},
	{region, sevSnp, groups}: AwsWanted,
): Check[] => {
	const place = {ec2, region, endpoint: quotas, fetch};
	const types = byValue(groups, ({instanceType}) => instanceType);
	const images = byValue(groups, ({image}) => image);

	const identity = check('identity', 'AWS account', async () => {
		const {Account, Arn} = await asked('the identity', () => sts.send(new GetCallerIdentityCommand({})));
		return `account ${Account ?? '?'}, ${Arn ?? '?'}, region ${region}`;
	});

	/** EC2 answers a dry run with an error either way: DryRunOperation means that the real call would go through. */
	const permissions = check('permissions', 'Permissions', async () => {
		const name = 'constellation-permission-check';
		const data = {ImageId: 'ami-00000000000000000'};
		const calls: Record<string, () => Promise<unknown>> = {
			'ec2:CreateVpc': () => ec2.send(new CreateVpcCommand({CidrBlock: '192.168.178.0/24', DryRun: true})),
			'ec2:AllocateAddress': () => ec2.send(new AllocateAddressCommand({Domain: 'vpc', DryRun: true})),
			'ec2:CreateLaunchTemplate': () =>
				ec2.send(new CreateLaunchTemplateCommand({LaunchTemplateName: name, LaunchTemplateData: data, DryRun: true})),
		};
		const denied: string[] = [];
		for (const [action, call] of Object.entries(calls)) {
			await asked(action, () =>
				call().catch((error: unknown) => {
					if (error instanceof Error && error.name === 'UnauthorizedOperation') denied.push(action);
					else if (!(error instanceof Error) || error.name !== 'DryRunOperation') throw error;
				}),
			);
		}
		if (denied.length > 0)
			throw unfit(
				[`AWS does not let you do ${denied.join(', ')}.`],
				'Ask the administrator of the account for these permissions.',
			);
		return `${Object.keys(calls).join(', ')} are allowed; the others are not asked`;
	});

	const offerings = check('machines', 'Machine types', async () => {
		const problems: string[] = [];
		for (const [type, wanting] of types) {
			const Filters = [{Name: 'instance-type', Values: [type]}];
			const zones = new Set<string>();
			await asked(`offerings of ${type}`, async () => {
				for await (const page of paginateDescribeInstanceTypeOfferings(
					{client: ec2},
					{LocationType: 'availability-zone', Filters},
				)) {
					for (const {Location = ''} of page.InstanceTypeOfferings ?? []) zones.add(Location);
				}
			});
			const missing = wanting.filter(({zone}) => zones.size === 0 || (zone !== undefined && !zones.has(zone)));
			if (missing.length > 0) {
				const where = zones.size === 0 ? `region ${region}` : missing.map(({zone}) => zone ?? region).join(', ');
				problems.push(
					`${type} is not offered in ${where}${zones.size === 0 ? '' : ` (but in ${[...zones].toSorted().join(', ')})`}.`,
				);
			} else problems.push(...lacks(await described(ec2, type), type, sevSnp));
		}
		if (problems.length > 0)
			throw unfit(problems, 'Choose another zone or instance type; `constellation config instance-types` lists what fits.');
		return `${[...types.keys()].join(', ')} ${types.size === 1 ? 'is' : 'are'} offered${sevSnp ? ', with SEV-SNP and NitroTPM' : ', with NitroTPM'}`;
	});

	const image = check('image', 'Node image', async () => {
		const problems: string[] = [];
		for (const id of images.keys()) {
			const {Images: [found] = []} = await asked(`image ${id}`, () =>
				ec2.send(new DescribeImagesCommand({Filters: [{Name: 'image-id', Values: [id]}]})),
			);
			if (found === undefined) problems.push(`Region ${region} has no image ${id} for this account.`);
			else if (found.State !== 'available') problems.push(`Image ${id} is ${found.State ?? 'unknown'}.`);
			else if (found.TpmSupport !== 'v2.0')
				problems.push(`Image ${id} was registered without a TPM 2.0; its nodes could prove nothing.`);
		}
		if (problems.length > 0)
			throw unfit(problems, 'Images belong to one region: name the one of this region, made with TPM support v2.0.');
		return images.size === 0 ? 'none is named' : `${[...images.keys()].join(', ')}, with a TPM`;
	});

	const network = check('quota', 'Quota of networks and addresses', async () => {
		const limit = await quotaOf(networkQuota, place).catch(notAsked);
		const {Vpcs: networks = []} = await asked('networks', () => ec2.send(new DescribeVpcsCommand({MaxResults: 1000})));
		const full = typeof limit === 'number' && networks.length >= limit;
		const addresses = await addressRoom();
		const short = [...(full ? [`All ${limit} networks (VPCs) of ${region} are used.`] : []), ...addresses.short];
		if (short.length > 0)
			throw unfit(
				short,
				'Remove what is not used, or have the quota raised (Service Quotas: VPCs per Region, EC2-VPC Elastic IPs).',
			);
		return `${addresses.told}; ${typeof limit === 'string' ? `networks ${limit}` : `${limit - networks.length} networks free`}`;
	});
	/** A way out for each zone and one address for the load balancer. */
	const addressRoom = async (): Promise<{short: string[]; told: string}> => {
		const needed = new Set(groups.map(({zone}) => zone)).size + 1;
		const {AccountAttributes: all = []} = await asked('limits', () => ec2.send(new DescribeAccountAttributesCommand({})));
		const allowed = all.find(({AttributeName: name}) => name === 'vpc-max-elastic-ips');
		const limit = Number(allowed?.AttributeValues?.[0]?.AttributeValue);
		const {Addresses: used = []} = await asked('addresses', () => ec2.send(new DescribeAddressesCommand({})));
		if (!Number.isFinite(limit)) return {short: [], told: 'AWS does not say how many addresses are allowed'};
		const free = Math.max(0, limit - used.length);
		const short = free < needed ? [`${needed} elastic addresses are needed, ${free} of ${limit} are free.`] : [];
		return {short, told: `${needed} addresses needed, ${free} free`};
	};

	const processors = check('cpu-quota', 'Quota of virtual CPUs', async () => {
		const [told, short, raise]: [string[], string[], string[]] = [[], [], []];
		const used = await cpuUse(ec2);
		for (const [quota, ofQuota] of Map.groupBy(groups, ({instanceType}) => cpuQuotaOf(instanceType))) {
			let needed = 0;
			for (const {instanceType, count} of ofQuota)
				needed += count * ((await described(ec2, instanceType))?.VCpuInfo?.DefaultVCpus ?? 0);
			const names = [...byValue(ofQuota, ({instanceType}) => instanceType).keys()].join(', ');
			const limit = quota === undefined ? 'no quota is known for them' : await quotaOf(quota, place).catch(notAsked);
			const free = typeof limit === 'string' ? undefined : Math.max(0, limit - (used.get(quota?.code ?? '') ?? 0));
			told.push(`${needed} needed for ${names}${free === undefined ? `; ${limit}` : `, ${free} free`}`);
			if (free === undefined || free >= needed) continue;
			short.push(`${needed} virtual CPUs are needed for ${names}, ${free} of ${limit} are free.`);
			raise.push(`"${quota?.name ?? ''}"`);
		}
		if (short.length > 0)
			throw unfit(
				short,
				`Have the quota raised (Service Quotas, Amazon EC2, ${raise.join(' and ')}, ${region}), or use fewer or smaller machines.`,
			);
		return told.join('; ');
	});
	return [identity, permissions, offerings, image, network, processors];
};

const described = async (ec2: EC2Client, type: string): Promise<InstanceTypeInfo | undefined> => {
	const Filters = [{Name: 'instance-type', Values: [type]}];
	const {InstanceTypes: [found] = []} = await asked(`instance type ${type}`, () =>
		ec2.send(new DescribeInstanceTypesCommand({Filters})),
	);
	return found;
};

const lacks = (found: InstanceTypeInfo | undefined, type: string, sevSnp: boolean): string[] => [
	...(found?.NitroTpmSupport === 'supported' ? [] : [`${type} has no NitroTPM.`]),
	...(!sevSnp || found?.ProcessorInfo?.SupportedFeatures?.includes('amd-sev-snp') === true ? [] : [`${type} has no SEV-SNP.`]),
	...((found?.VCpuInfo?.DefaultVCpus ?? 0) >= 4 ? [] : [`${type} has fewer than 4 virtual CPUs.`]),
];
