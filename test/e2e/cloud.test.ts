import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {awsConfig} from '../helpers/cloud-config.ts';
import {credentials} from '../helpers/cloud-world.ts';
import {e2e, newWorld} from '../helpers/e2e.ts';
import {until} from '../helpers/local-cluster.ts';
import {installProviders} from '../helpers/terraform-provider/install.ts';

e2e('AWS from an empty folder: identities, plan, infrastructure, a kill in the middle, and all of it gone again', async t => {
	const world = newWorld();
	t.teardown(() => world.close());
	const clouds = await installProviders(world.home, ['aws']);
	Object.assign(world.env, {...credentials, TF_CLI_CONFIG_FILE: clouds.configFile});
	const objects = () => Object.values(clouds.read('aws').objects).map(({type}) => type);

	// In an empty folder there is nothing to remove: most likely it is the wrong one.
	t.is((await world.expect(t, 2, 'terminate --yes'))['code'], 'no-cluster');
	t.is((await world.expect(t, 2, 'iam destroy aws --yes'))['code'], 'no-iam');

	writeFileSync(world.file('constellation-conf.yaml'), awsConfig().replaceAll(/(iamProfile\w+): \w+/g, '$1: ""'));
	t.is((await world.expect(t, 2, 'iam create aws'))['code'], 'iam-incomplete');
	// Nobody can be asked: nothing is made, and nothing is in the way of the next run.
	t.is((await world.expect(t, 2, 'iam create aws --prefix demo'))['code'], 'no-terminal');
	t.false(existsSync(world.file('constellation-iam-terraform')));
	const made = await world.expect(t, 0, 'iam create aws --prefix demo --yes');
	t.deepEqual(made['written'], ['iamProfileControlPlane', 'iamProfileWorkerNodes']);
	t.regex(readFileSync(world.file('constellation-conf.yaml'), 'utf8'), /# the office\n.*demo_worker_profile/s);
	await world.expect(t, 0, 'config validate');

	t.is((await world.expect(t, 2, 'apply'))['code'], 'no-terminal');
	t.false(objects().includes('aws_vpc'));
	// Killed while the cloud is at work: the next run waits for Terraform and goes on from there.
	clouds.change('aws', ({faults}) => faults.push({type: 'aws_lb', action: 'create', message: 'slow', delayMs: 2000, times: 1}));
	const killed = world.start(['apply', '--yes', '--json']);
	await until('the network to be made', () => objects().includes('aws_vpc'), 120_000);
	killed.child.kill('SIGKILL');
	await killed.finished;
	let {code, result, lines} = await world.run('apply --yes --json');
	// The load balancer failed in the run that was killed, or is made by this one.
	if (code === 4) ({code, result, lines} = await world.run('apply --yes --json'));
	t.is(code, 3, JSON.stringify(result));
	t.is(result['code'], 'no-node-image');
	t.regex(String(result['message']), /The infrastructure is there, at 198\.51\.100\.\d+/);
	t.true(
		lines.some(({type, id, state}) => type === 'check' && id === 'identity' && state === 'warning'),
		'AWS could not be asked',
	);
	t.is(objects().filter(type => type === 'aws_vpc').length, 1);
	t.is((await world.expect(t, 3, 'iam destroy aws --yes'))['code'], 'iam-in-use');
	t.is((await world.expect(t, 3, 'create --yes'))['code'], 'no-node-image');

	t.is((await world.expect(t, 2, 'terminate'))['code'], 'no-terminal');
	const gone = await world.expect(t, 0, 'terminate --yes');
	t.true((gone['foreign'] as {command: string}[])[0]?.command.includes(`kubernetes.io/cluster/demo-`));
	t.true(objects().every(type => type.startsWith('aws_iam_')));
	t.is((await world.expect(t, 2, 'terminate --yes'))['code'], 'no-cluster');
	await world.expect(t, 0, 'iam destroy aws --yes');
	t.deepEqual(objects(), []);
	for (const output of world.outputs) t.false(output.includes('canary'));
});
