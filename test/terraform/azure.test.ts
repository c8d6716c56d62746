import {withTerraform} from '../helpers/cloud-world.ts';
import {moduleWorld} from '../helpers/terraform-module.ts';

const hash = `$2a$10$${'a'.repeat(53)}`;
const image = '/communityGalleries/gallery/images/constellation/versions/1.0.0';
const group = (role: string, count: number, changes: object = {}) => ({
	role,
	count,
	image,
	instance_type: 'Standard_DC4as_v5',
	disk_size: 30,
	disk_type: 'Premium_LRS',
	...changes,
});
const variables = {
	name: 'demo',
	uid: '0a1b2c3d',
	node_groups: {control_plane_default: group('control-plane', 3), worker_default: group('worker', 2, {zone: '2'})},
	init_secret_hash: hash,
	source_ranges: ['203.0.113.0/24'],
	tags: {team: 'platform'},
	cloud: {
		subscription: '00000000-0000-0000-0000-000000000001',
		location: 'westeurope',
		resource_group: 'demo',
		identity:
			'/subscriptions/sub/resourceGroups/demo-identity/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo-nodes',
		ssh_public_key: 'ssh-rsa AAAAB3NzaC1yc2E nobody',
		confidential: true,
		secure_boot: false,
		attestation_provider: true,
	},
};
type Values = Record<string, unknown>;

withTerraform('Azure: what nodes and people need is there, and nothing more is open', async t => {
	const world = await moduleWorld(t, 'azure', ['azurerm']);
	await world.plan(variables);
	await world.apply();
	const resources = await world.resources();
	const of = (type: string) => resources.filter(resource => resource.type === type).map(({values}) => values);

	const sets = of('azurerm_linux_virtual_machine_scale_set');
	t.is(sets.length, 2);
	for (const set of sets) {
		const tags = set['tags'] as Record<string, string>;
		t.like(tags, {
			'constellation-uid': '0a1b2c3d',
			'constellation-init-secret-hash': hash,
			'constellation-maa-url': 'https://constell0a1b2c3d.weu.attest.example',
			team: 'platform',
		});
		t.like(set, {
			vtpm_enabled: true,
			provision_vm_agent: false,
			extension_operations_enabled: false,
			overprovision: false,
			upgrade_mode: 'Manual',
			disable_password_authentication: true,
		});
		t.is((set['os_disk'] as Values[])[0]?.['security_encryption_type'], 'VMGuestStateOnly');
		t.is((set['data_disk'] as Values[])[0]?.['lun'], 0);
		t.deepEqual((set['identity'] as Values[])[0]?.['identity_ids'], [variables.cloud.identity]);
		const pools = ((set['network_interface'] as Values[])[0]?.['ip_configuration'] as Values[])[0]?.[
			'load_balancer_backend_address_pool_ids'
		] as string[];
		t.is(pools.length, tags['constellation-role'] === 'control-plane' ? 1 : 0);
	}
	const nat = of('azurerm_public_ip').find(({name}) => name === 'demo-0a1b2c3d-nat')?.['ip_address'] as string;
	const open = Object.fromEntries(
		of('azurerm_network_security_rule').map(rule => [
			String(rule['destination_port_range']),
			(rule['source_address_prefixes'] as string[]).toSorted(),
		]),
	);
	const admins = ['203.0.113.0/24'];
	const everyone = [...admins, `${nat}/32`].toSorted();
	t.deepEqual(open, {6443: everyone, 8132: everyone, 30090: everyone, 9000: admins, 9999: admins, 30081: admins});
	for (const type of [
		'azurerm_lb',
		'azurerm_virtual_network',
		'azurerm_network_security_group',
		'azurerm_application_insights',
	]) {
		t.deepEqual(
			of(type).map(({tags}) => (tags as Values)['constellation-uid']),
			['0a1b2c3d'],
			type,
		);
	}
	t.like(await world.outputs(), {attestation_url: 'https://constell0a1b2c3d.weu.attest.example', network: '10.9.0.0/16'});

	t.deepEqual(await world.plan(variables), [], 'a second plan is empty');
	const changed = {
		...variables,
		node_groups: {
			...variables.node_groups,
			control_plane_default: group('control-plane', 5, {
				image: image.replace('1.0.0', '1.1.0'),
				instance_type: 'Standard_DC8as_v5',
			}),
		},
	};
	t.deepEqual(
		(await world.plan(changed)).map(({address, change}) => [address, ...change.actions]),
		[['azurerm_linux_virtual_machine_scale_set.group["control_plane_default"]', 'update']],
	);

	// Nobody named: only the nodes come in.
	await world.plan({...variables, source_ranges: []});
	await world.apply();
	const closed = (await world.resources()).filter(({type}) => type === 'azurerm_network_security_rule');
	t.deepEqual(
		closed.map(({values}) => values['source_address_prefixes']),
		[[`${nat}/32`], [`${nat}/32`], [`${nat}/32`]],
	);
	await world.destroy();
	t.deepEqual(world.clouds.read('azurerm').objects, {});
});

withTerraform('Azure: what would only fail later is refused by name before anything is made', async t => {
	const world = await moduleWorld(t, 'azure', ['azurerm']);
	const shapes = await world.refused({
		...variables,
		name: 'a'.repeat(27),
		node_groups: {a: group('control-plane', 1, {image: '/CommunityGalleries/x', disk_type: 'fast'})},
		cloud: {...variables.cloud, identity: '/subscriptions/s/resourcegroups/x', ssh_public_key: 'ssh-ed25519 x'},
	});
	for (const sentence of [/1 to 26 lower-case/, /with these capital letters/, /disk type is Premium_LRS/, /RSA keys only/])
		t.regex(shapes, sentence);
	const plain = {control_plane_default: group('control-plane', 1, {instance_type: 'Standard_D4s_v5'})};
	t.regex(await world.refused({...variables, node_groups: plain}), /is no confidential VM/);
	const trusted = await world.refused({...variables, cloud: {...variables.cloud, confidential: false}});
	t.regex(trusted, /runs confidential VMs only/);
	t.regex(trusted, /serve no images for trusted launch/);
	t.deepEqual(world.clouds.read('azurerm').log, []);
});

withTerraform('Azure identities: a group, an identity beside it, and a role with what nodes call', async t => {
	const world = await moduleWorld(t, 'iam/azure', ['azurerm']);
	const iam = {name_prefix: 'demo', cloud: {subscription: variables.cloud.subscription, location: 'westeurope'}};
	await world.plan(iam);
	await world.apply();
	const resources = await world.resources();
	const actions = resources
		.filter(({type}) => type === 'azurerm_role_definition')
		.flatMap(({values}) => (values['permissions'] as {actions: string[]}[])[0]?.actions ?? []);
	t.false(actions.some(action => action === '*' || action.startsWith('Microsoft.Authorization')));
	t.deepEqual(
		resources.filter(({type}) => type === 'azurerm_role_assignment').map(({values}) => values['role_definition_name']),
		['Managed Identity Operator', ''],
	);
	t.like((await world.outputs())['config'], {resourceGroup: 'demo', userAssignedIdentity: variables.cloud.identity});
	t.deepEqual(await world.plan(iam), []);
	await world.destroy();
	t.deepEqual(world.clouds.read('azurerm').objects, {});
});
