import test from 'ava';
import type {CloudId} from '../../src/providers/catalogues.ts';
import {settleEdits} from '../../src/providers/config-changes.ts';

const group = (role: string, count: number, more: object = {}) => ({
	role,
	count,
	image: 'image-1',
	instance_type: 'type-1',
	zone: 'zone-a',
	disk_size: 30,
	disk_type: 'fast',
	...more,
});
const made = (more: object = {}) => ({
	name: 'demo',
	node_groups: {control_plane_default: group('control-plane', 3), worker_default: group('worker', 2), spare: group('worker', 1)},
	cloud: {region: 'here', zone: 'zone-a', sev_snp: true, location: 'here', technology: 'SEV', project: 'p'},
	...more,
});
const groups = ['control_plane_default', 'worker_default', 'spare'];
const all = {anything: true, groups};
const groupsWith = (name: string, more: object) => {
	const {node_groups: before} = made();
	return made({node_groups: {...before, [name]: {...before[name as keyof typeof before], ...more}}});
};
const settle = (cloud: CloudId, wanted: object, existing = all) => {
	const {refusals, notes, variables} = settleEdits(cloud, made(), wanted as Record<string, unknown>, existing);
	return {paths: refusals.map(({path}) => path), notes, groups: variables['node_groups'] as Record<string, {count: number}>};
};

test('nothing was made, or nothing was edited: nothing to say', t => {
	const wanted = made({name: 'other', cloud: {}});
	for (const before of [undefined, made()])
		t.deepEqual(settleEdits('aws', before, wanted, {anything: before === undefined, groups: []}), {
			refusals: [],
			notes: [],
			variables: wanted,
		});
	for (const cloud of ['aws', 'azure', 'gcp', 'openstack', 'stackit'] as const)
		t.like(settle(cloud, made()), {paths: [], notes: []});
});

const refused: [CloudId, object, string][] = [
	['aws', made({name: 'other'}), 'name'],
	['aws', made({cloud: {...made().cloud, region: 'there'}}), 'provider.aws.region'],
	['aws', made({cloud: {...made().cloud, zone: 'zone-b'}}), 'provider.aws.zone'],
	['azure', made({cloud: {...made().cloud, location: 'there'}}), 'provider.azure.location'],
	['gcp', made({cloud: {...made().cloud, project: 'q'}}), 'provider.gcp.project'],
	['openstack', made({cloud: {...made().cloud, region: 'there'}}), 'provider.openstack.regionName'],
	['stackit', made({cloud: {...made().cloud, project: 'q'}}), 'provider.openstack.stackitProjectID'],
	['aws', made({cloud: {...made().cloud, sev_snp: false}}), 'attestation'],
	['gcp', made({cloud: {...made().cloud, technology: 'SEV_SNP'}}), 'attestation'],
	['azure', groupsWith('control_plane_default', {zone: 'zone-b'}), 'nodeGroups.control_plane_default.zone'],
	['gcp', groupsWith('spare', {role: 'control-plane'}), 'nodeGroups.spare.role'],
	['openstack', groupsWith('control_plane_default', {count: 1}), 'nodeGroups.control_plane_default.count'],
	['aws', made({node_groups: {other: group('control-plane', 1)}}), 'nodeGroups.control_plane_default'],
];
for (const [cloud, wanted, path] of refused)
	test(`${cloud}: ${path} of a cluster that is there does not change`, t => {
		t.deepEqual(settle(cloud, wanted).paths, [path]);
		t.deepEqual(settle(cloud, wanted, {anything: false, groups: []}).paths, [], 'before anything is there it does');
	});

test('the variant changes as long as there are no machines; the region does not', t => {
	const bare = {anything: true, groups: []};
	t.deepEqual(settle('aws', made({cloud: {...made().cloud, sev_snp: false}}), bare).paths, []);
	t.deepEqual(settle('aws', made({cloud: {...made().cloud, region: 'there'}}), bare).paths, ['provider.aws.region']);
});

const noted: [string, CloudId, object, RegExp, number][] = [
	[
		'worker_default',
		'aws',
		{count: 4},
		/has 2 machines, and the config says 4: apply leaves that; constellation scale --group worker_default --nodes 4\.$/,
		2,
	],
	['spare', 'azure', {count: 4}, /has 1 machine, .*; constellation scale --group spare --nodes 4\.$/, 1],
	['worker_default', 'openstack', {count: 4, image: 'image-2'}, /keep the image image-1; new ones get the other\.$/, 4],
	['worker_default', 'gcp', {image: 'image-2'}, /keep the image image-1; so do new ones\.$/, 2],
	['worker_default', 'gcp', {instance_type: 'type-2'}, /keeps type-1, 30 GB fast: .* Add a group for type-2, 30 GB fast\.$/, 2],
	['worker_default', 'aws', {disk_size: 50}, /that run keep type-1, 30 GB fast; new ones get type-1, 50 GB fast\.$/, 2],
	['worker_default', 'aws', {zone: 'zone-b'}, /ends its machines without draining them\.$/, 2],
];
for (const [name, cloud, edit, sentence, count] of noted)
	test(`${cloud}: what ${JSON.stringify(edit)} does and does not do is said`, t => {
		const {paths, notes, groups: kept} = settle(cloud, groupsWith(name, edit));
		t.deepEqual(paths, []);
		t.is(notes.length, 1, notes.join('\n'));
		t.regex(notes[0] ?? '', sentence);
		t.is(kept[name]?.count, count);
		// A group that could not be made yet takes every edit.
		const open = settle(cloud, groupsWith(name, edit), {anything: true, groups: groups.filter(each => each !== name)});
		t.deepEqual([open.notes, open.groups[name]?.count], [[], (edit as {count?: number}).count ?? kept[name]?.count]);
	});
