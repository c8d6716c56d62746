import {z} from 'zod';
import {clusterName, formatVersion, lastOriginal, orOriginal, versionText} from '../fields.ts';
import {trustSchema} from '../trust.ts';
import {
	imageVersionRule,
	kubernetesVersions,
	originalKubernetesVersions,
	parseImagePath,
	resolveKubernetesVersion,
	serviceVersionRule,
} from '../versions.ts';
import {groupsSchema} from './groups.ts';

/** What one cloud alone allows. */
export type CloudRules = {
	title: string;
	/** Longest name of a cluster. */
	nameLimit: number;
	/** Form of the cloud's own names of images, beside versions; and an example. */
	image?: {pattern: RegExp; form: string};
	/** What is wrong with a tag, as a clause. */
	tagProblem: (key: string, value: string) => string | undefined;
};

const version = versionText(orOriginal(imageVersionRule), text => parseImagePath(text)?.version);

const imageText = ({image}: CloudRules) =>
	z
		.string()
		.superRefine((text, context) => {
			if (text === '' || image?.pattern.test(text) === true) return;
			const read = version.safeParse(text);
			for (const {message} of read.error?.issues ?? []) {
				const fix = `write a version, ${image === undefined ? '' : `${image.form}, `}or leave it empty`;
				context.addIssue({code: 'custom', message, params: {fix}});
			}
		})
		.optional()
		.describe(
			'Image that the nodes run: a version, or the cloud’s own name of an image. Empty: `constellation apply` stops after the infrastructure.',
		);

const kubernetes = z
	.string()
	.transform(text => (text.startsWith('v') ? text : `v${text}`))
	.refine(
		text =>
			kubernetesVersions.some(known => known === text) ||
			resolveKubernetesVersion(text, originalKubernetesVersions) !== undefined,
		{error: `must be one of ${kubernetesVersions.join(', ')}; v1.25 to v1.27 for clusters of v${lastOriginal}`},
	)
	.describe('Kubernetes version of the cluster, to the patch.');

const tags = ({tagProblem}: CloudRules) =>
	z
		.record(z.string().min(1), z.string())
		.superRefine((given, context) => {
			for (const [key, value] of Object.entries(given)) {
				const reserved = /^constellation-|^kubernetes\.io\//.test(key) ? 'belongs to the cluster' : undefined;
				const message = reserved ?? tagProblem(key, value);
				if (message !== undefined) context.addIssue({code: 'custom', path: [key], message, params: {fix: 'rename it'}});
			}
		})
		.default({})
		.describe('More tags (labels) for everything that is made in the cloud.');

const sourceRange = z.string().superRefine((text, context) => {
	if (z.cidrv4().safeParse(text).success) return;
	const message = text === '' ? 'is empty' : 'must be an IPv4 range like 198.51.100.0/24';
	context.addIssue({code: 'custom', message, params: {fix: 'write the addresses you work from, like 198.51.100.7/32'}});
});

/** Keys that configs of all clouds have; `provider` and `attestation` come with each. */
export const commonKeys = (rules: CloudRules) => ({
	version: formatVersion,
	image: imageText(rules),
	name: clusterName(rules.nameLimit, rules.title),
	stateDiskSizeGB: z.int().min(0).optional().describe('Size of the state disk of a node in gigabytes. Without it, or 0: 30.'),
	kubernetesVersion: kubernetes,
	microserviceVersion: versionText(orOriginal(serviceVersionRule), text => text).describe(
		'Version of the services on the nodes.',
	),
	debugCluster: z
		.boolean()
		.describe('Whether nodes allow debugging: their console shows more, and anyone who reads it does too.'),
	customEndpoint: z
		.string()
		.max(253)
		.regex(/^$|^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/, {error: 'must be a host name or an address'})
		.optional()
		.describe('Name under which users reach the control plane. Empty: the address of the load balancer.'),
	sourceRanges: z
		.array(sourceRange)
		.max(50)
		.default([])
		.describe(
			'Who may reach the public ports: IPv4 ranges. Empty: nobody but the nodes. 0.0.0.0/0 is everyone, and only if it stands here.',
		),
	tags: tags(rules),
	nodeGroups: groupsSchema.describe('Groups of nodes by name. Without it: one control plane and two workers.'),
	trust: trustSchema.optional().describe('Where signed measurements come from, and who has to vouch for them.'),
});

export const oneOf = (words: readonly [string, ...string[]]) =>
	z.string().refine(text => words.includes(text), {
		error: issue => (issue.input === '' ? `is empty; one of ${words.join(', ')}` : `must be one of ${words.join(', ')}`),
	});

export const csiDriver = z.boolean().describe('Whether the driver for volumes of this cloud is installed.');
