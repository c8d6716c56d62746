import test from 'ava';
import type {PlannedChange} from '../../src/events.ts';
import {awsPlanWords} from '../../src/providers/aws/describe.ts';
import {describeChange, planPreview} from '../../src/providers/plan-words.ts';

const change = (kind: string, name: string, action: PlannedChange['action']): PlannedChange => ({
	address: `${kind}.${name}`,
	action,
	kind,
});
const groups = [
	{name: 'worker_default', role: 'worker', count: 2, instanceType: 'm6a.xlarge', place: 'eu-west-1a', disk: '30 GB gp3'},
];
const changes = [
	change('aws_lb', 'control_plane', 'replace'),
	change('aws_eip', 'load_balancer', 'delete'),
	change('aws_nat_gateway', 'zone["a"]', 'create'),
	change('aws_nat_gateway', 'zone["b"]', 'create'),
	change('aws_autoscaling_group', 'group["worker_default"]', 'create'),
	change('aws_autoscaling_group', 'group["old"]', 'delete'),
	change('aws_moon', 'x', 'update'),
	change('aws_ami', 'group["worker_default"]', 'read'),
];

test('a plan is told by topic: machines first, then what it costs, who gets in, what goes and what is lost', t => {
	const preview = (list: readonly PlannedChange[]) =>
		planPreview(
			awsPlanWords,
			{groups, sourceRanges: ['198.51.100.0/24'], notes: []},
			list.flatMap(each => describeChange(awsPlanWords, each) ?? []),
		);
	const told = preview(changes);
	t.deepEqual(
		told.map(({title}) => title),
		[
			'Machines',
			'Disks',
			'Network',
			'Load balancer',
			'Other',
			'Who can reach it',
			'Costs money',
			'Goes or is replaced',
			'Cannot be undone',
		],
	);
	const lines = Object.fromEntries(told.map(part => [part.title, part.lines.join('\n')]));
	t.is(
		lines['Machines'],
		'worker_default: 2 workers, m6a.xlarge, eu-west-1a\ncreate 1 auto-scaling group\nremove 1 auto-scaling group',
	);
	t.regex(lines['Disks'] ?? '', /2 state disks of 30 GB gp3/);
	t.is(lines['Other'], 'change 1 aws_moon');
	t.regex(lines['Costs money'] ?? '', /^machines by the hour.*\none NAT gateway.*\nthe load balancer/);
	t.is(
		lines['Goes or is replaced'],
		'removed: aws_autoscaling_group.group["old"]\nremoved: aws_eip.load_balancer\nreplaced: aws_lb.control_plane',
	);
	t.regex(lines['Cannot be undone'] ?? '', /^State disks go.*\nThe address/);
	t.deepEqual(preview(changes.toReversed()), told, 'whatever the order in which Terraform says it');
	t.deepEqual(preview([]), []);
});
