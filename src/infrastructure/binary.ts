import {access, constants, realpath} from 'node:fs/promises';
import {delimiter, isAbsolute, join} from 'node:path';
import {execa} from 'execa';
import {gte, valid} from 'semver';
import {AppError, exitCodes} from '../errors.ts';
import {type Download, downloadedPath, pinnedDownload} from './download.ts';
import {terraformEnvironment} from './environment.ts';

export type TerraformBinary = {path: string; product: 'terraform' | 'opentofu'; version: string};

/** The oldest Terraform that has what our modules need. */
export const oldestTerraform = '1.4.6';

export type FindDeps = {env: NodeJS.ProcessEnv; dataHome: string; platform?: string; arch?: string};

const timeoutMs = 20_000;

/**
 * The Terraform to use: `terraform` on the PATH, then `tofu` on the PATH, then an OpenTofu downloaded earlier. Throws AppError
 * `terraform-missing` or `terraform-too-old` (exit 3); `details.offer` is the pinned download for this platform, if there is one.
 */
export const findTerraform = async ({
	env,
	dataHome,
	platform = process.platform,
	arch = process.arch,
}: FindDeps): Promise<TerraformBinary> => {
	const offer = pinnedDownload(platform, arch);
	const candidates = [
		...(await onPath('terraform', env)),
		...(await onPath('tofu', env)),
		...(offer === undefined ? [] : [downloadedPath(dataHome, offer)]),
	];
	const unusable: string[] = [];
	for (const path of candidates) {
		const found = await identify(path, env);
		if (found === undefined) continue;
		if (typeof found === 'string') unusable.push(`${path}: ${found}`);
		else if (gte(found.version, oldestTerraform)) return found;
		else unusable.push(`${path} is version ${found.version}`);
	}
	throw missing(unusable, offer);
};

const missing = (unusable: readonly string[], offer: Download | undefined): AppError =>
	new AppError(
		unusable.length === 0
			? 'Neither terraform nor tofu is on the PATH.'
			: `No usable Terraform: version ${oldestTerraform} or newer is needed; ${unusable.join('; ')}.`,
		{
			code: unusable.length === 0 ? 'terraform-missing' : 'terraform-too-old',
			exitCode: exitCodes.preflight,
			next: [
				`Install Terraform or OpenTofu ${oldestTerraform} or newer and put it on the PATH.`,
				...(offer === undefined
					? []
					: [
							`Or let the tool download OpenTofu ${offer.version} and check it against its pinned checksum: constellation doctor --install-opentofu, or CONSTELLATION_DOWNLOAD_OPENTOFU=1 for every command.`,
						]),
			],
			...(offer && {details: {offer}}),
		},
	);

/** What the program at `path` says it is; undefined when there is none, a reason when it does not answer as one should. */
const identify = async (path: string, env: NodeJS.ProcessEnv): Promise<TerraformBinary | string | undefined> => {
	try {
		await access(path, constants.X_OK);
	} catch {
		// Not there, or not a program.
		return undefined;
	}
	try {
		const {stdout} = await execa(path, ['version', '-json'], {
			extendEnv: false,
			env: terraformEnvironment(env, () => false),
			timeout: timeoutMs,
			maxBuffer: 1024 * 1024,
		});
		const answer: unknown = JSON.parse(stdout);
		const version =
			typeof answer === 'object' && answer !== null && 'terraform_version' in answer ? answer.terraform_version : undefined;
		if (typeof version !== 'string' || valid(version) === null) return 'it does not say its version';
		return {path, product: (await isOpenTofu(path)) ? 'opentofu' : 'terraform', version};
	} catch {
		// Whatever it is, it is not a working Terraform.
		return 'it does not answer to `version -json`';
	}
};

const isOpenTofu = async (path: string): Promise<boolean> => /tofu$/.test(path) || /tofu$/.test(await realpath(path));

/** Absolute paths of a program in the folders of PATH; relative folders are never searched. */
const onPath = (name: string, env: NodeJS.ProcessEnv): Promise<string[]> =>
	Promise.resolve(
		(env.PATH ?? '')
			.split(delimiter)
			.filter(folder => isAbsolute(folder))
			.map(folder => join(folder, name)),
	);
