import {z} from 'zod';
import {AppError} from '../../errors.ts';
import {byValue, type Check, check, unfit, type WantedGroup} from '../check.ts';
import {isCode} from '../refusals.ts';
import {type Rest, shaped} from '../rest.ts';
import type {ComputeApi} from './rest.ts';
import {googleWords} from './sign-in.ts';

export type GoogleWanted = {
	project: string;
	region: string;
	technology: 'SEV' | 'SEV_SNP';
	diskSize: number;
	groups: readonly WantedGroup[];
};

/** A call of each kind of thing that the module makes; testIamPermissions takes a hundred at once. */
const permissions = [
	'networks',
	'subnetworks',
	'firewalls',
	'routers',
	'addresses',
	'globalAddresses',
	'globalForwardingRules',
	'backendServices',
	'healthChecks',
	'securityPolicies',
	'targetTcpProxies',
	'instanceTemplates',
	'instanceGroupManagers',
	'instances',
]
	.map(kind => `compute.${kind}.create`)
	.concat('compute.instances.getShieldedInstanceIdentity', 'compute.instanceGroupManagers.update');

const projectSchema = z.object({projectId: z.string(), lifecycleState: z.string()});
const grantedSchema = z.object({permissions: z.array(z.string()).default([])});
const typeSchema = z.object({guestCpus: z.number()});
const quotaSchema = z.object({
	quotas: z.array(z.object({metric: z.string(), limit: z.number(), usage: z.number()})).default([]),
});
type Quotas = z.infer<typeof quotaSchema>['quotas'];

/** What the module makes once for a cluster, by the quota of the project that it counts for. */
const once: Readonly<Record<string, number>> = {
	NETWORKS: 1,
	SUBNETWORKS: 1,
	FIREWALLS: 2,
	ROUTERS: 1,
	STATIC_ADDRESSES: 1,
	FORWARDING_RULES: 6,
	HEALTH_CHECKS: 6,
	BACKEND_SERVICES: 6,
	TARGET_TCP_PROXIES: 6,
	SECURITY_POLICIES: 2,
};
const imageSchema = z.object({status: z.string().optional(), guestOsFeatures: z.array(z.object({type: z.string()})).default([])});

/**
 * What can be asked of Google Cloud before anything is made. `projects` is the Cloud Resource Manager API (v1), `compute` that of the
 * project, `images` Compute Engine from its root (`compute/v1`), because images lie in other projects.
 */
