import {execFileSync} from 'node:child_process';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {generateConfig} from '../../src/config/generate.ts';
import {AppError} from '../../src/errors.ts';
import {readDraft, removeDraft, writeDraft} from '../../src/workspace/draft.ts';
import {
	prepareFolder,
	readText,
	removeUnfinished,
	workspaceAt,
	writeFileOnce,
	writeFileSafely,
} from '../../src/workspace/files.ts';
import {addIgnoreRules, gitReport, refuseCheckout} from '../../src/workspace/folder.ts';
import {ensureMasterSecret, readMasterSecret} from '../../src/workspace/master-secret.ts';
import {readStamp, writeStamp} from '../../src/workspace/stamp.ts';
import {readFacts, stateOf} from '../../src/workspace/state.ts';

const workspace = () => workspaceAt(mkdtempSync(path.join(tmpdir(), 'workspace-')));

test('files are replaced whole, with mode 0600, and leave nothing beside them', async t => {
	const {folder} = workspace();
	const file = path.join(folder, 'a/b');
	await writeFileSafely(file, 'one');
	await writeFileSafely(file, 'two');
	t.is(readFileSync(file, 'utf8'), 'two');
	t.is(statSync(file).mode & 0o777, 0o600);
	t.false(await writeFileOnce(file, 'three'));
	t.true(await writeFileOnce(`${file}2`, 'four'));
	t.deepEqual(readdirSync(path.join(folder, 'a')).sort(), ['b', 'b2']);
	t.is(await readText(path.join(folder, 'nowhere')), undefined);
	await t.throwsAsync(readText(file, 2), {instanceOf: AppError});
});

test('what a killed run left of a file it was writing is removed, and nothing else', async t => {
	const place = workspace();
	await prepareFolder(place);
	const ending = '0123456789ab.tmp';
	mkdirSync(place.path('receipts'));
	const gone = [
		`constellation-mastersecret.json.${ending}`,
		`.constellation/workspace.json.${ending}`,
		`constellation-receipts/2026-11-22T18-30-00Z-apply.cbor.${ending}`,
	];
	const kept = [
		`notes.${ending}`,
		`.constellation/lock.json.${ending}`,
		'constellation-mastersecret.json',
		'constellation-id.json.bak',
		'constellation-receipts/2026-11-22T18-30-00Z-apply.cbor',
	];
	for (const name of [...gone, ...kept]) writeFileSync(path.join(place.folder, name), '');
	await removeUnfinished(place);
	t.deepEqual(
		[...gone, ...kept].filter(name => existsSync(path.join(place.folder, name))),
		kept,
	);
});

test('a folder that cannot be written says so before anything else happens', async t => {
	const {folder} = workspace();
	// Root may write everywhere: a file where a folder is wanted fails for everybody.
	writeFileSync(path.join(folder, 'file'), '');
	const error = await t.throwsAsync(prepareFolder(workspaceAt(path.join(folder, 'file'))), {instanceOf: AppError});
	t.is(error.exitCode, 3);
	const readOnly = workspaceAt(path.join(folder, 'read-only'));
	mkdirSync(readOnly.folder);
	chmodSync(readOnly.folder, 0o500);
	if (process.getuid?.() !== 0)
		t.is((await t.throwsAsync(prepareFolder(readOnly), {instanceOf: AppError})).code, 'folder-read-only');
	chmodSync(readOnly.folder, 0o700);
	await prepareFolder(readOnly);
	t.deepEqual(readdirSync(readOnly.path('own')), []);
	t.is(statSync(readOnly.path('own')).mode & 0o777, 0o700);
});

test('a folder that was made for nothing goes again, with those above it; what holds something stays', async t => {
	const {folder} = workspace();
	const mistyped = workspaceAt(path.join(folder, 'some', 'where'));
	const removeEmpty = await prepareFolder(mistyped);
	t.true(existsSync(mistyped.path('own')));
	await removeEmpty();
	t.false(existsSync(path.join(folder, 'some')));
	t.true(existsSync(folder));
	const used = await prepareFolder(mistyped);
	writeFileSync(path.join(mistyped.folder, 'note'), '');
	await used();
	t.deepEqual(readdirSync(mistyped.folder), ['note']);
	const there = workspaceAt(folder);
	await prepareFolder(there);
	await (await prepareFolder(there))();
	t.true(existsSync(there.path('own')), 'it was there before');
});

