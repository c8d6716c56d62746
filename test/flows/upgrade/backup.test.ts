import {existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {AppError} from '../../../src/errors.ts';
import {backUp} from '../../../src/flows/upgrade/backup.ts';
import {readBackup} from '../../../src/flows/upgrade/backup-manifest.ts';
import {updateDefinitions} from '../../../src/kubernetes/crds.ts';
import type {KubeObject} from '../../../src/kubernetes/kube.ts';
import {snapshotStore} from '../../../src/providers/local/snapshot.ts';
import {newUpgradeId, readPlan, storePlan, upgradeFolder, upgradeIds} from '../../../src/workspace/upgrade-folder.ts';
import {unused} from '../../helpers/unused.ts';
import {clusterObjects, components, filesIn, finish, world} from '../../helpers/upgrade-cluster.ts';

test('backup: everything is there, 0600, read back; secrets of the store stay encrypted; a second run keeps it', async t => {
	const objects = clusterObjects();
	const [first] = updateDefinitions;
	const old = structuredClone(first) as KubeObject & {spec: {group: string; versions: object[]}};
	old.spec.group = 'old.example';
	old.metadata.name = 'nodeversions.old.example';
	old.spec.versions = [
		{name: 'v1', served: true},
		{name: 'v1beta1', served: false},
	];
	objects['/apis/apiextensions.k8s.io/v1/customresourcedefinitions']?.push(old);
	const {deps, workspace} = await world(t, objects);
	const folder = upgradeFolder(workspace, newUpgradeId(new Date(2026, 0, 2, 3, 4, 5), Uint8Array.of(10, 27, 44, 61)));
	t.is(folder.id, 'upgrade-20260102030405-0a1b2c3d');
	const {value, events} = await finish(backUp(deps, folder));
	t.like(events.at(-2), {type: 'check', id: 'backup', state: 'ok'});
	t.deepEqual(value.notServed, ['old.example/v1 nodeversions', 'old.example/v1beta1 nodeversions']);
	const files = filesIn(folder.path);
	for (const name of [
		'backup.json',
		'control-plane.snapshot',
		'backups/crds/nodeversions.update.edgeless.systems.yaml',
		'backups/update.edgeless.systems/v1alpha1/NodeVersion/constellation-version.yaml',
		'backups/core/v1/kube-system/ConfigMap/join-config.yaml',
		`backups/core/v1/kube-system/ConfigMap/${components}.yaml`,
		'workspace/constellation-conf.yaml',
		'workspace/constellation-id.json',
		'terraform-backup/terraform.tfstate',
	])
		t.true(files.includes(name), name);
	t.false(files.some(name => name.includes('plugin') || name.includes('something-else') || name.endsWith('.tmp')));
	for (const name of files) t.is(statSync(path.join(folder.path, name)).mode & 0o777, 0o600, name);
	t.is(statSync(folder.path).mode & 0o777, 0o700);
	t.regex(
		readFileSync(
			path.join(folder.path, 'backups/update.edgeless.systems/v1alpha1/NodeVersion/constellation-version.yaml'),
			'utf8',
		),
		/kind: NodeVersion/,
	);
	t.false(readFileSync(folder.snapshot).includes('canary-canary'));
	t.deepEqual(await readBackup(folder), value);
	t.deepEqual((await finish(backUp({...deps, kube: unused, snapshot: unused}, folder))).value, value);
	t.deepEqual(await upgradeIds(workspace), [folder.id]);
	t.true(await storePlan(folder, '{}'));
	t.false(await storePlan(folder, '{"other": true}'), 'the plan applied is the plan reviewed');
	t.is(await readPlan(folder, 1000), '{}');
	for (const id of ['x', '../x', 'upgrade-1-2', `${folder.id}/..`])
		t.throws(() => upgradeFolder(workspace, id), {instanceOf: TypeError});
});

test('a backup that is not what was written is refused, with every problem; an unfinished one is none', async t => {
	const {deps, workspace} = await world(t);
	const folder = upgradeFolder(workspace, 'upgrade-20260102030405-0a1b2c3d');
	await t.throwsAsync(finish(backUp({...deps, snapshot: () => Promise.reject(new Error('killed'))}, folder)), {
		message: 'killed',
	});
	t.false(existsSync(folder.manifest));
	t.is(await readBackup(folder), undefined);
	await finish(backUp(deps, folder));
	const config = path.join(folder.path, 'workspace/constellation-conf.yaml');
	const text = readFileSync(config, 'utf8');
	writeFileSync(config, text.replace('demo', 'omed'));
	rmSync(path.join(folder.path, 'terraform-backup/terraform.tfstate'));
	const snapshot = readFileSync(folder.snapshot);
	writeFileSync(folder.snapshot, snapshot.subarray(0, 4096));
	const error = await t.throwsAsync(readBackup(folder), {instanceOf: AppError, code: 'backup-damaged'});
	t.deepEqual(error.problems.map(problem => problem.path).sort(), [
		'control-plane.snapshot',
		'terraform-backup/terraform.tfstate',
		'workspace/constellation-conf.yaml',
	]);
});

test('the list of a backup names nothing outside its folder, also where it is there and right', async t => {
	const {deps, workspace} = await world(t);
	const folder = upgradeFolder(workspace, 'upgrade-20260102030405-0a1b2c3d');
	await finish(backUp(deps, folder));
	const text = readFileSync(folder.manifest, 'utf8');
	const name = 'workspace/constellation-id.json';
	t.true(text.includes(name));
	for (const other of [`workspace/../${name}`, `./${name}`]) {
		writeFileSync(folder.manifest, text.replace(name, other));
		await t.throwsAsync(readBackup(folder), {instanceOf: AppError, code: 'backup-damaged'}, other);
	}
});

test('a snapshot is whole or not there', async t => {
	const {cluster} = await world(t);
	const file = path.join(cluster, 'copy');
	await snapshotStore(cluster, file);
	t.is(statSync(file).mode & 0o777, 0o600);
	const error = await t.throwsAsync(snapshotStore(path.join(cluster, 'missing'), path.join(cluster, 'other')), {
		instanceOf: AppError,
	});
	t.is(error.code, 'snapshot-failed');
	t.deepEqual(
		readdirSync(cluster).filter(name => /other|tmp/.test(name)),
		[],
	);
});
