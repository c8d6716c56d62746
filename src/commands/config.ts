import path from 'node:path';
import {accountFields, identityFields} from '../config/account-keys.ts';
import type {ConfigAnswers} from '../config/generate.ts';
import {configJsonSchema} from '../config/json-schema.ts';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import {checkConfigFile, createConfig} from '../flows/config-file.ts';
import {type CloudId, cloudIds, createCloudConfig, migrateConfigFile, variantNamed} from '../flows/config-tools.ts';
import type {Result} from '../output/output.ts';
import {type CommandInput, type CommandModule, numberFlag, textFlag} from './types.ts';

/** What the flags of a new cluster say; what they do not say is left out. */
export function answersFrom(input: CommandInput): Partial<ConfigAnswers> {
	const kubernetes = textFlag(input, 'kubernetes');
	const given = {
		name: textFlag(input, 'name'),
		controlPlanes: numberFlag(input, 'control-planes'),
		workers: numberFlag(input, 'workers'),
		kubernetesVersion: kubernetes === undefined || kubernetes.startsWith('v') ? kubernetes : `v${kubernetes}`,
		image: textFlag(input, 'image'),
	};
	return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

export const generate: CommandModule = async ({folder}, input) => {
	const cloud = cloudIds.find(id => id === input.argument);
	if (cloud !== undefined) return generateFor(cloud, folder, input);
	const misplaced = [...cloudFlags, ...new Set(allAccountFlags.map(({flag}) => flag))].filter(
		name => input.flags[name] !== undefined,
	);
	if (misplaced.length > 0) throw onlyForClouds(misplaced);
	const {file, config} = await createConfig(folder, answersFrom(input));
	return {
		command: 'config generate',
		data: {file, name: config.name, provider: 'local'},
		lines: [`${path.relative(process.cwd(), file)} is written.`, 'next   constellation apply   creates the cluster'],
	};
};

const accountFlags = (cloud: CloudId) => [...accountFields[cloud], ...identityFields[cloud]];

/** Flags that say something of the account, whatever the cloud. */
const allAccountFlags = cloudIds.flatMap(accountFlags);

const cloudFlags = ['attestation', 'region', 'zone', 'instance-type', 'source-ranges'] as const;

async function generateFor(cloud: CloudId, folder: string, input: CommandInput): Promise<Result> {
	const [variant, region, zone, instanceType, ranges] = cloudFlags.map(name => textFlag(input, name));
	const given = {
		variant: variant === undefined ? undefined : variantNamed(variant),
		region,
		zone,
		instanceType,
		sourceRanges: ranges?.split(',').map(range => range.trim()),
		account: accountFrom(cloud, input),
	};
	const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
	const {file, name, open} = await createCloudConfig(folder, cloud, {...answersFrom(input), ...said});
	const written = `${path.relative(process.cwd(), file)} is written.`;
	return {
		command: 'config generate',
		data: {file, name, provider: cloud, open},
		lines: [
			...(open.length === 0 ? [written] : [`${written} Fill in:`, ...problemLines(open)]),
			'next   constellation config validate   checks it',
		],
	};
}

function accountFrom(cloud: CloudId, input: CommandInput): Record<string, string> {
	const own = accountFlags(cloud);
	const misplaced = allAccountFlags.filter(({flag}) => input.flags[flag] !== undefined && !own.some(each => each.flag === flag));
	if (misplaced.length > 0)
		throw new AppError(`A config for ${cloud} has none of this.`, {
			code: 'usage',
			exitCode: exitCodes.usage,
			problems: misplaced.map(({flag}) => ({path: `--${flag}`, message: 'is for another cloud'})),
		});
	return Object.fromEntries(
		own.flatMap(({key, flag}) => {
			const value = textFlag(input, flag);
			return value === undefined ? [] : [[key, value]];
		}),
	);
}

const problemLines = (problems: readonly Problem[]): string[] =>
	problems.map(({path: place, message, fix}) => `  ${place}: ${message}${fix === undefined ? '' : `; ${fix}`}`);

const onlyForClouds = (flags: readonly string[]) =>
	new AppError('A local cluster has none of this.', {
		code: 'usage',
		exitCode: exitCodes.usage,
		problems: flags.map(flag => ({path: `--${flag}`, message: 'is for clouds only'})),
	});

export const validate: CommandModule = async ({folder}) => {
	const {file, config, warnings} = await checkConfigFile(folder);
	return {
		command: 'config validate',
		data: {file, name: config.name, warnings},
		lines: [`${path.relative(process.cwd(), file)} is valid.`, ...warnings.map(warning => `warning: ${warning}`)],
	};
};

export const migrate: CommandModule = async ({folder}) => {
	const {file, backup, notes, problems, warnings} = await migrateConfigFile(folder);
	const name = path.relative(process.cwd(), file);
	const open = problems.length === 0 ? [] : ['To do before it can be used:', ...problemLines(problems)];
	return {
		command: 'config migrate',
		data: {file, ...(backup === undefined ? {} : {backup}), notes, problems, warnings},
		lines:
			backup === undefined
				? [`${name} is version v3 already; nothing was changed.`]
				: [
						`${name} is version v3 now; the old text is in ${path.basename(backup)}.`,
						...notes.map(note => `  ${note}`),
						...open,
						...warnings.map(warning => `warning: ${warning}`),
					],
	};
};

export const schema: CommandModule = () => {
	const made = configJsonSchema();
	return Promise.resolve({
		command: 'config schema',
		data: {schema: made},
		lines: JSON.stringify(made, undefined, '\t').split('\n'),
	});
};
