import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {type CloudFile, openCloud} from './cloud.ts';
import {loadSchema, type ProviderName, providerNames} from './schema.ts';

export type SimulatedClouds = {
	/** Value of TF_CLI_CONFIG_FILE with which Terraform finds the simulated providers, and no others. */
	configFile: string;
	read: (provider: ProviderName) => CloudFile;
	change: (provider: ProviderName, edit: (cloud: CloudFile) => void) => void;
};

/** Puts the simulated providers where `terraform init` looks for providers: a mirror in `folder`. */
export const installProviders = async (
	folder: string,
	providers: readonly ProviderName[] = providerNames,
): Promise<SimulatedClouds> => {
	const mirror = join(folder, 'mirror');
	for (const name of providers) {
		const {source, version} = loadSchema(name);
		const place = join(mirror, source, version, platform());
		await mkdir(place, {recursive: true});
		const program = join(place, `terraform-provider-${source.split('/').at(-1) ?? name}_v${version}`);
		const main = join(import.meta.dirname, 'main.ts');
		await writeFile(
			program,
			`#!/bin/sh\nexec "${process.execPath}" --disable-warning=ExperimentalWarning "${main}" ${name} "${folder}"\n`,
		);
		await chmod(program, 0o755);
	}
	const configFile = join(folder, 'terraform.rc');
	await writeFile(configFile, `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
	const cloud = (name: ProviderName) => openCloud(join(folder, `${name}.json`));
	return {
		configFile,
		read: name => cloud(name).read(),
		change: (name, edit) => cloud(name).change(edit),
	};
};

const platform = () => `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
