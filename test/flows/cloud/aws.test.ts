import {spawn} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import type {CloudConfig} from '../../../src/config/schema.ts';
import {AppError} from '../../../src/errors.ts';
import type {Event} from '../../../src/events.ts';
import {applyInfrastructure, noNodeImage, planInfrastructure} from '../../../src/flows/cloud/create.ts';
import type {CloudDependencies} from '../../../src/flows/cloud/dependencies.ts';
import {findCloudCluster, madeByKubernetes, madeOutside, terminateInfrastructure} from '../../../src/flows/cloud/terminate.ts';
import {noteSizes} from '../../../src/flows/cloud/terraform.ts';
import {cloudDependencies} from '../../../src/flows/cloud-provider.ts';
import {systemDependencies} from '../../../src/flows/system.ts';
import {clouds} from '../../../src/providers/clouds.ts';
import type {ClusterIds} from '../../../src/workspace/id-file.ts';
import {findOriginal} from '../../../src/workspace/original.ts';
import {awsConfig} from '../../helpers/cloud-config.ts';
import {cloudWorld, finish, never, withTerraform} from '../../helpers/cloud-world.ts';
import {until} from '../../helpers/local-cluster.ts';
import type {Fault} from '../../helpers/terraform-provider/cloud.ts';

const image = 'ami-0123456789abcdef0';

async function setUp(t: ExecutionContext, config = awsConfig()) {
	const world = await cloudWorld(t, ['aws']);
	await world.writeConfig(config);
	const deps: CloudDependencies = {
		...cloudDependencies(await systemDependencies(world.place), world.env),
		checks: () => Promise.resolve([]),
	};
	const fails = (fault: Fault) => world.simulated.change('aws', ({faults}) => faults.push(fault));
	const plan = async () => (await finish(planInfrastructure(deps, never))).value;
	const run = async () => finish(applyInfrastructure(deps, await plan(), never));
	const objects = () => Object.values(world.simulated.read('aws').objects).map(({type}) => type);
	const refused = (work: Promise<unknown>) => t.throwsAsync(work, {instanceOf: AppError});
	return {world, deps, fails, plan, run, objects, refused};
}

const previewOf = (plan: {preview?: readonly {title: string; lines: readonly string[]}[]}) =>
	Object.fromEntries((plan.preview ?? []).map(({title, lines}) => [title, lines.join('; ')]));

