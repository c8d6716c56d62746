import test, {type ExecutionContext} from 'ava';
import {type GoogleWanted, googleChecks} from '../../../src/providers/gcp/checks.ts';
import {computeApi} from '../../../src/providers/gcp/rest.ts';
import {googleWords} from '../../../src/providers/gcp/sign-in.ts';
import {restClient} from '../../../src/providers/rest.ts';
import {cloudServer, quickPatience, type Reply} from '../../helpers/cloud-server.ts';

const image = 'projects/images/global/images/node';
const wanted: GoogleWanted = {
	project: 'demo',
	region: 'europe-west3',
	technology: 'SEV_SNP',
	diskSize: 30,
	groups: [
		{name: 'control_plane_default', instanceType: 'n2d-standard-4', zone: 'europe-west3-a', count: 3, image},
		{name: 'worker_default', instanceType: 'n2d-standard-4', zone: 'europe-west3-b', count: 2, image},
	],
};
const quotas = (free: number) => [
	{metric: 'CPUS', limit: 72, usage: 0},
	{metric: 'N2D_CPUS', limit: 24, usage: 24 - free},
	{metric: 'SSD_TOTAL_GB', limit: 500, usage: 0},
	{metric: 'STATIC_ADDRESSES', limit: 8, usage: 7},
	{metric: 'NVIDIA_GPUS', limit: 0, usage: 0},
];

const results = async (t: ExecutionContext, changes: Record<string, Reply> = {}, more: Partial<GoogleWanted> = {}) => {
	const routes: Record<string, Reply> = {
		'/v1/projects/demo': {body: {projectId: 'demo', lifecycleState: 'ACTIVE'}},
		'/compute/v1/projects/demo/zones/europe-west3-a/machineTypes/n2d-standard-4': {body: {guestCpus: 4}},
		'/compute/v1/projects/demo/zones/europe-west3-b/machineTypes/n2d-standard-4': {body: {guestCpus: 4}},
		'/compute/v1/projects/demo/regions/europe-west3': {body: {quotas: quotas(24)}},
		'/compute/v1/projects/demo': {body: {quotas: [{metric: 'SECURITY_POLICIES', limit: 10, usage: 8}]}},
		[`/compute/v1/${image}`]: {body: {status: 'READY', guestOsFeatures: [{type: 'UEFI_COMPATIBLE'}, {type: 'SEV_SNP_CAPABLE'}]}},
		...changes,
	};
	const {url} = await cloudServer(t, ({path, body}) => {
		if (path.endsWith(':testIamPermissions') && routes[path] === undefined) return {body: JSON.parse(body) as unknown};
		return routes[path] ?? {status: 404, body: {error: {code: 404, message: 'not found', errors: [{reason: 'notFound'}]}}};
	});
	const at = (base: string) =>
		restClient({
			...googleWords,
			base: `${url}${base}`,
			headers: () => Promise.resolve(new Headers()),
			fetch,
			wait: () => Promise.resolve(),
		});
	const compute = computeApi(at('/compute/v1/projects/demo'), quickPatience());
	const checks = googleChecks({projects: at('/v1'), compute, images: at('/compute/v1')}, {...wanted, ...more});
	return new Map(await Promise.all(checks.map(async check => [check.id, await check.run()] as const)));
};

test('all is well', async t => {
	const found = await results(t);
	t.true(
		[...found.values()].every(({ok, fix}) => ok && fix === ''),
		JSON.stringify([...found.values()]),
	);
	t.regex(found.get('quota')?.detail ?? '', /N2D_CPUS 24 free/);
});

const denied = (reason: string, message: string): Reply => ({
	status: 403,
	body: {error: {code: 403, message, status: 'PERMISSION_DENIED', errors: [{reason}]}},
});
const type = '/compute/v1/projects/demo/zones/europe-west3-b/machineTypes/n2d-standard-4';
const cases: [string, Record<string, Reply>, string, RegExp, RegExp][] = [
	[
		'expired credentials',
		{'/v1/projects/demo': {status: 401, body: {error: {status: 'UNAUTHENTICATED', message: 'old'}}}},
		'identity',
		/no valid credentials/,
		/gcloud auth application-default login/,
	],
	[
		'foreign project',
		{'/v1/projects/demo': denied('forbidden', 'The caller does not have permission')},
		'identity',
		/does not have permission/,
		/permissions/,
	],
	[
		'deleted project',
		{'/v1/projects/demo': {body: {projectId: 'demo', lifecycleState: 'DELETE_REQUESTED'}}},
		'identity',
		/DELETE_REQUESTED/,
		/another project/,
	],
	[
		'API off',
		{'/compute/v1/projects/demo/regions/europe-west3': denied('accessNotConfigured', 'Compute Engine API has not been used')},
		'quota',
		/has not been used/,
		/gcloud services enable compute/,
	],
	[
		'permission',
		{'/v1/projects/demo:testIamPermissions': {body: {permissions: []}}},
		'permissions',
		/You lack compute\.networks\.create/,
		/roles\/compute\.admin/,
	],
	[
		'no such machine',
		{[type]: {status: 404}},
		'machines',
		/There is no n2d-standard-4 in europe-west3-b/,
		/config instance-types/,
	],
	[
		'quota',
		{'/compute/v1/projects/demo/regions/europe-west3': {body: {quotas: quotas(8)}}},
		'quota',
		/20 of N2D_CPUS of europe-west3 are needed, 8 of 24 are free/,
		/raised/,
	],
	[
		'quota of the project',
		{'/compute/v1/projects/demo': {body: {quotas: [{metric: 'SECURITY_POLICIES', limit: 10, usage: 9}]}}},
		'quota',
		/2 of SECURITY_POLICIES of demo are needed, 1 of 10 are free/,
		/remove what is not used/,
	],
	['no image', {[`/compute/v1/${image}`]: {status: 404}}, 'image', /There is no image projects\/images/, /guest OS features/],
	[
		'image without TPM',
		{[`/compute/v1/${image}`]: {body: {guestOsFeatures: [{type: 'SEV_SNP_CAPABLE'}]}}},
		'image',
		/not marked UEFI_COMPATIBLE/,
		/guest OS features/,
	],
];
for (const [title, changes, id, detail, fix] of cases) {
	test(title, async t => {
		const found = (await results(t, changes)).get(id);
		t.false(found?.ok);
		t.regex(found?.detail ?? '', detail);
		t.regex(found?.fix ?? '', fix);
	});
}

test('quotas of the project that one may not see stop nothing', async t => {
	const found = await results(t, {'/compute/v1/projects/demo': denied('forbidden', 'Required compute.projects.get')});
	t.true(found.get('quota')?.ok);
});

test('a machine without the technology; no image named', async t => {
	const found = await results(t, {}, {groups: [{name: 'w', instanceType: 'c2d-standard-4', zone: 'europe-west3-b', count: 1}]});
	t.regex(found.get('machines')?.detail ?? '', /c2d-standard-4 has no AMD SEV-SNP/);
	t.like(found.get('image'), {ok: true, detail: 'none is named'});
});
