import {type Document, isMap, parseDocument} from 'yaml';
import {z} from 'zod';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import {roughMisfits} from './fit-rules.ts';
import {issueWords} from './issue-words.ts';
import {adviceFor} from './removed-keys.ts';
import {crossProblems} from './rules.ts';
import {type Config, isLocal, type LocalConfig, localSchema, providerKeys, schemas} from './schema.ts';
import {similarTo} from './similar.ts';
import {keepDigits, readWords} from './yaml-words.ts';

export {configWarnings} from './rules.ts';

/** Largest config file that is read, in bytes. */
export const maxConfigSize = 1024 * 1024;

/** All names of keys of a schema. */
function keysOf({properties = {}, additionalProperties}: z.core.JSONSchema.BaseSchema): string[] {
	const inner = [...Object.entries(properties), ['', additionalProperties] as const];
	return inner.flatMap(([key, value]) => [...(key === '' ? [] : [key]), ...(typeof value === 'object' ? keysOf(value) : [])]);
}

let keyNames: string[] | undefined;

/** Names of all keys there are; made when a mistake asks for them. */
function knownKeys(): string[] {
	const made = () =>
		Object.values(schemas).flatMap(schema => keysOf(z.toJSONSchema(schema, {io: 'input', unrepresentable: 'any'})));
	keyNames ??= [...new Set(made())];
	return keyNames;
}

function unknownKey(path: readonly PropertyKey[], key: string, provider: string): Problem {
	const full = [...path, key].join('.');
	const advice = adviceFor(path, key, provider);
	if (advice !== undefined) return {path: full, ...advice};
	const meant = similarTo(key, knownKeys());
	return {path: full, message: 'unknown key', fix: meant === undefined ? 'remove it' : `did you mean ${meant}?`};
}

function problemsOf(issue: z.core.$ZodIssue, provider: string): Problem[] {
	if (issue.code === 'unrecognized_keys') return issue.keys.map(key => unknownKey(issue.path, key, provider));
	const path = issue.path.join('.');
	if (issue.code === 'invalid_union') {
		// A measurement is a value or a map; the map's problems say more where a map was given.
		const nested = issue.errors.flat().filter(inner => inner.code !== 'invalid_type' || inner.path.length > 0);
		if (nested.length > 0) return nested.flatMap(inner => problemsOf({...inner, path: [...issue.path, ...inner.path]}, provider));
		return [{path, message: 'must be a register value or a map of expected and warnOnly'}];
	}
	if (issue.code === 'invalid_key') return [{path, message: issue.issues[0]?.message ?? 'is no valid key'}];
	if (issue.code === 'invalid_type' && issue.input === undefined) return [{path, message: 'is missing', fix: `add ${path}`}];
	const fix: unknown = issue.code === 'custom' ? issue.params?.['fix'] : undefined;
	return [{path, message: issueWords(issue), ...(typeof fix === 'string' ? {fix} : {})}];
}

const anyProvider = localSchema.omit({provider: true, attestation: true, nodeGroups: true}).loose();

/** What stands under `provider`, by key. */
const namedIn = (value: unknown): string[] =>
	Object.keys(z.looseObject({provider: z.looseObject({})}).safeParse(value).data?.provider ?? {});

/** Checks a config value; every problem at once. */
export function checkConfig(value: unknown): {config: Config; problems: []} | {config?: never; problems: Problem[]} {
	const named = namedIn(value);
	// The first that is known; the others are problems of it.
	const kind = providerKeys.find(key => named.includes(key));
	if (kind === undefined) {
		const others = anyProvider.safeParse(value, {reportInput: true}).error?.issues ?? [];
		const none = {path: 'provider', message: 'names no provider that is known', fix: `add one of ${providerKeys.join(', ')}`};
		return {
			problems: [...others.flatMap(issue => problemsOf(issue, '')), none, ...named.map(key => unknownKey(['provider'], key, ''))],
		};
	}
	const result: z.ZodSafeParseResult<Config> = schemas[kind].safeParse(value, {reportInput: true});
	if (!result.success) {
		const problems = result.error.issues.flatMap(issue => problemsOf(issue, kind));
		return {problems: [...problems, ...roughMisfits(kind, value)]};
	}
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
				: version === 'v2'
					? 'constellation config migrate   writes it as v3 and keeps the old file'
					: 'constellation config generate PROVIDER   writes a new one',
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
	readWords(document);
	const value: unknown = document.toJS({maxAliasCount: 10});
	refuseOtherVersions(value);
	const {config, problems} = checkConfig(value);
	if (config === undefined) throw invalid(problems);
	return config;
}

/** As `parseConfig`, for what works with local clusters only. Throws AppError `other-provider` too. */
export function parseLocalConfig(text: string): LocalConfig {
	return requireLocal(parseConfig(text));
}

/** Throws AppError `other-provider` for configs of clouds. */
export function requireLocal(config: Config): LocalConfig {
	if (isLocal(config)) return config;
	const [provider = ''] = Object.keys(config.provider);
	throw new AppError(`The config is for ${provider}; this command handles local clusters.`, {
		code: 'other-provider',
		exitCode: exitCodes.preflight,
		next: ['Use the folder of a local cluster: -C DIR'],
		details: {provider},
	});
}

// A section that is empty then goes too.
function removeIn(document: Document.Parsed, path: readonly (string | number)[]): void {
	if (!document.hasIn(path)) return;
	document.deleteIn(path);
	const section = path.slice(0, -1);
	const left = document.getIn(section);
	if (section.length > 0 && isMap(left) && left.items.length === 0) document.deleteIn(section);
}

/** Without a value the key goes. */
export type ConfigChange = {path: readonly (string | number)[]; value: unknown};

/** Changes values in the text of a config; comments, order and everything else stay as they are. The result is checked. */
export function editConfig(text: string, changes: readonly ConfigChange[]): string {
	const document = parseYaml(text);
	keepDigits(document);
	for (const {path, value} of changes) {
		if (value === undefined) removeIn(document, path);
		// What says it already keeps the form that a person gave it.
		else if (document.getIn(path) !== value) document.setIn(path, document.createNode(value));
	}
	const [indent = '  '] = /^ +(?=[^\s#])/m.exec(text) ?? [];
	const edited = document.toString({lineWidth: 0, indent: Math.min(indent.length, 8)});
	parseConfig(edited);
	return edited;
}

/** Whether the text of a config says a key itself, where a default would do as well. */
export const configHas = (text: string, path: ConfigChange['path']): boolean => parseYaml(text).hasIn(path);

/** What is wrong with a config, as `parseConfig` would say; nothing where it is right. */
export function configProblems(text: string): readonly Problem[] {
	try {
		parseConfig(text);
		return [];
	} catch (error) {
		if (error instanceof AppError) return error.problems;
		throw error;
	}
}