withTerraform(
	'without an image: everything but the machines; with one: those too; then nothing to change; then gone',
	async t => {
		const {world, deps, plan, objects, refused} = await setUp(t);
		const first = await plan();
		t.like(previewOf(first.plan), {
			Machines: 'none yet: the config names no image',
			'Who can reach it': '198.51.100.0/24 and the nodes: the ports of the load balancer',
		});
		t.regex(previewOf(first.plan)['Costs money'] ?? '', /NAT gateway.*load balancer/s);
		const {value: made, events} = await finish(applyInfrastructure(deps, first, never));
		t.false(objects().some(type => /autoscaling|launch_template/.test(type)));
		t.true(events.some(({type}) => type === 'resource'));
		t.regex(noNodeImage(made, first.cloud).message, /no machines yet/);
		t.is(noNodeImage(made, first.cloud).exitCode, 3);
		t.is(await findOriginal(world.workspace), undefined, 'never taken for a folder of the original');
		const lock = await readFile(join(world.workspace.path('terraform'), '.terraform.lock.hcl'), 'utf8');

		await world.writeConfig(awsConfig({image}));
		const second = await plan();
		t.regex(
			previewOf(second.plan)['Machines'] ?? '',
			/control_plane_default: 3 control planes, m6a.xlarge, eu-west-1a; worker_default: 2 workers/,
		);
		t.regex(previewOf(second.plan)['Disks'] ?? '', /3 state disks of 30 GB gp3/);
		await finish(applyInfrastructure(deps, second, never));
		t.is(objects().filter(type => type === 'aws_autoscaling_group').length, 2);

		// An image that was taken out of the config takes no machine away; nor does anything else change.
		await world.writeConfig(awsConfig());
		t.true((await plan()).plan.empty);
		// What goes is said before; what apply leaves alone too; what would end the control planes is refused.
		await world.writeConfig(awsConfig({image}).replace('198.51.100.0/24', '203.0.113.0/24'));
		t.regex(previewOf((await plan()).plan)['Goes or is replaced'] ?? '', /removed: aws_vpc_security_group_ingress_rule/);
		await world.writeConfig(awsConfig({image, workers: 4}));
		const edited = await finish(planInfrastructure(deps, never));
		t.true(edited.value.plan.empty);
		const notes = edited.events.flatMap(event => (event.type === 'warning' ? [event.message] : []));
		t.regex(
			notes.join('\n'),
			/worker_default has 2 machines, and the config says 4: .*constellation scale --group worker_default --nodes 4/,
		);
		await noteSizes(world.workspace.path('terraform'), {worker_default: 4});
		const scaled = await finish(planInfrastructure(deps, never));
		t.false(
			scaled.events.some(event => event.type === 'warning' && /worker_default/.test(event.message)),
			'after a scale',
		);
		const before = await readFile(join(world.workspace.path('terraform'), 'terraform.tfvars.json'), 'utf8');
		for (const [zone, paths] of [
			['eu-west-1b', ['provider.aws.zone', 'nodeGroups.control_plane_default.zone']],
			['eu-central-1a', ['provider.aws.region', 'provider.aws.zone', 'nodeGroups.control_plane_default.zone']],
		] as const) {
			await world.writeConfig(awsConfig({image, zone}));
			const error = await refused(plan());
			t.deepEqual([error.code, error.problems.map(({path}) => path)], ['preflight', [...paths]]);
		}
		t.is(await readFile(join(world.workspace.path('terraform'), 'terraform.tfvars.json'), 'utf8'), before, 'nothing was begun');
		await world.writeConfig(awsConfig({image}));
		t.is(
			await readFile(join(world.workspace.path('terraform'), '.terraform.lock.hcl'), 'utf8'),
			lock,
			'the versions of the first run stay',
		);

		// Nothing secret in what Terraform was given, kept or said.
		const ids = JSON.parse(readFileSync(world.workspace.path('id'), 'utf8')) as {initsecret: string};
		const secret = Buffer.from(ids.initsecret, 'base64').toString();
		for (const file of ['terraform.tfstate', 'terraform.tfvars.json', 'last-run.jsonl']) {
			const text = await readFile(join(world.workspace.path('terraform'), file), 'utf8');
			t.false(text.includes(secret) || text.includes('canary'), file);
		}

		const existing = await findCloudCluster(world.workspace);
		t.is(existing?.name, 'demo');
		t.regex(existing?.foreign.map(({command}) => command).join('\n') ?? '', /kubernetes\.io\/cluster\/demo-[0-9a-f]{8}/);
		if (existing === undefined) return;
		const removed = (await finish(terminateInfrastructure(deps, existing, never))).value;
		t.regex(removed.join(), /resources in AWS,constellation-terraform/);
		t.deepEqual(objects(), []);
		t.is(await findCloudCluster(world.workspace), undefined);
		t.true(existsSync(world.workspace.path('config')));
	},
);

/** In the order in which the resources depend on each other: each run comes as far as its fault. */
const faults: readonly (Fault & {advice: RegExp})[] = [
	{type: 'aws_vpc', action: 'create', message: 'VpcLimitExceeded: The maximum number of VPCs has been reached', advice: /quota/},
	{
		type: 'aws_subnet',
		action: 'create',
		message: 'ExpiredToken: The security token is expired',
		times: 2,
		advice: /sign in again/,
	},
	{type: 'aws_lb', action: 'create', message: 'ServiceUnavailable: 503', advice: /status page/},
	{type: 'aws_lb_listener', action: 'create', message: 'RequestTimeout', halfCreated: true, advice: /status page/},
];

withTerraform(
	'quota, expired token, outage and half-made objects: all is kept, said what to do, and the next run goes on',
	async t => {
		const {world, fails, run, plan, objects, refused} = await setUp(t);
		const {uid} = (await plan()).ids;
		let met = 0;
		for (const {advice, ...fault} of faults) {
			// Terraform makes what it can side by side: an earlier run may have made this already.
			if (objects().includes(fault.type)) continue;
			met += 1;
			fails({...fault, times: 1});
			const error = await refused(run());
			t.is(error.code, 'terraform-failed', fault.type);
			t.is(error.exitCode, 4);
			t.regex(error.next.join('\n'), advice, fault.type);
			t.regex(error.next.join('\n'), /constellation terminate {3}removes what was made/);
			t.true(objects().length > 0, 'nothing was rolled back');
			const cluster = await findCloudCluster(world.workspace);
			t.is(cluster?.ids?.uid, uid);
		}
		t.true(met >= 2, `${met} faults were met`);
		t.is((await run()).value.ids.uid, uid);
		t.true((await plan()).plan.empty);
		t.is(objects().filter(type => type === 'aws_lb').length, 1);
	},
);

