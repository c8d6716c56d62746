import {createHash} from 'node:crypto';
import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {parse} from 'yaml';
import {z} from 'zod';
import {AppError, exitCodes, type Problem} from '../../errors.ts';
import {checkSnapshot} from '../../providers/local/snapshot.ts';
import {readText} from '../../workspace/files.ts';
import type {UpgradeFolder} from '../../workspace/upgrade-folder.ts';

/** A path inside the folder of the upgrade: no step leads out of it. */
const relative = z
	.string()
	.max(1000)
	.refine(value => !path.posix.isAbsolute(value) && !value.split('/').some(part => ['', '.', '..'].includes(part)), {
		error: 'leads out of the folder',
	});

const manifestSchema = z.strictObject({
	v: z.literal(1),
	id: z.string(),
	/** ISO 8601. */
	created: z.iso.datetime(),
	cluster: z.string().regex(/^[\da-f]{8}$/),
	files: z.array(z.strictObject({path: relative, size: z.int().nonnegative(), sha256: z.string().regex(/^[\da-f]{64}$/)})),
	/** Versions of custom resources that the API server did not serve. */
	notServed: z.array(z.string()),
});
export type BackupManifest = z.infer<typeof manifestSchema>;

export const formatManifest = (manifest: BackupManifest): string =>
	`${JSON.stringify(manifestSchema.parse(manifest), undefined, '\t')}\n`;

export const sha256Of = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/**
 * Reads a whole backup from the disk and compares it with its list: every file is there, whole, and can be read. Undefined where there is
 * no list, which is written last: then the backup is not complete. Throws AppError `backup-damaged` with every problem.
 */
export async function readBackup(folder: UpgradeFolder): Promise<BackupManifest | undefined> {
	const text = await readText(folder.manifest, 16 * 1024 * 1024);
	if (text === undefined) return undefined;
	const manifest = parseManifest(text);
	const problems = await Promise.all(manifest.files.map(file => problemOf(folder, file)));
	const found = problems.filter(problem => problem !== undefined);
	if (found.length > 0) throw damaged(found);
	return manifest;
}

function parseManifest(text: string): BackupManifest {
	try {
		return manifestSchema.parse(JSON.parse(text));
	} catch {
		throw damaged([{path: 'backup.json', message: 'is no list of a backup'}]);
	}
}

async function problemOf(folder: UpgradeFolder, file: BackupManifest['files'][number]): Promise<Problem | undefined> {
	const absolute = path.join(folder.path, file.path);
	try {
		const {mode, size} = await stat(absolute);
		if (size !== file.size) return {path: file.path, message: `has ${size} bytes, ${file.size} were written`};
		if ((mode & 0o077) !== 0) return {path: file.path, message: 'can be read by others'};
		const content = await readFile(absolute);
		if (sha256Of(content) !== file.sha256) return {path: file.path, message: 'holds something else than was written'};
		if (absolute === folder.snapshot) checkSnapshot(absolute);
		else if (file.path.endsWith('.yaml')) parse(content.toString('utf8'));
		else if (file.path.endsWith('.json') || file.path.endsWith('.tfstate')) JSON.parse(content.toString('utf8'));
		return undefined;
	} catch (error) {
		return {path: file.path, message: `cannot be read: ${error instanceof Error ? error.message : String(error)}`};
	}
}

function damaged(problems: readonly Problem[]): AppError {
	return new AppError('The backup cannot be read back; nothing was changed.', {
		code: 'backup-damaged',
		exitCode: exitCodes.preflight,
		problems,
		next: ['Look at the disk, then run the command again: it makes a new backup.'],
	});
}
