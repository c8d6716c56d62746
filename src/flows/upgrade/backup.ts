import {readdir, readFile, rm} from 'node:fs/promises';
import path from 'node:path';
import {AppError, exitCodes} from '../../errors.ts';
import type {Flow} from '../../events.ts';
import {exists, fileNames, type Workspace, writeFileSafely} from '../../workspace/files.ts';
import type {UpgradeFolder} from '../../workspace/upgrade-folder.ts';
import {adminKube, requireInitialised} from '../cluster.ts';
import {type BackupManifest, formatManifest, readBackup, sha256Of} from './backup-manifest.ts';
import {objectFiles} from './backup-objects.ts';
import type {UpgradeDependencies} from './dependencies.ts';

type Written = BackupManifest['files'][number];

/**
 * Copies what an upgrade changes into its folder: the cluster's definitions, custom resources, join policy and component lists, the
 * workspace's config and identity, Terraform's files, and a snapshot of the control plane's store whose values stay encrypted. Each file
 * has mode 0600 and is written whole; the list of them is written last, and everything is read back. One that is complete stays as it is.
 */
export async function* backUp(deps: UpgradeDependencies, folder: UpgradeFolder): Flow<BackupManifest> {
	const {now, workspace} = deps;
	const known = await readBackup(folder);
	if (known !== undefined) return known;
	const {ids} = await requireInitialised(workspace);
	const {kube} = await adminKube(deps);
	yield {type: 'check', id: 'backup', title: 'backup', state: 'running', at: now()};
	const {files: objects, notServed} = await objectFiles(kube);
	const files: Written[] = [];
	for (const {path: name, content} of objects)
		files.push(await write(folder, path.posix.join('backups', ...name.split('/')), content));
	for (const name of [fileNames.config, fileNames.id])
		files.push(await write(folder, path.posix.join('workspace', name), await readFile(path.join(workspace.folder, name))));
	files.push(...(await copyTerraform(workspace, folder)));
	await rm(folder.snapshot, {force: true});
	await deps.snapshot(ids.uid, folder.snapshot);
	files.push(entryOf(path.basename(folder.snapshot), await readFile(folder.snapshot)));
	const created = new Date(now()).toISOString();
	await writeFileSafely(folder.manifest, formatManifest({v: 1, id: folder.id, created, cluster: ids.uid, files, notServed}));
	const read = await readBackup(folder);
	if (read === undefined) throw vanished();
	const detail = `${files.length} files, read back${notServed.length === 0 ? '' : `; no longer served: ${notServed.join(', ')}`}`;
	yield {type: 'check', id: 'backup', title: 'backup', state: 'ok', detail, at: now()};
	yield {
		type: 'file',
		path: path.relative(workspace.folder, folder.path),
		purpose: 'backup of what the upgrade changes; holds secrets',
		at: now(),
	};
	return read;
}

async function write(folder: UpgradeFolder, name: string, content: string | Uint8Array): Promise<Written> {
	await writeFileSafely(path.join(folder.path, name), content);
	return entryOf(name, Buffer.from(content));
}

const entryOf = (name: string, content: Uint8Array): Written => ({
	path: name,
	size: content.byteLength,
	sha256: sha256Of(content),
});

/** Terraform's module, variables and state; what `terraform init` downloads again is left out. */
async function copyTerraform(workspace: Workspace, folder: UpgradeFolder): Promise<Written[]> {
	const source = workspace.path('terraform');
	if (!(await exists(path.join(source, 'terraform.tfstate')))) throw noState();
	const entries = await readdir(source, {recursive: true, withFileTypes: true});
	const found: Written[] = [];
	for (const entry of entries) {
		const name = path.relative(source, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
		if (!entry.isFile() || name.startsWith('.terraform/')) continue;
		found.push(await write(folder, path.posix.join('terraform-backup', name), await readFile(path.join(source, name))));
	}
	return found;
}

function noState(): AppError {
	return new AppError('Terraform’s state is not in the workspace, so it cannot be backed up.', {
		code: 'terraform-outputs',
		exitCode: exitCodes.infrastructure,
		next: ['constellation apply   completes the machines'],
	});
}

function vanished(): AppError {
	return new AppError('The backup is gone before it could be read back; nothing was changed.', {
		code: 'backup-damaged',
		exitCode: exitCodes.preflight,
		next: ['Find out who removes files in this folder.'],
	});
}
