import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {build} from 'esbuild';
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
	const main = join(folder, 'provider.mjs');
	await writeFile(main, await bundle());
	for (const name of providers) {
		const {source, version} = loadSchema(name);
		const place = join(mirror, source, version, platform());
		await mkdir(place, {recursive: true});
		const program = join(place, `terraform-provider-${source.split('/').at(-1) ?? name}_v${version}`);
		await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${main}" ${name} "${folder}"\n`);
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

let bundled: Promise<Uint8Array> | undefined;

/** The provider as one file: Terraform starts it several times a command, and from its sources each start takes half a second. */
const bundle = (): Promise<Uint8Array> => {
	bundled ??= build({
		entryPoints: [join(import.meta.dirname, 'main.ts')],
		bundle: true,
		write: false,
		minify: true,
		platform: 'node',
		format: 'esm',
		define: {'import.meta.dirname': JSON.stringify(import.meta.dirname)},
		banner: {js: "import {createRequire} from 'node:module'; const require = createRequire('file:///');"},
	}).then(({outputFiles: [file]}) => file?.contents ?? new Uint8Array());
	return bundled;
};

const platform = () => `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