withTerraform('before anything is made: no credentials, another region, an unreachable cloud, a config that moved', async t => {
	const {world, deps, refused, objects} = await setUp(t);
	const bare = {...deps, env: {PATH: world.env['PATH'], HOME: world.home}};
	const missing = await refused(finish(planInfrastructure(bare, never)));
	t.deepEqual([missing.code, missing.exitCode], ['cloud-credentials', 3]);
	t.regex(missing.next.join(), /aws configure/);

	const result = (ok: boolean, detail: string, code = ok ? '' : 'preflight') => ({
		id: 'machines',
		title: 'Machine types',
		ok,
		code,
		detail,
		fix: ok ? '' : 'Choose another zone.',
	});
	const asking = (...answer: Parameters<typeof result>): CloudDependencies => ({
		...deps,
		checks: () =>
			Promise.resolve(
				[1, 2].map(() => ({id: 'machines', title: 'Machine types', run: () => Promise.resolve(result(...answer))})),
			),
	});
	const region = await refused(
		finish(planInfrastructure(asking(false, 'm6a.xlarge is not offered in region eu-west-1.'), never)),
	);
	t.deepEqual([region.code, region.problems[0]?.message], ['preflight', 'm6a.xlarge is not offered in region eu-west-1.']);
	const expired = await refused(finish(planInfrastructure(asking(false, 'AWS has no credentials.', 'cloud-credentials'), never)));
	t.deepEqual(
		expired.problems.map(({message}) => message),
		['AWS has no credentials.'],
		'asked once: every other check would say the same',
	);
	const abort = new AbortController();
	const leaving = {...deps, checks: () => Promise.resolve([{id: 'machines', title: '', run: () => leave()}])};
	const leave = () => {
		abort.abort();
		return Promise.resolve(result(true, 'm6a.xlarge'));
	};
	await t.throwsAsync(finish(planInfrastructure(leaving, abort.signal)), {name: 'AbortError'});
	t.false(existsSync(world.workspace.path('id')), 'nothing was begun');

	// What only Terraform meets, before there is anything: the id is kept, and a corrected config goes on with it.
	const signIn = [
		['validating provider credentials: api error ExpiredToken: The security token is expired', /sign in again/],
		['invalid AWS Region: eu-west-1', /does not know this region/],
	] as const;
	const uids = new Set<string>();
	for (const [message, advice] of signIn) {
		world.simulated.change('aws', ({faults: all}) => all.push({type: 'aws', action: 'configure', message, times: 1}));
		const error = await refused(finish(planInfrastructure(deps, never)));
		t.deepEqual([error.code, error.exitCode], ['terraform-failed', 4], message);
		t.regex(error.next.join('\n'), advice, message);
		uids.add((JSON.parse(readFileSync(world.workspace.path('id'), 'utf8')) as {uid: string}).uid);
	}
	await world.writeConfig(awsConfig({zone: 'eu-central-1a'}));
	const corrected = await finish(planInfrastructure(deps, never));
	t.deepEqual([...uids], [corrected.value.ids.uid]);
	t.true(corrected.value.plan.create > 0);
	const seen: Event[] = [];
	for await (const event of planInfrastructure(asking(false, 'AWS gives no answer.', 'cloud-unreachable'), never))
		seen.push(event);
	t.deepEqual(
		seen.flatMap(event => (event.type === 'check' && event.id === 'machines' && event.state !== 'running' ? [event.state] : [])),
		['warning', 'warning'],
		'what could not be checked stays visible',
	);
	t.deepEqual(objects(), []);
	await writeFile(world.workspace.path('id'), (await readFile(world.workspace.path('id'), 'utf8')).replace('AWS', 'GCP'));
	t.is((await refused(finish(planInfrastructure(deps, never)))).code, 'other-provider');
});

withTerraform('one interrupt ends an apply in order; a killed run is waited for; a held state is named', async t => {
	const {world, deps, fails, plan, run, objects, refused} = await setUp(t);
	fails({type: 'aws_vpc', action: 'create', message: 'slow', delayMs: 1500, times: 1});
	const planned = await plan();
	const abort = new AbortController();
	const seen: Event[] = [];
	const applying = (async () => {
		for await (const event of applyInfrastructure(deps, planned, abort.signal)) {
			seen.push(event);
			if (event.type === 'resource' && event.address === 'aws_vpc.cluster') abort.abort();
		}
	})();
	const error = await refused(applying);
	t.deepEqual([error.code, error.exitCode], ['cancelled', 130]);

	// As after a kill of the tool: nobody reads a Terraform that is at work.
	fails({type: 'aws_vpc', action: 'create', message: 'slow', delayMs: 1500, times: 1});
	const abandoned = applyInfrastructure(deps, await plan(), never);
	for (let next = await abandoned.next(); next.done !== true && next.value.type !== 'resource'; next = await abandoned.next());
	const waited: Event[] = [];
	for await (const event of planInfrastructure(deps, never)) waited.push(event);
	t.true(waited.some(event => event.type === 'waiting'));
	await abandoned.return(undefined as never);

	await run();
	t.true((await plan()).plan.empty);
	t.is(objects().filter(type => type === 'aws_vpc').length, 1);

	// Terraform of somebody else holds the state.
	const folder = world.workspace.path('terraform');
	fails({type: 'aws_vpc', action: 'read', message: 'slow', delayMs: 25_000, times: 1});
	const other = spawn('terraform', ['plan', '-input=false'], {cwd: folder, env: world.env, stdio: 'ignore'});
	t.teardown(() => other.kill('SIGKILL'));
	await until('the other Terraform to hold the state', () => existsSync(join(folder, '.terraform.tfstate.lock.info')));
	t.is((await refused(plan())).code, 'state-locked');
	other.kill('SIGKILL');
});

