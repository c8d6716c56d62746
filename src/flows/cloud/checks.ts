import {setTimeout as delay} from 'node:timers/promises';
import {attestationIn, nodeGroupsOf} from '../../config/provider.ts';
import type {CloudConfig} from '../../config/schema.ts';
import type {Patience} from '../../providers/awaited.ts';
import type {Check, WantedGroup} from '../../providers/check.ts';
import {restClient} from '../../providers/rest.ts';
import {ownImage} from './image.ts';

const wait = async (milliseconds: number): Promise<void> => {
	await delay(milliseconds);
};
const patience: Patience = {timeoutMs: 60_000, now: Date.now, pause: () => wait(1000)};

/** The checks that a cloud can be asked for a config; none where the tool asks no API of it. Loads the libraries of that cloud only. */
export async function cloudChecks(config: CloudConfig, env: NodeJS.ProcessEnv): Promise<Check[]> {
	const {provider} = config;
	const {variant, value} = attestationIn(config);
	const image = ownImage(config);
	const groups: WantedGroup[] = Object.entries(nodeGroupsOf(config)).map(([name, {instanceType, zone, count}]) => ({
		name,
		instanceType,
		count,
		...(zone === undefined ? {} : {zone}),
		...(image === '' ? {} : {image}),
	}));
	if ('aws' in provider) {
		const {region} = provider.aws;
		const [{EC2Client}, {STSClient}, {awsChecks}] = await Promise.all([
			import('@aws-sdk/client-ec2'),
			import('@aws-sdk/client-sts'),
			import('../../providers/aws/checks.ts'),
		]);
		const clients = {ec2: new EC2Client({region, maxAttempts: 2}), sts: new STSClient({region, maxAttempts: 2})};
		return awsChecks(clients, {region, sevSnp: variant === 'aws-sev-snp', groups});
	}
	if ('azure' in provider) {
		const {subscription, tenant, location, resourceGroup} = provider.azure;
		const [{armApi}, {azureCredential, azureHeaders, azureWords}, {azureChecks}] = await Promise.all([
			import('../../providers/azure/arm.ts'),
			import('../../providers/azure/sign-in.ts'),
			import('../../providers/azure/checks.ts'),
		]);
		const headers = azureHeaders(await azureCredential(env, tenant), Date.now);
		const base = 'https://management.azure.com';
		const arm = armApi(restClient({...azureWords, base, headers, fetch, wait}), patience);
		const technology = variant === 'azure-tdx' ? 'TDX' : variant === 'azure-sev-snp' ? 'SNP' : 'TrustedLaunch';
		const {firmwareSignerConfig: firmware} = value as {firmwareSignerConfig?: {enforcementPolicy?: unknown}};
		const attestationProvider = String(firmware?.enforcementPolicy).toLowerCase() === 'maafallback';
		return azureChecks(arm, {subscription, tenant, location, resourceGroup, technology, attestationProvider, groups});
	}
	if ('gcp' in provider) {
		const {project, region} = provider.gcp;
		const [{GoogleAuth}, {computeApi}, {googleHeaders, googleWords}, {googleChecks}] = await Promise.all([
			import('google-auth-library'),
			import('../../providers/gcp/rest.ts'),
			import('../../providers/gcp/sign-in.ts'),
			import('../../providers/gcp/checks.ts'),
		]);
		const headers = googleHeaders(new GoogleAuth({scopes: ['https://www.googleapis.com/auth/cloud-platform']}));
		const client = (base: string) => restClient({...googleWords, base, headers, fetch, wait});
		const compute = 'https://compute.googleapis.com/compute/v1';
		return googleChecks(
			{
				projects: client('https://cloudresourcemanager.googleapis.com/v1'),
				compute: computeApi(client(`${compute}/projects/${project}`), patience),
				images: client(compute),
			},
			{
				project,
				region,
				technology: variant === 'gcp-sev-snp' ? 'SEV_SNP' : 'SEV',
				diskSize: Math.max(...Object.values(nodeGroupsOf(config)).map(({stateDiskSizeGB}) => stateDiskSizeGB)),
				groups,
			},
		);
	}
	return [];
}
