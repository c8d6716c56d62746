import {existsSync} from 'node:fs';
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {AppError} from '../../src/errors.ts';
import {
	applyIam,
	forgetIam,
	type IamWishes,
	planIam,
	planIamRemoval,
	planIamUpgrade,
	removeIam,
	writeIamConfig,
} from '../../src/flows/iam.ts';
import type {IamCloud} from '../../src/providers/iam.ts';
import {cloudWorld, finish, never, withTerraform} from '../helpers/cloud-world.ts';
import type {ProviderName} from '../helpers/terraform-provider/schema.ts';

const cases: readonly {
	cloud: IamCloud;
	provider: ProviderName;
	wishes: IamWishes;
	section: string;
	values: object;
	topics: RegExp;
}[] = [
	{
		cloud: 'aws',
		provider: 'aws',
		wishes: {prefix: 'demo', values: {region: 'eu-west-1'}},
		section: 'region: eu-west-1\n    iamProfileControlPlane: "" # filled in\n    iamProfileWorkerNodes: ""',
		values: {iamProfileControlPlane: 'demo_control_plane_profile', iamProfileWorkerNodes: 'demo_worker_profile'},
		topics: /create 2 roles, create 2 policies/,
	},
	{
		cloud: 'azure',
		provider: 'azurerm',
		wishes: {prefix: 'demo', values: {subscription: '11111111-2222-4333-8444-555555555555', region: 'westeurope'}},
		section: 'location: westeurope # where\n    resourceGroup: ""',
		values: {resourceGroup: 'demo', location: 'westeurope'},
		topics: /create 2 resource groups/,
	},
	{
		cloud: 'gcp',
		provider: 'google',
		wishes: {prefix: 'demo', values: {project: 'my-project', region: 'europe-west3'}},
		section: 'project: my-project # mine\n    serviceAccount: ""',
		values: {serviceAccount: /^demo-nodes@|nodes/},
		topics: /create 1 service account/,
	},
];

for (const {cloud, provider, wishes, section, values, topics} of cases) {
	withTerraform(`identities on ${cloud}: shown, made, written with comments kept, made once, removed`, async t => {
		const world = {...(await cloudWorld(t, [provider])), now: Date.now};
		const {workspace, simulated} = world;
		await world.writeConfig(`# my cluster\nprovider:\n  ${cloud}:\n    ${section}\n`);
		const {value: planned, events} = await finish(planIam(world, cloud, wishes, never));
		t.true(events.some(event => event.type === 'check' && event.id === 'credentials' && event.state === 'ok'));
		const preview = (planned.plan.preview ?? []).map(({title, lines}) => `${title}: ${lines.join(', ')}`).join('\n');
		t.regex(preview, topics);

		// Not agreed to: nothing is left that is in the way.
		await forgetIam(workspace);
		t.false(existsSync(workspace.path('iam')));
		await mkdir(workspace.path('iam'));

		// The cloud has a fault in the middle; the same command goes on, and needs no flags for it.
		const type = {aws: 'aws_iam_instance_profile', azure: 'azurerm_role_definition', gcp: 'google_project_iam_custom_role'}[
			cloud
		];
		simulated.change(provider, ({faults}) =>
			faults.push({type, action: 'create', message: 'ServiceUnavailable: try again', times: 1}),
		);
		const first = (await finish(planIam(world, cloud, wishes, never))).value;
		const error = await t.throwsAsync(finish(applyIam(world, first, never)), {instanceOf: AppError});
		t.is(error.code, 'terraform-failed');
		t.regex(error.next.join('\n'), /status page.*iam destroy/s);
		const again = (await finish(planIam(world, cloud, {values: {}}, never))).value;
		t.true(again.plan.create < first.plan.create);
		const {value: config} = await finish(applyIam(world, again, never));
		for (const [key, value] of Object.entries(values))
			t[value instanceof RegExp ? 'regex' : 'is'](config[key] ?? '', value as never, key);

		const outcome = await writeIamConfig(workspace, cloud, config, false);
		t.true((outcome?.written.length ?? 0) > 0);
		const text = await readFile(workspace.path('config'), 'utf8');
		t.regex(text, /^# my cluster\n/);
		t.regex(text, / # (?:filled in|where|mine)/);
		for (const key of Object.keys(values)) t.true(text.includes(`${key}: `), key);
		t.true(existsSync(`${workspace.path('iam')}/.terraform.lock.hcl`), 'the versions of the providers are kept');

		// A second time nothing changes; another prefix is refused; what somebody wrote himself is kept.
		t.true((await finish(planIamUpgrade(world, cloud, never))).value.plan.empty);
		t.is(
			(await t.throwsAsync(finish(planIam(world, cloud, {...wishes, prefix: 'other'}, never)), {instanceOf: AppError})).code,
			'iam-exists',
		);
		const [key = ''] = Object.keys(values);
		await writeFile(workspace.path('config'), text.replace(new RegExp(`${key}: .*`), `${key}: mine`));
		t.deepEqual((await writeIamConfig(workspace, cloud, config, false))?.kept, [key]);
		t.deepEqual((await writeIamConfig(workspace, cloud, config, true))?.written, [key]);

		// Not while a cluster uses them.
		await writeFile(workspace.path('kubeconfig'), '');
		t.is((await t.throwsAsync(finish(planIamRemoval(world, cloud, never)), {instanceOf: AppError})).code, 'iam-in-use');
		await rm(workspace.path('kubeconfig'));
		const other = cloud === 'aws' ? 'gcp' : 'aws';
		t.is((await t.throwsAsync(finish(planIamRemoval(world, other, never)), {instanceOf: AppError})).code, 'iam-other-provider');
		const removal = (await finish(planIamRemoval(world, cloud, never))).value;
		t.true(removal.plan.preview?.some(({title}) => title === 'Cannot be undone'));
		await finish(removeIam(world, removal, never));
		t.deepEqual(simulated.read(provider).objects, {});
		t.false(existsSync(workspace.path('iam')));
		const none = await t.throwsAsync(finish(planIamRemoval(world, cloud, never)), {instanceOf: AppError});
		t.deepEqual([none.code, none.exitCode], ['no-iam', 2]);
	});
}

withTerraform('what is missing is named before Terraform runs, all at once', async t => {
	const world = {...(await cloudWorld(t, ['aws'])), now: Date.now};
	const error = await t.throwsAsync(finish(planIam(world, 'azure', {prefix: '-', values: {}}, never)), {instanceOf: AppError});
	t.deepEqual(
		[error.exitCode, ...error.problems.map(({path, message}) => `${path} ${message.slice(0, 10)}`)],
		[2, '--prefix must have ', '--subscription is missing', '--region is missing'],
	);
	const bare = {...world, env: {PATH: world.env['PATH'], HOME: world.home}};
	const wishes = {prefix: 'demo', values: {region: 'eu-west-1'}};
	const missing = await t.throwsAsync(finish(planIam(bare, 'aws', wishes, never)), {instanceOf: AppError});
	t.deepEqual([missing.code, missing.exitCode], ['cloud-credentials', 3]);
	t.false(existsSync(world.workspace.path('iam')));
});
