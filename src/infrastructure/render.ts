import {chmod, mkdir, readdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/**
 * Writes constellation-terraform/: a copy of the module and terraform.tfvars.json, folder 0700, files 0600. Files of an older version of
 * the module are replaced or removed; Terraform's own (state, backup, lock) stay. `variables` must hold no secret: they end up in the state.
 */
export const renderFolder = async (
	folder: string,
	module: string,
	variables: Readonly<Record<string, unknown>>,
): Promise<void> => {
	await mkdir(folder, {recursive: true, mode: 0o700});
	await chmod(folder, 0o700);
	const files = (await readdir(module)).filter(isModuleFile);
	for (const stale of (await readdir(folder)).filter(isModuleFile)) {
		if (!files.includes(stale)) await rm(join(folder, stale));
	}
	for (const name of files) await replace(join(folder, name), await readFile(join(module, name), 'utf8'));
	await replace(join(folder, 'terraform.tfvars.json'), `${JSON.stringify(variables, undefined, '\t')}\n`);
};

const isModuleFile = (name: string) => name.endsWith('.tf') || name.endsWith('.tftpl');

const replace = (path: string, content: string) => writeFileAtomic(path, content, {mode: 0o600});
