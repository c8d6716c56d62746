import {withTerraform} from '../helpers/cloud-world.ts';
import {moduleWorld} from '../helpers/terraform-module.ts';

const hash = `$2a$10$${'a'.repeat(53)}`;
const group = (role: string, count: number, changes: object = {}) => ({
	role,
	count,
	image: 'ami-0123456789abcdef0',
	instance_type: 'm6a.xlarge',
	zone: 'eu-central-1a',
	disk_size: 30,
	disk_type: 'gp3',
	...changes,
});
const variables = {
	name: 'demo',
	uid: '0a1b2c3d',
	node_groups: {
		control_plane_default: group('control-plane', 3),
		worker_default: group('worker', 2),
		worker_b: group('worker', 1, {zone: 'eu-central-1b'}),
	},
	init_secret_hash: hash,
	source_ranges: ['203.0.113.0/24'],
	tags: {team: 'platform'},
	cloud: {
		region: 'eu-central-1',
		zone: 'eu-central-1a',
		iam_profile_control_plane: 'demo-control-plane',
		iam_profile_worker: 'demo-worker',
		sev_snp: true,
	},
};

withTerraform('AWS: what nodes and people need is there, and nothing more is open', async t => {
	const world = await moduleWorld(t, 'aws', ['aws']);
	const planned = await world.plan(variables);
	await world.apply();
	const resources = await world.resources();
	const of = (type: string) => resources.filter(resource => resource.type === type);
	t.is(planned.length, resources.filter(({address}) => !address.startsWith('data.')).length);

	const groups = of('aws_autoscaling_group');
	t.is(groups.length, 3);
	for (const {values} of groups) {
		const tags = Object.fromEntries(
			(values['tag'] as {key: string; value: string; propagate_at_launch: boolean}[]).map(({key, value}) => [key, value]),
		);
		t.like(tags, {
			'constellation-uid': '0a1b2c3d',
			'constellation-init-secret-hash': hash,
			'kubernetes.io/cluster/demo-0a1b2c3d': 'owned',
			team: 'platform',
		});
		t.is(tags['Name'], `demo-0a1b2c3d-${tags['constellation-role'] ?? ''}`);
		t.is((values['target_group_arns'] as string[]).length, tags['constellation-role'] === 'control-plane' ? 6 : 0);
	}
	t.deepEqual(
		of('aws_lb_listener')
			.map(({values}) => values['port'])
			.toSorted((left, right) => Number(left) - Number(right)),
		[6443, 8132, 9000, 9999, 30081, 30090],
	);
	t.is(of('aws_lb').length, 1);
	t.is((of('aws_lb')[0]?.values['tags'] as Record<string, string>)['constellation-uid'], '0a1b2c3d');

	const addresses = of('aws_eip').map(({values}) => `${String(values['public_ip'])}/32`);
	const open = of('aws_vpc_security_group_ingress_rule').map(({values}) => (values['cidr_ipv4'] ?? '') as string);
	t.true(
		open.every(range => range === '' || range === '203.0.113.0/24' || addresses.includes(range)),
		open.join(),
	);
	t.false(open.includes('0.0.0.0/0'));

	for (const {values} of of('aws_launch_template')) {
		t.like(values, {cpu_options: [{amd_sev_snp: 'enabled'}], update_default_version: true});
		t.like((values['metadata_options'] as object[])[0], {
			http_tokens: 'required',
			http_put_response_hop_limit: 2,
			instance_metadata_tags: 'disabled',
		});
		t.is((values['block_device_mappings'] as {device_name: string}[])[0]?.device_name, '/dev/sdb');
	}
	const {endpoints, ...outputs} = await world.outputs();
	t.like(outputs, {endpoint: outputs['ip'], name: 'demo', uid: '0a1b2c3d', network: '192.168.176.0/20', attestation_url: ''});
	t.deepEqual(Object.keys(endpoints as object), ['bootstrapper', 'join', 'konnectivity', 'kubernetes', 'recovery', 'verify']);

	t.deepEqual(await world.plan(variables), [], 'a second plan is empty');

	// Numbers and images belong to the running cluster; another machine type is a new version of the template, not another group.
	const changed = {
		...variables,
		node_groups: {
			...variables.node_groups,
			control_plane_default: group('control-plane', 5, {image: 'ami-0fedcba9876543210'}),
			worker_default: group('worker', 2, {instance_type: 'm6a.2xlarge'}),
		},
	};
	t.deepEqual(
		(await world.plan(changed)).map(({address, change}) => [address, ...change.actions]),
		[['aws_launch_template.group["worker_default"]', 'update']],
	);

	await world.destroy();
	t.deepEqual(world.clouds.read('aws').objects, {});
});

withTerraform('AWS: what would only fail later is refused by name before anything is made', async t => {
	const world = await moduleWorld(t, 'aws', ['aws']);
	const refused = (changes: object) => world.refused({...variables, ...changes});
	const shapes = await refused({
		name: 'ten-letter',
		source_ranges: ['everywhere'],
		tags: {'constellation-uid': 'x'},
		init_secret_hash: 'secret',
		node_groups: {a: group('boss', 1, {image: 'debian', disk_type: 'fast'})},
	});
	for (const sentence of [
		/1 to 9 lower-case letters/,
		/IPv4 range/,
		/belong to the cluster/,
		/bcrypt hash/,
		/control-plane or worker/,
		/at least one control plane/,
		/is an AMI/,
		/disk type is gp3/,
	]) {
		t.regex(shapes, sentence);
	}

	const many = {control_plane_default: group('control-plane', 51), worker_default: group('worker', 200)};
	t.regex(await refused({node_groups: many}), /zone eu-central-1a share 250 addresses/);
	const elsewhere = {...variables.node_groups, worker_b: group('worker', 1, {zone: 'eu-central-1-ham-1a'})};
	t.regex(await refused({node_groups: elsewhere}), /zones of other regions and local zones do not fit: eu-central-1-ham-1a/);
	t.regex(await refused({cloud: {...variables.cloud, zone: 'eu-west-1a'}}), /is one of the region, like eu-central-1a/);

	world.clouds.change('aws', cloud => {
		cloud.data['aws_ec2_instance_type'] = {supported_cpu_features: [], nitro_tpm_support: 'unsupported', default_vcpus: 2};
		cloud.data['aws_ami'] = {tpm_support: ''};
	});
	const problems = await refused({});
	t.regex(problems, /has no SEV-SNP/);
	t.regex(problems, /has no NitroTPM/);
	t.regex(problems, /fewer than 4 virtual CPUs/);
	t.regex(problems, /without a TPM 2\.0/);
	t.deepEqual(world.clouds.read('aws').log, []);
});
