import {type Document, isMap, parseDocument} from 'yaml';
import type {z} from 'zod';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import {type Config, configSchema, maxNodes, plannedProviders} from './schema.ts';
import {similarTo} from './similar.ts';

/** Largest config file that is read, in bytes. */
export const maxConfigSize = 1024 * 1024;

const knownKeys = [
	...['version', 'image', 'name', 'stateDiskSizeGB', 'kubernetesVersion', 'microserviceVersion', 'debugCluster', 'provider'],
	...['nodeGroups', 'attestation', 'control_plane_default', 'worker_default', 'role', 'count', 'local', 'localVTPM'],
	...['measurements', 'makerKey', 'releaseKey', 'expected', 'warnOnly'],
];

function unknownKey(path: readonly PropertyKey[], key: string): Problem {
	const full = [...path, key].join('.');
	if (path.join('.') === 'provider' && plannedProviders.some(name => name === key))
		return {path: full, message: `the ${key} provider is not built yet`, fix: 'use `local: {}`'};
	const meant = similarTo(key, knownKeys);
	return {path: full, message: 'unknown key', fix: meant === undefined ? 'remove it' : `did you mean ${meant}?`};
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
	if (issue.code === 'unrecognized_keys') return issue.keys.map(key => unknownKey(issue.path, key));
	const path = issue.path.join('.');
	if (issue.code === 'invalid_union') {
		// A measurement is a value or a map; the map's problems say more where a map was given.
		const nested = issue.errors.flat().filter(inner => inner.code !== 'invalid_type' || inner.path.length > 0);
		if (nested.length > 0) return nested.flatMap(inner => problemsOf({...inner, path: [...issue.path, ...inner.path]}));
		return [{path, message: 'must be a register value or a map of expected and warnOnly'}];
	}
	if (issue.code === 'invalid_key') return [{path, message: issue.issues[0]?.message ?? 'is no valid key'}];
	if (issue.code === 'invalid_type' && issue.input === undefined) return [{path, message: 'is missing', fix: `add ${path}`}];
	const fix: unknown = issue.code === 'custom' ? issue.params?.['fix'] : undefined;
	return [{path, message: issue.message, ...(typeof fix === 'string' ? {fix} : {})}];
}

/** Rules between keys. */
function crossProblems(config: Config): Problem[] {
	const problems: Problem[] = [];
	const {control_plane_default: controlPlanes, worker_default: workers} = config.nodeGroups;
	if (controlPlanes.count + workers.count > maxNodes)
		problems.push({
			path: 'nodeGroups',
			message: `more than ${maxNodes} nodes`,
			fix: `lower a count: the local provider has ${maxNodes} addresses`,
		});
	if (config.debugCluster)
		problems.push({path: 'debugCluster', message: 'the local provider has no debug images', fix: 'write false'});
	return problems;
}

/** What is allowed and still deserves a word. */
export function configWarnings(config: Config): string[] {
	const {count} = config.nodeGroups.control_plane_default;
	if (count % 2 === 0) return [`${count} control planes survive no more failures than ${count - 1}; use an odd number.`];
	return [];
}

/** Checks a config value; every problem at once. */
export function checkConfig(value: unknown): {config: Config; problems: []} | {config?: never; problems: Problem[]} {
	const result = configSchema.safeParse(value, {reportInput: true});
	if (!result.success) return {problems: result.error.issues.flatMap(issue => problemsOf(issue))};
	const problems = crossProblems(result.data);
	return problems.length > 0 ? {problems} : {config: result.data, problems: []};
}

function parseYaml(text: string): Document.Parsed {
	if (Buffer.byteLength(text) > maxConfigSize) throw invalid([{path: '', message: `larger than ${maxConfigSize} bytes`}]);
	const document = parseDocument(text, {prettyErrors: true});
	if (document.errors.length > 0) {
		throw invalid(
			document.errors.map(error => ({
				path: `line ${error.linePos?.[0].line ?? 1}`,
				message: error.message.split('\n')[0] ?? error.code,
			})),
		);
	}
	return document;
}

function invalid(problems: readonly Problem[]): AppError {
	const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
	return new AppError(`The config has ${count}.`, {
		code: 'invalid-config',
		exitCode: exitCodes.usage,
		problems,
		next: ['Correct the values named above, then run `constellation config validate`.'],
	});
}

function refuseOtherVersions(value: unknown): void {
	const version: unknown = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
	if (typeof version !== 'string' || version === 'v3' || !/^v\d+$/.test(version)) return;
	const newer = Number(version.slice(1)) > 3;
	throw new AppError(`The config has version ${version}; this tool reads v3.`, {
		code: newer ? 'config-newer' : 'config-older',
		exitCode: exitCodes.preflight,
		next: [
			newer
				? 'Use the newer constellation that wrote this file.'
				: 'Generate a new config with `constellation config generate local`.',
		],
		details: {version},
	});
}

/**
 * Reads a config file. Throws AppError `invalid-config` with every problem and its path, and `config-newer` or `config-older`
 * for other versions of the format.
 */
export function parseConfig(text: string): Config {
	const document = parseYaml(text);
	if (!isMap(document.contents))
		throw invalid([
			{path: '', message: 'is empty or no map of keys', fix: 'generate one with `constellation config generate local`'},
		]);
	const value: unknown = document.toJS({maxAliasCount: 10});
	refuseOtherVersions(value);
	const {config, problems} = checkConfig(value);
	if (config === undefined) throw invalid(problems);
	return config;
}

export type ConfigChange = {path: readonly (string | number)[]; value: unknown};

/** Changes values in the text of a config; comments, order and everything else stay as they are. The result is checked. */
export function editConfig(text: string, changes: readonly ConfigChange[]): string {
	const document = parseYaml(text);
	for (const {path, value} of changes) document.setIn(path, document.createNode(value));
	const edited = document.toString({lineWidth: 0});
	parseConfig(edited);
	return edited;
}