withTerraform('terminate: outages, what Kubernetes made, foreign states and states that cannot be read', async t => {
	const {world, deps, fails, run, plan, objects, refused} = await setUp(t);
	await run();

	// A quota that the cluster itself uses up is no reason against the next run.
	const full = {
		id: 'cpu-quota',
		title: 'Quota',
		ok: false,
		code: 'preflight',
		detail: '20 are needed, 0 are free.',
		fix: 'Raise it.',
	};
	const asking = {...deps, checks: () => Promise.resolve([{...full, run: () => Promise.resolve(full)}])};
	const {events} = await finish(planInfrastructure(asking, never));
	t.true(events.some(event => event.type === 'check' && event.id === 'cpu-quota' && event.state === 'warning'));

	// The credentials run out while things go, and the cloud fails: what is left is known, and the next terminate goes on.
	const whole = objects().length;
	const terminate = async (env = deps.env) => {
		const existing = await findCloudCluster(world.workspace);
		if (existing === undefined) throw new Error('the cluster is not known any more');
		return finish(terminateInfrastructure({...deps, env}, existing, never));
	};
	t.is((await refused(terminate({PATH: world.env['PATH'], HOME: world.home}))).code, 'cloud-credentials');
	t.is(objects().length, whole);
	for (const [message, advice] of [
		['api error ExpiredToken: The security token is expired', /sign in again/],
		['api error ServiceUnavailable: 503', /status page/],
	] as const) {
		fails({type: 'aws_vpc', action: 'delete', message, times: 1});
		const error = await refused(terminate());
		t.is(error.code, 'terraform-failed');
		t.regex(error.next.join('\n'), advice);
		t.true(existsSync(world.workspace.path('id')));
		t.true(objects().includes('aws_vpc'));
	}
	// Or the cluster is made whole again.
	await run();
	t.is(objects().length, whole);
	t.true((await plan()).plan.empty);
	const folder = world.workspace.path('terraform');
	const state = await readFile(join(folder, 'terraform.tfstate'), 'utf8');
	await writeFile(join(folder, 'terraform.tfstate'), state.replaceAll(/"value": "[0-9a-f]{8}"/g, '"value": "00000000"'));
	t.is((await refused(findCloudCluster(world.workspace))).code, 'state-mismatch');
	await writeFile(join(folder, 'terraform.tfstate'), '{"half');
	await mkdir(folder, {recursive: true});
	await writeFile(join(folder, 'terraform.tfstate.backup'), '');
	t.is((await refused(findCloudCluster(world.workspace))).code, 'state-unreadable');
	const items = (plural: string) =>
		plural === 'services'
			? [{apiVersion: 'v1', kind: 'Service', metadata: {name: 'web', namespace: 'shop'}, spec: {type: 'LoadBalancer'}}]
			: [{apiVersion: 'v1', kind: 'PersistentVolume', metadata: {name: 'pvc-1'}}];
	const kube = {list: ({plural}: {plural: string}) => Promise.resolve({items: items(plural), resourceVersion: '1'})};
	t.deepEqual(await madeByKubernetes(kube), ['load balancer of Service shop/web', 'volume pvc-1']);
	t.is(await madeByKubernetes({list: () => Promise.reject(new Error('nobody'))}), undefined);

	const found = {cloud: clouds.aws, config: {} as CloudConfig, ids: {uid: '0123abcd'} as ClusterIds};
	const silent = () => Promise.reject(new AppError('nobody', {code: 'cloud-unreachable', exitCode: 4}));
	const cloud = () => Promise.resolve({outside: (uid: string) => Promise.resolve([`load balancer of ${uid}`])});
	t.is(await madeOutside(found, {kube: silent, cloud: silent}), undefined);
	t.deepEqual(
		await madeOutside(found, {kube: silent, cloud}),
		['in AWS: load balancer of 0123abcd'],
		'a broken cluster says nothing',
	);
	t.deepEqual(await madeOutside(found, {kube: () => Promise.resolve(kube), cloud}), [
		'load balancer of Service shop/web',
		'volume pvc-1',
		'in AWS: load balancer of 0123abcd',
	]);
	t.is(await madeOutside({cloud: clouds.aws}, {kube: silent, cloud}), undefined, 'without a config nobody knows which cloud');
});
