import {type Document, isMap, isScalar, Pair, parseDocument, Scalar, YAMLMap} from 'yaml';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import type {AttestationKey} from './attestation-keys.ts';
import {providerSchema} from './json-schema.ts';
import {configProblems, maxConfigSize} from './load.ts';
import {adviceFor} from './removed-keys.ts';
import type {ProviderKey} from './schema.ts';

/** What became of a v2 file: its text as v3, what was moved, filled in or left out, and what is still wrong. */
export type Migrated = {text: string; notes: readonly string[]; problems: readonly Problem[]};

const providers = ['aws', 'azure', 'gcp', 'openstack', 'qemu'] as const satisfies readonly ProviderKey[];

/**
 * Turns a config of version v2 into v3. Comments and order stay; what v3 does not know is left out and named. Undefined where the
 * file is v3 already. The result may still have problems: they are named, not hidden. Throws AppError `invalid-config`,
 * `config-older`, `config-newer`.
 */
export function migrateConfig(source: string): Migrated | undefined {
	const document = readYaml(source);
	const version = textAt(document.contents, 'version');
	if (version === 'v3') return undefined;
	if (version !== 'v2') throw notV2(version);
	const root = document.contents;
	const notes: string[] = [];
	setText(root, 'version', 'v3');
	const all = mapAt(root, 'provider');
	const name = providers.find(key => all?.has(key) === true);
	const section = name === undefined ? undefined : mapAt(all, name);
	const variant = textAt(root, 'attestationVariant');
	root.delete('attestationVariant');
	const attestation = new YAMLMap();
	if (name !== undefined && section !== undefined) {
		const key = attestationKeyFor(name, section, variant, notes);
		attestation.add(new Pair(new Scalar(key), attestationFrom(key, section, notes)));
		fillIn(name, section, notes);
		leaveOut(section, ['provider', name], Object.keys(shapeOf(name, 'provider', name)), name, notes);
		leaveOut(all, ['provider'], [name], name, notes);
		leaveOut(root, [], Object.keys(providerSchema(name).properties ?? {}), name, notes);
	}
	root.set(new Scalar('attestation'), attestation);
	const [indent = '  '] = /^ +(?=[^\s#])/m.exec(source) ?? [];
	const text = document.toString({lineWidth: 0, indent: Math.min(indent.length, 8)});
	return {text, notes, problems: configProblems(text)};
}

function attestationKeyFor(
	name: (typeof providers)[number],
	section: YAMLMap,
	variant: string | undefined,
	notes: string[],
): AttestationKey {
	const key = {aws: 'awsNitroTPM', azure: 'azureSEVSNP', gcp: 'gcpSEVES', openstack: 'qemuVTPM', qemu: 'qemuVTPM'} as const;
	const isTrusted = variant === 'azure-trustedlaunch' || (variant === undefined && textAt(section, 'confidentialVM') === 'false');
	const chosen = name === 'azure' && isTrusted ? 'azureTrustedLaunch' : key[name];
	notes.push(`provider.${name}.measurements is attestation.${chosen}.measurements now`);
	section.delete('confidentialVM');
	return chosen;
}

/** Measurements with their comments, and for SEV-SNP of Azure what v2 said of the firmware. */
function attestationFrom(key: AttestationKey, section: YAMLMap, notes: string[]): YAMLMap {
	const found = new YAMLMap();
	const measurements = takePair(section, 'measurements');
	found.add(measurements ?? new Pair(new Scalar('measurements'), new YAMLMap()));
	const digests = takePair(section, 'idKeyDigest')?.value;
	const enforce = textAt(section, 'enforceIdKeyDigest');
	section.delete('enforceIdKeyDigest');
	if (key !== 'azureSEVSNP') return found;
	for (const part of ['bootloaderVersion', 'teeVersion', 'snpVersion', 'microcodeVersion'])
		found.add(new Pair(new Scalar(part), new Scalar('latest')));
	const signer = new YAMLMap();
	const list = isScalar(digests) ? [digests] : digests;
	signer.add(new Pair(new Scalar('acceptedKeyDigests'), list ?? []));
	const policy = enforce === undefined ? undefined : enforcements[enforce.toLowerCase()];
	if (policy !== undefined) signer.add(new Pair(new Scalar('enforcementPolicy'), new Scalar(policy)));
	found.add(new Pair(new Scalar('firmwareSignerConfig'), signer));
	notes.push('idKeyDigest and enforceIdKeyDigest are attestation.azureSEVSNP.firmwareSignerConfig now');
	notes.push('the versions of the firmware follow the newest that are published (latest): v2 did not check them');
	return found;
}

const enforcements: Readonly<Record<string, string>> = {
	true: 'Equal',
	strictchecking: 'Equal',
	equal: 'Equal',
	maafallback: 'MAAFallback',
	false: 'WarnOnly',
	warnonly: 'WarnOnly',
};

/** What v2 did not have and v3 reads as off. */
function fillIn(name: string, section: YAMLMap, notes: string[]): void {
	if (name !== 'aws' || section.has('deployCSIDriver')) return;
	section.set(new Scalar('deployCSIDriver'), new Scalar('false'));
	notes.push('provider.aws.deployCSIDriver is new; it is false, as it was');
}

function leaveOut(
	map: YAMLMap | undefined,
	path: readonly string[],
	allowed: readonly string[],
	provider: string,
	notes: string[],
): void {
	for (const {key} of [...(map?.items ?? [])]) {
		const word = String(key);
		if (allowed.includes(word)) continue;
		map?.delete(key);
		const advice = adviceFor(path, word, provider);
		notes.push(`${[...path, word].join('.')} is left out: ${advice?.message ?? 'v3 does not know it'}`);
	}
}

function shapeOf(name: ProviderKey, ...path: readonly string[]): Record<string, unknown> {
	let schema = providerSchema(name);
	for (const key of path) {
		const inner = schema.properties?.[key];
		schema = typeof inner === 'object' ? inner : {};
	}
	return schema.properties ?? {};
}

/** Scalars stay the texts that they are, so that no register value loses digits. */
function readYaml(source: string): Document.Parsed & {contents: YAMLMap} {
	if (Buffer.byteLength(source) > maxConfigSize) throw invalid([{path: '', message: `larger than ${maxConfigSize} bytes`}]);
	const document = parseDocument(source, {schema: 'failsafe', prettyErrors: true});
	const [error] = document.errors;
	if (error !== undefined)
		throw invalid([{path: `line ${error.linePos?.[0].line ?? 1}`, message: error.message.split('\n')[0] ?? error.code}]);
	if (isMap(document.contents)) return document as Document.Parsed & {contents: YAMLMap};
	throw invalid([{path: '', message: 'is empty or no map of keys'}]);
}

function takePair(map: YAMLMap, key: string): Pair | undefined {
	const at = map.items.findIndex(pair => String(pair.key) === key);
	return at === -1 ? undefined : map.items.splice(at, 1)[0];
}

function textAt(map: unknown, key: string): string | undefined {
	const node: unknown = isMap(map) ? map.get(key, true) : undefined;
	return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
}

function mapAt(map: YAMLMap | undefined, key: string): YAMLMap | undefined {
	const node: unknown = map?.get(key, true);
	return isMap(node) ? node : undefined;
}

function setText(map: YAMLMap, key: string, value: string): void {
	const node: unknown = map.get(key, true);
	if (isScalar(node)) node.value = value;
}

function notV2(version: string | undefined): AppError {
	if (version === undefined)
		return invalid([{path: 'version', message: 'is missing', fix: 'write version: v2 if the file is one'}]);
	const newer = /^v\d+$/.test(version) && Number(version.slice(1)) > 3;
	return new AppError(`The config has version ${version}; v2 can be migrated.`, {
		code: newer ? 'config-newer' : 'config-older',
		exitCode: exitCodes.preflight,
		next: ['constellation config generate PROVIDER   writes a new one'],
		details: {version},
	});
}

function invalid(problems: readonly Problem[]): AppError {
	return new AppError('The config cannot be migrated.', {
		code: 'invalid-config',
		exitCode: exitCodes.usage,
		problems,
		next: ['Correct the values named above.'],
	});
}
