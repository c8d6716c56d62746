import {withTerraform} from '../helpers/cloud-world.ts';
import {moduleWorld} from '../helpers/terraform-module.ts';

const hash = `$2a$10$${'a'.repeat(53)}`;
const group = (role: string, count: number, changes: object = {}) => ({
	role,
	count,
	image: 'projects/images/global/images/constellation-v1',
	instance_type: 'n2d-standard-4',
	zone: 'europe-west3-b',
	disk_size: 30,
	disk_type: 'pd-ssd',
	...changes,
});
const variables = {
	name: 'demo',
	uid: '0a1b2c3d',
	node_groups: {control_plane_default: group('control-plane', 3), worker_default: group('worker', 2)},
	init_secret_hash: hash,
	source_ranges: Array.from({length: 12}, (_, index) => `203.0.113.${index}/32`),
	tags: {team: 'platform'},
	cloud: {
		project: 'demo',
		region: 'europe-west3',
		zone: 'europe-west3-b',
		technology: 'SEV_SNP',
		service_account: 'nodes@demo.iam.gserviceaccount.com',
	},
};
type Values = Record<string, unknown>;

withTerraform('GCP: what nodes and people need is there, and nothing more is open', async t => {
	const world = await moduleWorld(t, 'gcp', ['google']);
	await world.plan(variables);
	await world.apply();
	const resources = await world.resources();
	const of = (type: string) => resources.filter(resource => resource.type === type).map(({values}) => values);

	for (const template of of('google_compute_instance_template')) {
		t.like(template, {min_cpu_platform: 'AMD Milan', tags: ['constellation-0a1b2c3d']});
		t.like(template['labels'], {'constellation-uid': '0a1b2c3d', team: 'platform'});
		t.is((template['metadata'] as Values)['constellation-init-secret-hash'], hash);
		t.like((template['confidential_instance_config'] as Values[])[0], {confidential_instance_type: 'SEV_SNP'});
		t.is((template['scheduling'] as Values[])[0]?.['on_host_maintenance'], 'TERMINATE');
		t.deepEqual((template['disk'] as Values[]).map(disk => disk['device_name']).filter(Boolean), ['state-disk']);
		t.is((template['network_interface'] as Values[])[0]?.['access_config'] instanceof Array, true);
		t.deepEqual((template['network_interface'] as Values[])[0]?.['access_config'], [], 'no address of its own to the outside');
	}
	const rules = of('google_compute_global_forwarding_rule');
	t.deepEqual(rules.map(rule => (rule['labels'] as Values)['constellation-use']).toSorted(), [
		'bootstrapper',
		'join',
		'konnectivity',
		'kubernetes',
		'recovery',
		'verify',
	]);
	t.is(new Set(rules.map(rule => rule['ip_address'])).size, 1);
	for (const backend of of('google_compute_backend_service')) {
		t.is((backend['backend'] as object[]).length, 1, 'only the control planes');
		t.truthy(backend['security_policy']);
	}
	const nat = `${of('google_compute_address')[0]?.['address'] as string}/32`;
	for (const policy of of('google_compute_security_policy')) {
		const ranges = (policy['rule'] as {action: string; match: {config: {src_ip_ranges: string[]}[]}[]}[])
			.filter(rule => rule.action === 'allow')
			.map(rule => rule.match[0]?.config[0]?.src_ip_ranges ?? []);
		t.true(ranges.every(each => each.length <= 10));
		const nodes = policy['name'] === 'demo-0a1b2c3d-nodes';
		t.deepEqual(ranges.flat().toSorted(), [...variables.source_ranges, ...(nodes ? [nat] : [])].toSorted());
	}
	const [nodesOnly, peopleOnly] = ['nodes', 'people'].map(name => `/demo-0a1b2c3d-${name}`);
	for (const {port_name: service, security_policy: policy} of of('google_compute_backend_service'))
		t.true(
			String(policy).endsWith(String(['kubernetes', 'konnectivity', 'join'].includes(String(service)) ? nodesOnly : peopleOnly)),
			String(service),
		);
	t.is(of('google_compute_security_policy').length, 2, 'a project has few');
	for (const firewall of of('google_compute_firewall')) t.false((firewall['source_ranges'] as string[]).includes('0.0.0.0/0'));
	t.like(await world.outputs(), {name: 'demo', uid: '0a1b2c3d', network: '192.168.178.0/24'});

	t.deepEqual(await world.plan(variables), [], 'a second plan is empty');
	const changed = {
		...variables,
		node_groups: {
			control_plane_default: group('control-plane', 5, {image: 'projects/images/global/images/constellation-v2'}),
			worker_default: group('worker', 2, {instance_type: 'n2d-standard-8', disk_size: 50}),
		},
	};
	t.deepEqual(await world.plan(changed), [], 'numbers, images and machine types belong to the running cluster');
	// A template that is in use cannot be replaced: new labels go to everything else.
	const labelled = (await world.plan({...variables, tags: {team: 'other'}})).map(({type, change}) => [type, ...change.actions]);
	t.true(labelled.length > 0);
	t.true(
		labelled.every(([type, ...actions]) => !type?.startsWith('google_compute_instance') && actions.join() === 'update'),
		JSON.stringify(labelled),
	);
	await world.plan(variables);
	await world.destroy();
	t.deepEqual(world.clouds.read('google').objects, {});
});

withTerraform('GCP: what would only fail later is refused by name before anything is made', async t => {
	const world = await moduleWorld(t, 'gcp', ['google']);
	const shapes = await world.refused({
		...variables,
		name: 'Upper',
		tags: {Team: 'x'},
		node_groups: {a: group('control-plane', 151, {image: 'debian', disk_type: 'fast'}), b: group('worker', 100)},
		cloud: {...variables.cloud, technology: 'TDX', service_account: 'me'},
	});
	for (const sentence of [
		/1 to 26 lower-case/,
		/allows lower-case letters/,
		/a path like projects/,
		/share 250 addresses/,
		/pd-ssd, pd-balanced/,
		/SEV or SEV_SNP/,
		/is an e-mail/,
	]) {
		t.regex(shapes, sentence);
	}
	const groups = {
		control_plane_default: group('control-plane', 1),
		worker_default: group('worker', 1, {instance_type: 'e2-standard-4', zone: 'us-east1-b'}),
	};
	const hardware = await world.refused({...variables, node_groups: groups});
	t.regex(hardware, /has no AMD SEV/);
	t.regex(hardware, /lies outside region/);
	t.deepEqual(world.clouds.read('google').log, []);
});
