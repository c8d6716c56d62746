import {readFileSync, writeFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {credentials} from '../helpers/cloud-world.ts';
import {e2e, newWorld} from '../helpers/e2e.ts';
import {startPty} from '../helpers/pty.ts';
import {installProviders} from '../helpers/terraform-provider/install.ts';

const cli = resolve(import.meta.dirname, '..', '..', 'dist', 'cli.mjs');

/** What the environment answers already: the person goes on with Enter. */
const answers = {
	CONSTELLATION_PROVIDER: 'aws',
	CONSTELLATION_SOURCE_RANGES: '198.51.100.7/32',
	CONSTELLATION_NAME: 'demo',
};

e2e(
	'AWS in the wizard: identities and infrastructure with a fault in each, a change in lines, and all of it taken back',
	async t => {
		const world = newWorld();
		t.teardown(() => world.close());
		const clouds = await installProviders(world.home, ['aws']);
		Object.assign(world.env, {...credentials, ...answers, TF_CLI_CONFIG_FILE: clouds.configFile});
		const objects = () => Object.values(clouds.read('aws').objects).map(({type}) => type);
		const fail = (type: string) => {
			clouds.change('aws', ({faults}) => faults.push({type, action: 'create', message: `${type} is refused`, times: 1}));
		};
		// The terminal says itself what it is; `/usr/bin/env` says otherwise.
		const open = (args: readonly string[], term = 'xterm-256color') => {
			const given = Object.entries(world.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
			const command = ['/usr/bin/env', `TERM=${term}`, process.execPath, cli, ...args];
			const pty = startPty({command, cwd: world.workspace, env: Object.fromEntries(given), columns: 80, rows: 24});
			t.teardown(() => {
				pty.kill('SIGKILL');
			});
			return pty;
		};

		const wizard = open([]);
		for (const [question, lines = 1] of [
			['Which folder should hold the cluster?'],
			['Nothing is in the way'],
			['Where should the nodes run?'],
			['What should the nodes prove?'],
			['In which region or zone?', 2],
			['Which machines?'],
			['From where may the cluster be reached?'],
			['What should the cluster be called?'],
			['How many nodes?', 2],
			['Which Kubernetes version?'],
			['Which identities do the nodes get?', 2],
		] as const) {
			await wizard.waitFor(question, 90);
			wizard.type('\r'.repeat(lines));
		}

		// Identities: shown, agreed to, refused by the cloud in the middle, gone on with.
		await wizard.waitFor('Terraform will create 10 resources', 90);
		t.regex(wizard.screen(), /Identity +create .*2 roles/);
		t.deepEqual(objects(), []);
		fail('aws_iam_instance_profile');
		wizard.type('\r');
		await wizard.waitFor('The identities are not made yet', 90);
		t.regex(wizard.screen(), /aws_iam_instance_profile is refused/);
		wizard.type('r');
		await wizard.waitFor(/Terraform will create [1-9] resources?,/, 90);
		wizard.type('\r');
		await wizard.waitFor('Which image do the nodes boot?', 90);
		wizard.type('\r');

		const review = await wizard.waitFor('Terraform will create 52 resources', 120);
		t.regex(review, /demo_control_plane_profile, demo_worker_profile \(made before\)/);
		t.regex(review, /costs money/);
		t.true(
			objects().every(type => type.startsWith('aws_iam_')),
			'nothing else before the consent',
		);
		wizard.type('c');
		await wizard.waitFor(/constellation iam create aws .*--prefix demo --yes/);
		wizard.type('cp');
		await wizard.waitFor(/Network +create/);
		fail('aws_lb');
		wizard.type('p\r');
		const refused = await wizard.waitFor('What exists is kept.', 120);
		t.regex(refused, /aws_lb is refused/);
		t.regex(refused, /\d+ done/);
		// What was agreed to is gone on with, and nothing else.
		wizard.type('r');
		const end = await wizard.waitFor('The infrastructure is there, at 198.51.100.', 120);
		t.regex(end, /no machines yet/);
		t.is(objects().filter(type => type === 'aws_lb').length, 1);
		wizard.type('\r');
		t.is(await wizard.exits(), 3);
		t.regex(wizard.screen(), /The infrastructure is there.*constellation terminate/s);

		// A second run changes what exists: shown first, here to somebody whose terminal redraws nothing.
		const config = readFileSync(world.file('constellation-conf.yaml'), 'utf8');
		t.regex(config, /iamProfileWorkerNodes: "?demo_worker_profile/);
		writeFileSync(world.file('constellation-conf.yaml'), config.replaceAll('198.51.100.7/32', '203.0.113.0/24'));
		fail('aws_vpc_security_group_ingress_rule');
		const lines = open(['create'], 'dumb');
		await lines.waitFor('1  Apply these changes', 120);
		t.regex(lines.raw(), /Who can reach it|replaced: |destroy \d+/);
		lines.type('1\r');
		await lines.waitFor('Remove what was made', 120);
		t.regex(lines.raw(), /aws_vpc_security_group_ingress_rule is refused/);
		lines.type('2\r');
		await lines.waitFor('Type demo to remove it all');
		lines.type('demo\r');
		t.is(await lines.exits(), 0);
		t.regex(lines.raw(), /Removed: \d+ resources in AWS/);
		t.true(
			objects().every(type => type.startsWith('aws_iam_')),
			'identities may serve other clusters',
		);
		t.false(`${wizard.raw()}${lines.raw()}`.includes('canary'));
		t.notRegex(lines.raw(), /\u001B\[/u);
	},
);
