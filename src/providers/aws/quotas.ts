import {type EC2Client, paginateDescribeInstances} from '@aws-sdk/client-ec2';
import {z} from 'zod';
import {AppError} from '../../errors.ts';
import type {Fetch} from '../../proxy.ts';
import {refused, unreachable} from '../refusals.ts';
import {textOf} from '../rest.ts';
import {asked, awsWords} from './errors.ts';

/** A quota by its codes in Service Quotas. */
export type Quota = {name: string; service: 'ec2' | 'vpc'; code: string};

export const networkQuota: Quota = {name: 'VPCs per Region', service: 'vpc', code: 'L-F678F1CE'};

/** Running On-Demand machines, counted in virtual CPUs by the letters that their types begin with (EC2 User Guide, On-Demand Instance quotas). */
const cpuQuotas: readonly (Quota & {types: RegExp})[] = [
	['Standard (A, C, D, H, I, M, R, T, Z)', 'L-1216C47A', /^(?:[acdhimrtz]|im|is)\d/u] as const,
	['F', 'L-74FC7D96', /^f\d/u] as const,
	['G and VT', 'L-DB2E81BA', /^(?:g|gr|vt)\d/u] as const,
	['HPC', 'L-F7808C92', /^hpc\d/u] as const,
	['High Memory', 'L-43DA4232', /^u(?:-\d|\d)/u] as const,
	['Inf', 'L-1945791B', /^inf\d/u] as const,
	['P', 'L-417A185B', /^p\d/u] as const,
	['X', 'L-7295265B', /^x\d/u] as const,
].map(([letters, code, types]) => ({name: `Running On-Demand ${letters} instances`, service: 'ec2', code, types}));

/** The quota that machines of a type count towards; undefined for types that nothing is known of. */
export const cpuQuotaOf = (type: string): Quota | undefined => cpuQuotas.find(({types}) => types.test(type));

const quotaSchema = z.object({Quota: z.object({Value: z.number()})});
const failureSchema = z.object({__type: z.string().default(''), message: z.string().default('')});
const largestAnswer = 64 * 1024;

/**
 * How much is allowed in the region (Service Quotas, GetServiceQuota): signed by the client for EC2, because one call is no reason for
 * one more library. Throws AppError `cloud-refused` or `cloud-unreachable`.
 */
export const quotaOf = async (
	{name, service: ServiceCode, code: QuotaCode}: Quota,
	{ec2, region, endpoint, fetch}: {ec2: EC2Client; region: string; endpoint: string | undefined; fetch: Fetch},
): Promise<number> => {
	const what = `the quota "${name}"`;
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
		body: JSON.stringify({ServiceCode, QuotaCode}),
	};
	const signed = await asked(what, async () =>
		(await ec2.config.signer()).sign(request, {signingService: 'servicequotas', signingRegion: region}),
	);
	const {host: _, ...headers} = signed.headers;
	const ask = async () => {
		const answer = await fetch(`${protocol}//${host}/`, {
			method: 'POST',
			headers: new Headers(headers),
			body: request.body,
			redirect: 'error',
			signal: AbortSignal.timeout(20_000),
		});
		return {status: answer.status, value: parsed(await textOf(answer, largestAnswer))};
	};
	const {status, value} = await ask().catch((error: unknown) => {
		throw unreachable(awsWords, what, error instanceof Error ? error.name : 'unknown');
	});
	if (status !== 200) {
		const {__type: reason = '', message = ''} = failureSchema.safeParse(value).data ?? {};
		throw refused(awsWords, what, {status, reason: reason.split('#').at(-1) ?? '', message});
	}
	const quota = quotaSchema.safeParse(value).data;
	if (quota === undefined)
		throw refused(awsWords, what, {reason: 'unreadable', message: 'its answer is not what its reference says'});
	return quota.Quota.Value;
};

/** Virtual CPUs of the machines that run in the region now, by the code of their quota; spot machines have others. */
export const cpuUse = async (ec2: EC2Client): Promise<ReadonlyMap<string, number>> => {
	const Filters = [{Name: 'instance-state-name', Values: ['pending', 'running']}];
	return asked('running machines', async () => {
		const used = new Map<string, number>();
		for await (const {Reservations: all = []} of paginateDescribeInstances({client: ec2}, {Filters})) {
			for (const {InstanceType: type = '', InstanceLifecycle: spot, CpuOptions: cpus} of all.flatMap(
				each => each.Instances ?? [],
			)) {
				const quota = cpuQuotaOf(type);
				if (spot !== undefined || quota === undefined) continue;
				used.set(quota.code, (used.get(quota.code) ?? 0) + (cpus?.CoreCount ?? 0) * (cpus?.ThreadsPerCore ?? 1));
			}
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
