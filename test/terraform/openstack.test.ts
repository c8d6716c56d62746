import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {withTerraform} from '../helpers/cloud-world.ts';
import {moduleWorld, type ShownResource} from '../helpers/terraform-module.ts';

const hash = `$2a$10$${'a'.repeat(53)}`;
const group = (role: string, count: number, changes: object = {}) => ({
	role,
	count,
	image: '01234567-89ab-cdef-0123-456789abcdef',
	instance_type: 'm1a.4cd',
	zone: 'eu01-1',
	disk_size: 30,
	disk_type: 'storage_premium_perf6',
	...changes,
});
const variables = {
	name: 'demo',
	uid: '0a1b2c3d',
	node_groups: {control_plane_default: group('control-plane', 3), worker_default: group('worker', 2)},
	init_secret_hash: hash,
	source_ranges: ['203.0.113.0/24'],
	tags: {team: 'platform'},
	cloud: {cloud: 'demo', floating_ip_pool: 'outside'},
};
const router = '198.51.100.200/32';

const of = (resources: ShownResource[], type: string) =>
	resources.filter(resource => resource.type === type).map(({values}) => values);
const expectMachines = (resources: ShownResource[]) => {
	const machines = of(resources, 'openstack_compute_instance_v2');
	for (const machine of machines) {
		const metadata = machine['metadata'] as Record<string, string>;
		if (metadata['constellation-init-secret-hash'] !== hash || metadata['constellation-uid'] !== '0a1b2c3d') return [];
		if (Object.keys(metadata).some(key => /password|username/.test(key))) return [];
	}
	return machines.map(({name}) => name);
};
const names = [
	...[0, 1, 2].map(number => `demo-0a1b2c3d-control-plane-default-${number}`),
	...[0, 1].map(number => `demo-0a1b2c3d-worker-default-${number}`),
];

withTerraform('OpenStack: what nodes and people need is there, and machines survive what does not concern them', async t => {
	const world = await moduleWorld(t, 'openstack', ['openstack']);
	await world.plan(variables);
	await world.apply();
	const resources = await world.resources();
	t.deepEqual(expectMachines(resources), names);
	t.is(of(resources, 'openstack_networking_subnet_v2').length, 1);
	const listeners = Object.fromEntries(
		of(resources, 'openstack_lb_listener_v2').map(listener => [String(listener['protocol_port']), listener['allowed_cidrs']]),
	);
	const admins = ['203.0.113.0/24'];
	const everyone = [...admins, '192.168.178.0/24', router];
	t.deepEqual(listeners, {6443: everyone, 8132: everyone, 30090: everyone, 9000: admins, 9999: admins, 30081: admins});
	for (const {member} of of(resources, 'openstack_lb_members_v2'))
		t.is((member as object[]).length, 3, 'only the control planes');
	const ingress = of(resources, 'openstack_networking_secgroup_rule_v2').filter(({direction}) => direction === 'ingress');
	t.deepEqual(
		ingress.map(rule => rule['remote_ip_prefix']),
		['192.168.178.0/24'],
	);
	const {ip} = await world.outputs();
	t.is(of(resources, 'openstack_networking_floatingip_v2')[0]?.['address'], ip);
	t.deepEqual(await world.plan(variables), [], 'a second plan is empty');

	// One worker fewer, another image and flavor, another zone for new machines of another group: survivors stay.
	const changed = {
		...variables,
		node_groups: {
			control_plane_default: group('control-plane', 3, {
				image: '11234567-89ab-cdef-0123-456789abcdef',
				instance_type: 'm1a.8cd',
			}),
			worker_default: group('worker', 1),
			worker_b: group('worker', 1, {zone: 'eu01-2'}),
		},
	};
	const changes = (await world.plan(changed)).filter(({type}) => type === 'openstack_compute_instance_v2');
	t.deepEqual(
		changes.map(({address, change}) => [address, ...change.actions]),
		[
			['openstack_compute_instance_v2.machine["worker_b-0"]', 'create'],
			['openstack_compute_instance_v2.machine["worker_default-1"]', 'delete'],
		],
	);
	await world.plan(variables);
	await world.destroy();
	t.deepEqual(world.clouds.read('openstack').objects, {});

	world.clouds.change('openstack', cloud => {
		cloud.data['openstack_compute_flavor_v2'] = {extra_specs: {'hw:cpu_policy': 'dedicated'}};
	});
	t.regex(await world.refused(variables), /is not for confidential machines/);
});

withTerraform('STACKIT: the same machines behind its own load balancer', async t => {
	const world = await moduleWorld(t, 'stackit', ['openstack', 'stackit']);
	const here = {...variables, cloud: {...variables.cloud, project: 'project'}};
	await world.plan(here);
	await world.apply();
	const resources = await world.resources();
	t.deepEqual(expectMachines(resources), names);
	const [balancer] = of(resources, 'stackit_loadbalancer');
	t.deepEqual((balancer?.['options'] as {acl: string[]}).acl.toSorted(), [router, '203.0.113.0/24']);
	t.deepEqual(
		(balancer?.['target_pools'] as {target_port: number; targets: object[]}[]).map(pool => [
			pool.target_port,
			pool.targets.length,
		]),
		[9000, 30090, 8132, 6443, 9999, 30081].map(port => [port, 3]),
	);
	t.deepEqual(await world.plan(here), [], 'a second plan is empty');
	t.regex(
		await world.refused({...here, node_groups: {control_plane_default: group('control-plane', 1, {instance_type: 'c1.2'})}}),
		/Confidential flavors are called like m1a\.4cd/,
	);
	await world.plan(here);
	await world.destroy();
	t.deepEqual(world.clouds.read('stackit').objects, {});
});

test('OpenStack and STACKIT share the description of their machines to the byte', async t => {
	const read = (module: string) => readFile(join(import.meta.dirname, '..', '..', 'terraform', module, 'cluster.tf'), 'utf8');
	t.is(await read('stackit'), await read('openstack'));
});