export const googleChecks = (
	{projects, compute, images}: {projects: Rest; compute: ComputeApi; images: Rest},
	{project, region, technology, diskSize, groups}: GoogleWanted,
): Check[] => {
	const identity = check('identity', 'Google Cloud project', async () => {
		const found = shaped(projectSchema, await enabled(projects('GET', `projects/${project}`), project), googleWords, project);
		if (found.lifecycleState !== 'ACTIVE')
			throw unfit([`Project ${project} is ${found.lifecycleState}.`], 'Name another project in the config.');
		return `project ${found.projectId}`;
	});

	const allowed = check('permissions', 'Permissions', async () => {
		const answer = await enabled(projects('POST', `projects/${project}:testIamPermissions`, {body: {permissions}}), project);
		const granted = shaped(grantedSchema, answer, googleWords, 'testIamPermissions').permissions;
		const missing = permissions.filter(each => !granted.includes(each));
		if (missing.length > 0)
			throw unfit(
				[`You lack ${missing.join(', ')}.`],
				`Ask an owner of ${project} for roles/compute.admin, or a role with these permissions.`,
			);
		return `${permissions.length} that stand for the others are granted`;
	});

	const cpusOf = (type: string, zone: string) =>
		enabled(compute.get(typeSchema, `zones/${zone}/machineTypes/${type}`), project).then(({guestCpus}) => guestCpus);
	const machines = check('machines', 'Machine types', async () => {
		const problems: string[] = [];
		for (const [place, [{instanceType, zone = `${region}-a`} = {instanceType: ''}]] of byValue(
			groups,
			each => `${each.instanceType} in ${each.zone ?? region}`,
		)) {
			const family = instanceType.split('-')[0] ?? '';
			const fits = technology === 'SEV_SNP' ? family === 'n2d' : ['n2d', 'c2d', 'c3d'].includes(family);
			if (!fits) problems.push(`${instanceType} has no AMD ${technology.replace('_', '-')}.`);
			else if (await isMissing(cpusOf(instanceType, zone))) problems.push(`There is no ${place}.`);
		}
		if (problems.length > 0)
			throw unfit(problems, 'Choose another zone or machine type; `constellation config instance-types` lists what fits.');
		return `${[...byValue(groups, each => each.instanceType).keys()].join(', ')}, with ${technology.replace('_', '-')}`;
	});

	/** Quotas of the whole project. Whoever may not see them makes the cluster all the same. */
	const ofProject = async (): Promise<Quotas> => {
		try {
			return shaped(quotaSchema, await images('GET', `projects/${project}`), googleWords, project).quotas;
		} catch (error) {
			if (isCode(error, 'cloud-refused') || isCode(error, 'cloud-object-missing')) return [];
			throw error;
		}
	};
	const quota = check('quota', 'Quota', async () => {
		const {quotas} = await enabled(compute.get(quotaSchema, `regions/${region}`), project);
		const needed = new Map<string, number>([
			['SSD_TOTAL_GB', 0],
			['STATIC_ADDRESSES', 1],
		]);
		const add = (metric: string, amount: number) => needed.set(metric, (needed.get(metric) ?? 0) + amount);
		for (const {instanceType, zone = `${region}-a`, count} of groups) {
			const cpus = (await cpusOf(instanceType, zone)) * count;
			add('CPUS', cpus);
			add(`${(instanceType.split('-')[0] ?? '').toUpperCase()}_CPUS`, cpus);
			add('SSD_TOTAL_GB', (diskSize + 10) * count);
		}
		const everywhere = await ofProject();
		const short = [
			...lacking(quotas, metric => needed.get(metric), `of ${region}`),
			...lacking(everywhere, metric => (metric === 'INSTANCE_TEMPLATES' ? groups.length : once[metric]), `of ${project}`),
		];
		if (short.length > 0)
			throw unfit(short, 'Have the quota raised (IAM & Admin, Quotas), remove what is not used, or take less in the config.');
		const told = quotas
			.filter(({metric}) => needed.has(metric))
			.map(({metric, limit, usage}) => `${metric} ${limit - usage} free`);
		return told.length === 0 ? 'Google does not say any that is needed' : told.join(', ');
	});

	const image = check('image', 'Node image', async () => {
		const problems: string[] = [];
		const paths = [...byValue(groups, each => each.image?.replace(/^https:\/\/[^/]+\/compute\/v1\//u, '')).keys()];
		for (const path of paths) {
			const found = await images('GET', path).catch((error: unknown) => {
				if (isCode(error, 'cloud-object-missing')) return undefined;
				throw error;
			});
			if (found === undefined) {
				problems.push(`There is no image ${path}.`);
				continue;
			}
			const {guestOsFeatures: features, status = 'READY'} = shaped(imageSchema, found, googleWords, path);
			const lacking = ['UEFI_COMPATIBLE', `${technology}_CAPABLE`].filter(each => !features.some(({type}) => type === each));
			if (status !== 'READY') problems.push(`Image ${path} is ${status}.`);
			else if (lacking.length > 0)
				problems.push(
					`Image ${path} is not marked ${lacking.join(', ')}: it starts without a TPM or without ${technology.replace('_', '-')}.`,
				);
		}
		if (problems.length > 0)
			throw unfit(
				problems,
				'Name an image that was imported with these guest OS features, like projects/PROJECT/global/images/NAME.',
			);
		return paths.length === 0 ? 'none is named' : paths.join(', ');
	});
	return [identity, allowed, machines, quota, image];
};

const lacking = (quotas: Quotas, needs: (metric: string) => number | undefined, where: string): string[] =>
	quotas.flatMap(({metric, limit, usage}) => {
		const amount = needs(metric) ?? 0;
		return amount > limit - usage
			? [`${amount} of ${metric} ${where} are needed, ${Math.max(0, limit - usage)} of ${limit} are free.`]
			: [];
	});

const isMissing = async (answer: Promise<unknown>): Promise<boolean> => {
	try {
		await answer;
		return false;
	} catch (error) {
		if (isCode(error, 'cloud-object-missing')) return true;
		throw error;
	}
};

/** An API that is switched off in the project is told as such: the cloud calls it a lack of permission. */
const enabled = async <T>(answer: Promise<T>, project: string): Promise<T> => {
	try {
		return await answer;
	} catch (error) {
		const off = error instanceof AppError && /accessNotConfigured|SERVICE_DISABLED/u.test(String(error.details['reason']));
		if (!off) throw error;
		const services = 'compute.googleapis.com iam.googleapis.com cloudresourcemanager.googleapis.com logging.googleapis.com';
		throw unfit([error.message], `Run \`gcloud services enable ${services} --project ${project}\` and wait some minutes.`);
	}
};