test('the master secret is made once and never replaced', async t => {
	const place = workspace();
	const first = await ensureMasterSecret(place);
	t.true(first.created);
	t.is(statSync(place.path('masterSecret')).mode & 0o777, 0o600);
	const second = await ensureMasterSecret(place);
	t.false(second.created);
	t.is(Buffer.compare(second.secret.key.reveal(), first.secret.key.reveal()), 0);
	writeFileSync(place.path('masterSecret'), '{"key": "AAA');
	await t.throwsAsync(readMasterSecret(place), {instanceOf: AppError});
	await t.throwsAsync(ensureMasterSecret(place), {instanceOf: AppError});
});

test('a workspace of a newer release is refused and the version named', async t => {
	const place = workspace();
	t.is((await readStamp(place)).version, 1);
	await writeStamp(place, {policyGeneration: 3});
	t.is((await readStamp(place)).policyGeneration, 3);
	writeFileSync(place.path('stamp'), '{"version": 7, "tool": "9.1.0"}');
	const error = await t.throwsAsync(readStamp(place), {instanceOf: AppError});
	t.is(error.exitCode, 3);
	t.regex(error.message, /9\.1\.0/);
	await t.throwsAsync(writeStamp(place), {instanceOf: AppError});
	writeFileSync(place.path('stamp'), '{torn');
	t.is((await readStamp(place)).policyGeneration, 0);
	writeFileSync(path.join(place.folder, 'constellation-state.yaml'), '');
	t.is((await t.throwsAsync(readStamp(place), {instanceOf: AppError})).code, 'workspace-newer');
});

test('the files tell where a workspace stands', async t => {
	const place = workspace();
	const state = async () => stateOf(await readFacts(place));
	t.is(await state(), 'empty');
	writeFileSync(place.path('config'), generateConfig());
	t.is(await state(), 'configured');
	mkdirSync(place.path('terraform'));
	writeFileSync(path.join(place.path('terraform'), 'terraform.tfstate'), '{"resources": [{}]}');
	t.is(await state(), 'interrupted');
	writeFileSync(place.path('id'), '{"uid": "0a1b2c3d", "ip": "127.44.7.1"}');
	t.is(await state(), 'created');
	await ensureMasterSecret(place);
	t.is(await state(), 'init-tried');
	writeFileSync(place.path('id'), `{"uid": "0a1b2c3d", "ip": "127.44.7.1", "clusterID": "${'ab'.repeat(32)}"}`);
	t.is(await state(), 'kubeconfig-lost');
	writeFileSync(place.path('kubeconfig'), '');
	t.is(await state(), 'initialised');
	t.is(
		stateOf({config: true, id: false, address: false, clusterId: false, masterSecret: true, kubeconfig: false, resources: false}),
		'terminated',
	);
});

test('the tool’s own checkout is refused; a git tree is reported and gets ignore rules', async t => {
	const {folder} = workspace();
	for (const name of ['src', 'terraform', 'proto']) mkdirSync(path.join(folder, name));
	writeFileSync(path.join(folder, 'src/cli.ts'), '');
	writeFileSync(path.join(folder, 'package.json'), '{\n  "name": "constellation"\n}');
	t.is((await t.throwsAsync(refuseCheckout(workspaceAt(folder)), {instanceOf: AppError})).code, 'tool-checkout');
	await t.throwsAsync(refuseCheckout(workspaceAt(path.join(folder, 'src/deep'))), {instanceOf: AppError});
	await t.notThrowsAsync(refuseCheckout(workspaceAt(path.join(folder, 'demo'))));

	const place = workspaceAt(path.join(folder, 'demo'));
	mkdirSync(place.folder);
	execFileSync('git', ['init', '-q', folder]);
	t.deepEqual(await gitReport(place), {root: folder, ignored: false});
	writeFileSync(path.join(place.folder, '.gitignore'), 'mine');
	await addIgnoreRules(place);
	await addIgnoreRules(place);
	t.deepEqual(await gitReport(place), {root: folder, ignored: true});
	for (const file of ['masterSecret', 'id', 'kubeconfig'] as const) writeFileSync(place.path(file), '');
	symlinkSync('/nowhere', path.join(place.folder, 'link'));
	t.regex(readFileSync(path.join(place.folder, '.gitignore'), 'utf8'), /^mine\n/);
	t.is(
		execFileSync('git', ['-C', place.folder, 'status', '--porcelain', '-uall', '.'], {encoding: 'utf8'}).includes(
			'constellation-',
		),
		false,
	);
	t.is(await gitReport(workspace()), undefined);
});

test('drafts of a reasonable size are kept', async t => {
	const {folder} = workspace();
	const file = path.join(folder, 'drafts/draft.json');
	t.is(await readDraft(file), undefined);
	await writeDraft(file, '{"name": "demo"}');
	await writeDraft(file, 'x'.repeat(100_000));
	t.is(await readDraft(file), '{"name": "demo"}');
	await removeDraft(file);
	t.false(existsSync(file));
});
