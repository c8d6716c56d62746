import test from 'ava';
import {generateConfig} from '../../src/config/generate.ts';
import {type SizeWishes, sizeQuestion, sizesFor, withSizes} from '../../src/config/group-sizes.ts';
import {parseConfig} from '../../src/config/load.ts';
import type {AppError} from '../../src/errors.ts';
import {awsConfig} from '../helpers/cloud-config.ts';

/** A config for AWS with these node groups. */
const withGroups = (groups: string): string =>
	awsConfig().replace(/nodeGroups:\n(?: {2}.*\n)+/u, groups === '' ? '' : `nodeGroups:\n${groups}`);

const controlPlanes = '  masters: {role: control-plane, count: 3}\n';
const manyGroups = withGroups(`${controlPlanes}  batch: {role: worker, count: 1} # by night\n  web: {role: worker, count: 2}\n`);
/** As the rewriting spaces it. */
const spaced = (text: string): string => text.replaceAll(/([[{])(.+)([}\]])/gu, '$1 $2 $3');
const alone = withGroups(`${controlPlanes}  batch: {role: worker, count: 1}\n`);

const meant: [string, string, SizeWishes, object | RegExp][] = [
	['the default groups', awsConfig(), {controlPlanes: 5, workers: 4}, {control_plane_default: 5, worker_default: 4}],
	['the groups of a local cluster', generateConfig(), {group: {name: 'worker_default', nodes: 4}}, {worker_default: 4}],
	['the only group of a role', alone, {controlPlanes: 5, workers: 4}, {masters: 5, batch: 4}],
	['a group by name beside a role', manyGroups, {controlPlanes: 5, group: {name: 'batch', nodes: 0}}, {masters: 5, batch: 0}],
	['one of several', manyGroups, {workers: 4}, /several groups of workers.*batch \(worker, 1\), web \(worker, 2\)/],
	['none', withGroups(controlPlanes), {workers: 4}, /no group of workers/],
	[
		'a default name with another role',
		withGroups('  worker_default: {role: control-plane, count: 1}\n'),
		{workers: 4},
		/no group of/,
	],
	['an unknown one', manyGroups, {group: {name: 'bach', nodes: 1}}, /no node group bach.*masters \(control-plane, 3\), batch/],
	['what every object has', manyGroups, {group: {name: 'constructor', nodes: 1}}, /no node group constructor/],
	['one twice', alone, {workers: 4, group: {name: 'batch', nodes: 5}}, /batch is given two sizes/],
];
for (const [title, text, wishes, expected] of meant)
	test(`sizes: ${title}`, t => {
		const sizes = () => sizesFor(parseConfig(text), wishes);
		if (!(expected instanceof RegExp)) t.deepEqual(sizes(), expected);
		else {
			const error = t.throws<AppError>(sizes, {code: 'usage'});
			t.regex(`${error.message} ${error.next.join(' ')}`, expected);
		}
	});

test('sizes are written where the config says them, and nothing else changes', t => {
	const several = spaced(manyGroups);
	t.is(withSizes(several, {batch: 7}), several.replace('count: 1', 'count: 7'));
	t.is(withSizes(several, {batch: 1}), several);
	const later = several.replace('count: 1', 'initialCount: 1');
	t.is(withSizes(later, {batch: 7}), later.replace('initialCount: 1', 'initialCount: 7'));
	const both = several.replace('count: 1', 'count: 1, initialCount: 1');
	t.is(withSizes(both, {batch: 7}), both.replace('count: 1, initialCount: 1', 'count: 7, initialCount: 7'));
	const silent = withGroups('');
	t.deepEqual(
		parseConfig(withSizes(silent, {worker_default: 7})),
		parseConfig(awsConfig({workers: 7}).replace('count: 3', 'count: 1')),
	);
	t.throws(() => withSizes(several, {batch: 201}), {code: 'invalid-config'});
});

test('the question before a change says from how many to how many, and what ends', t => {
	const config = (workers: number, count = 1) => parseConfig(generateConfig({workers, controlPlanes: count}));
	t.is(sizeQuestion(config(1), config(3)), 'Scale worker_default from 1 to 3?');
	t.is(
		sizeQuestion(config(3), config(1, 3)),
		'Scale control_plane_default from 1 to 3 and worker_default from 3 to 1? Workloads of removed nodes end.',
	);
	t.regex(sizeQuestion(config(2), config(2)), /asks for these sizes already/);
});
