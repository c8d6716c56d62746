import {withTerraform} from '../helpers/cloud-world.ts';
import {moduleWorld} from '../helpers/terraform-module.ts';

type Statement = {Sid: string; Action: string[]; Resource: string | string[]; Condition?: object};

withTerraform('AWS identities: two roles with what nodes call, and changes only to what carries a cluster uid', async t => {
	const world = await moduleWorld(t, 'iam/aws', ['aws']);
	const variables = {name_prefix: 'demo', cloud: {region: 'eu-central-1'}, tags: {team: 'platform'}};
	await world.plan(variables);
	await world.apply();
	const resources = await world.resources();
	const policies = resources
		.filter(({type}) => type === 'aws_iam_policy')
		.map(({values}) => (JSON.parse(String(values['policy'])) as {Statement: Statement[]}).Statement);
	t.is(policies.length, 2);
	for (const statement of policies.flat()) {
		t.false(
			statement.Action.some(action => action.includes('*')),
			statement.Sid,
		);
		const changes = statement.Action.filter(action => !/:(?:Describe|List|Get|BatchGet|BatchCheck)/.test(action));
		if (statement.Resource === '*' && changes.some(action => action.startsWith('autoscaling:')))
			t.truthy(statement.Condition, statement.Sid);
		t.false(statement.Resource === '*' && statement.Action.includes('iam:PassRole'));
	}
	const [first = [], second = []] = policies;
	// What the operator calls to make one machine, with what that call asks for in turn.
	const launching = policies.flat().filter(({Action: actions}) => actions.includes('ec2:CreateFleet'));
	t.deepEqual(
		launching.map(({Resource: on, Condition: only}) => [String(on).includes('launch-template/'), only !== undefined]),
		[
			[true, true],
			[false, false],
		],
		'from templates of a cluster only',
	);
	const all = policies.flat().flatMap(({Action: actions}) => actions);
	for (const action of ['autoscaling:LaunchInstances', 'ec2:DescribeLaunchTemplateVersions']) t.true(all.includes(action));
	const worker = first.length < second.length ? first : second;
	t.false(
		worker.some(({Action: actions}) => actions.some(action => /^(?:autoscaling|iam):/.test(action))),
		'workers change nothing',
	);
	t.deepEqual((await world.outputs())['config'], {
		iamProfileControlPlane: 'demo_control_plane_profile',
		iamProfileWorkerNodes: 'demo_worker_profile',
	});
	t.deepEqual(await world.plan(variables), []);
	t.regex(await world.refused({...variables, name_prefix: 'x'.repeat(37)}), /1 to 36 letters/);
	await world.plan(variables);
	await world.destroy();
	t.deepEqual(world.clouds.read('aws').objects, {});
});
