import {mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {findCloudCluster} from '../../../src/flows/cloud/terminate.ts';
import {contentsOf, existingIn} from '../../../src/flows/cloud/terraform.ts';
import {recordOf} from '../../../src/process.ts';
import {workspaceAt} from '../../../src/workspace/files.ts';
import {openJournal} from '../../../src/workspace/journal.ts';

test('a state that was cut off is repaired from its backup, but never under a Terraform that still writes it', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'state-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const file = join(folder, 'terraform.tfstate');
	t.is(await contentsOf(folder), undefined);
	t.deepEqual(await existingIn(folder), {anything: false, groups: []});
	const group = {mode: 'managed', type: 'aws_autoscaling_group', instances: [{index_key: 'worker_default'}]};
	await writeFile(`${file}.backup`, JSON.stringify({version: 4, serial: 1, resources: [group]}));
	await writeFile(file, '{"half');

	await writeFile(join(folder, 'run.json'), JSON.stringify({...recordOf(process.pid), command: 'apply'}));
	const reading = contentsOf(folder);
	await writeFile(file, JSON.stringify({version: 4, serial: 2, resources: []}));
	t.is((await reading)?.serial, 2, 'what Terraform wrote counts, not the backup');

	await rm(join(folder, 'run.json'));
	await writeFile(file, '{"half');
	t.deepEqual(await existingIn(folder), {anything: true, groups: ['worker_default']});
	t.is(await readFile(file, 'utf8'), await readFile(`${file}.backup`, 'utf8'));

	await rm(`${file}.backup`);
	await writeFile(file, '{"half');
	for (const look of [contentsOf, existingIn])
		await t.throwsAsync(look(folder), {code: 'state-unreadable'}, 'what cannot be read is not nothing');
	await writeFile(file, '');
	t.is(await contentsOf(folder), undefined, 'the lock of a plan that was killed');
});

test('an empty state is nothing after a killed plan, and a loss after an apply was begun', async t => {
	const workspace = workspaceAt(await mkdtemp(join(tmpdir(), 'state-')));
	t.teardown(() => rm(workspace.folder, {recursive: true}));
	const folder = workspace.path('terraform');
	await mkdir(folder);
	await writeFile(join(folder, 'main.tf'), 'provider "aws" {}');
	await writeFile(join(folder, 'terraform.tfstate'), '');
	await writeFile(workspace.path('id'), JSON.stringify({uid: '0123abcd', cloudprovider: 'AWS'}));
	t.is((await findCloudCluster(workspace))?.contents.total, 0, 'what the lock of a killed plan leaves');
	await (await openJournal(workspace, Date.now)).intent('apply');
	await t.throwsAsync(findCloudCluster(workspace), {code: 'state-unreadable'});
});
