import {type EC2Client, paginateDescribeInstances} from '@aws-sdk/client-ec2';
import {z} from 'zod';
import {AppError} from '../../errors.ts';
import {refused, unreachable} from '../refusals.ts';
import {asked, awsWords} from './errors.ts';

/** Quotas by the codes of Service Quotas. */
const quotas = {
	/** Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances, counted in virtual CPUs. */
	standardCpus: {ServiceCode: 'ec2', QuotaCode: 'L-1216C47A'},
	/** VPCs per region. */
	networks: {ServiceCode: 'vpc', QuotaCode: 'L-F678F1CE'},
};
const standardType = /^(?:[acdhimrtz]|im|is)\d/u;

/** Whether machines of a type count towards the quota of standard ones; the others have quotas of their own. */
export const isStandard = (type: string): boolean => standardType.test(type);

const quotaSchema = z.object({Quota: z.object({Value: z.number()})});
const failureSchema = z.object({__type: z.string().default(''), message: z.string().default('')});
const largestAnswer = 64 * 1024;

/**
 * How much is allowed in the region (Service Quotas, GetServiceQuota): signed by the client for EC2, because one call is no reason for
 * one more library. Throws AppError `cloud-refused` or `cloud-unreachable`.
 */
export const quotaOf = async (
	kind: keyof typeof quotas,
	{ec2, region, endpoint}: {ec2: EC2Client; region: string; endpoint: string | undefined},
): Promise<number> => {
	const what = kind === 'networks' ? 'the quota of networks' : 'the quota of virtual CPUs';
	const {protocol, hostname, port, host} = new URL(
		endpoint ?? `https://servicequotas.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
	);
	const request = {
		method: 'POST',
		protocol,
		hostname,
		...(port === '' ? {} : {port: Number(port)}),
		path: '/',
		query: {},
		headers: {host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'ServiceQuotasV20190624.GetServiceQuota'},
		body: JSON.stringify(quotas[kind]),
	};
	const signed = await asked(what, async () =>
		(await ec2.config.signer()).sign(request, {signingService: 'servicequotas', signingRegion: region}),
	);
	const {host: _, ...headers} = signed.headers;
	const answer = await fetch(`${protocol}//${host}/`, {
		method: 'POST',
		headers,
		body: request.body,
		redirect: 'error',
		signal: AbortSignal.timeout(20_000),
	}).catch((error: unknown) => {
		throw unreachable(awsWords, what, error instanceof Error ? error.name : 'unknown');
	});
	const text = (await answer.text()).slice(0, largestAnswer);
	const value = parsed(text);
	if (!answer.ok) {
		const {__type: reason = '', message = ''} = failureSchema.safeParse(value).data ?? {};
		throw refused(awsWords, what, {status: answer.status, reason: reason.split('#').at(-1) ?? '', message});
	}
	const quota = quotaSchema.safeParse(value).data;
	if (quota === undefined)
		throw refused(awsWords, what, {reason: 'unreadable', message: 'its answer is not what its reference says'});
	return quota.Quota.Value;
};

/** Virtual CPUs of the standard machines that run in the region now, spot machines aside: those have another quota. */
export const standardUse = async (ec2: EC2Client): Promise<number> => {
	const Filters = [{Name: 'instance-state-name', Values: ['pending', 'running']}];
	return asked('running machines', async () => {
		let used = 0;
		for await (const {Reservations: all = []} of paginateDescribeInstances({client: ec2}, {Filters})) {
			for (const {InstanceType: type = '', InstanceLifecycle: spot, CpuOptions: cpus} of all.flatMap(
				each => each.Instances ?? [],
			))
				if (spot === undefined && isStandard(type)) used += (cpus?.CoreCount ?? 0) * (cpus?.ThreadsPerCore ?? 1);
		}
		return used;
	});
};

/** Words for a quota that could not be asked: that is no reason to stop. Anything but a refusal or silence of AWS is a bug. */
export const notAsked = (error: unknown): string => {
	if (!(error instanceof AppError)) throw error;
	return `not asked: ${error.message}`;
};

const parsed = (text: string): unknown => {
	try {
		return JSON.parse(text);
	} catch {
		return undefined; // Whatever a gateway in between says: its status is all that counts.
	}
};
