import {posix} from 'node:path';
import {parse, stringify} from 'yaml';
import {AppError, exitCodes, type Problem} from '../errors.ts';
import {Secret} from '../secret.ts';
import type {KubeConnection} from './https.ts';

type Fields = Record<string, unknown>;
type Section = 'clusters' | 'contexts' | 'users';
const inner: Record<Section, string> = {clusters: 'cluster', contexts: 'context', users: 'user'};

/** The names inside the administrator's kubeconfig: cluster `<name>-<uid>`, user `…-admin`, context `<user>@<cluster>`. */
export function kubeconfigNames(name: string, uid: string): {cluster: string; user: string; context: string} {
	const cluster = `${name}-${uid}`;
	const user = `${cluster}-admin`;
	return {cluster, user, context: `${user}@${cluster}`};
}

/** The administrator's kubeconfig in the v2.9 wire format: YAML with sorted keys. It holds the private key, hence a Secret. */
export function buildKubeconfig(name: string, uid: string, {server, ca, cert, key}: KubeConnection): Secret {
	const {cluster, user, context} = kubeconfigNames(name, uid);
	const base64 = (pem: string | Uint8Array) => Buffer.from(pem).toString('base64');
	const file = {
		apiVersion: 'v1',
		kind: 'Config',
		clusters: [{name: cluster, cluster: {server, 'certificate-authority-data': base64(ca)}}],
		contexts: [{name: context, context: {cluster, user}}],
		'current-context': context,
		preferences: {},
		users: [{name: user, user: {'client-certificate-data': base64(cert), 'client-key-data': base64(key.reveal())}}],
	};
	return new Secret(Buffer.from(write(file)));
}

/** Who the kubeconfig's current context talks to. Throws AppError `kubeconfig-invalid` with every field that is missing. */
export function parseKubeconfig(text: string): KubeConnection & {cluster: string; user: string; context: string} {
	const file = read(text);
	const context = string(file['current-context']);
	const chosen = entry(file, 'contexts', context);
	const cluster = string(chosen.cluster);
	const user = string(chosen.user);
	const server = string(entry(file, 'clusters', cluster).server);
	const bytes = (fields: Fields, field: string) => Buffer.from(string(fields[field]), 'base64');
	const ca = bytes(entry(file, 'clusters', cluster), 'certificate-authority-data');
	const cert = bytes(entry(file, 'users', user), 'client-certificate-data');
	const key = bytes(entry(file, 'users', user), 'client-key-data');
	const problems: Problem[] = Object.entries({context, server, ca, cert, key})
		.filter(([, value]) => value.length === 0)
		.map(([path]) => ({path, message: 'is missing'}));
	if (problems.length > 0) throw invalid('lacks what is needed to reach the cluster', problems);
	return {server, ca: ca.toString(), cert: cert.toString(), key: new Secret(key), cluster, user, context};
}

/**
 * The home kubeconfig (undefined when there is none) with the cluster's own entries united and made current. On equal names the cluster's
 * fields win and others stay, except those that would weaken or replace its identity. Paths relative to `homeFolder` become absolute.
 * Throws AppError `kubeconfig-invalid` when the home file is not a kubeconfig; nothing may be written then.
 */
export function mergeKubeconfig(home: string | undefined, admin: string, homeFolder: string): string {
	const old = home === undefined || home.trim() === '' ? {} : read(home);
	const added = read(admin);
	const section = (name: Section) => {
		const merged = new Map(entries(old, name).map(([key, fields]) => [key, absolute(name, fields, homeFolder)]));
		for (const [key, fields] of entries(added, name)) {
			merged.set(key, {...withoutIdentity(name, merged.get(key) ?? {}), ...fields});
		}
		const names = [...merged.keys()].sort((one, other) => (one < other ? -1 : 1));
		return names.map(key => ({name: key, [inner[name]]: merged.get(key)}));
	};
	return write({
		...old,
		apiVersion: 'v1',
		kind: 'Config',
		preferences: old.preferences ?? {},
		clusters: section('clusters'),
		contexts: section('contexts'),
		users: section('users'),
		'current-context': added['current-context'],
	});
}

/** A stale `insecure-skip-tls-verify` or token beside the new credentials would switch off what they are for. */
const identityFields: Record<Section, readonly string[]> = {
	clusters: ['insecure-skip-tls-verify', 'certificate-authority'],
	contexts: [],
	users: [
		...['token', 'tokenFile', 'username', 'password', 'client-certificate', 'client-key'],
		...['as', 'as-uid', 'as-groups', 'as-user-extra', 'exec', 'auth-provider'],
	],
};
const withoutIdentity = (section: Section, fields: Fields): Fields =>
	Object.fromEntries(Object.entries(fields).filter(([key]) => !identityFields[section].includes(key)));

function absolute(section: Section, fields: Fields, folder: string): Fields {
	const paths = {clusters: ['certificate-authority'], contexts: [], users: ['client-certificate', 'client-key', 'tokenFile']}[
		section
	];
	const result = {...fields};
	for (const field of paths) {
		if (string(result[field]) !== '') result[field] = posix.resolve(folder, string(result[field]));
	}
	const exec = result.exec as Fields | undefined;
	const command = string(exec?.command);
	// A bare command is looked up in PATH, so only one with a slash is a path.
	if (section === 'users' && command.includes('/')) result.exec = {...exec, command: posix.resolve(folder, command)};
	return result;
}

function read(text: string): Fields {
	let value: unknown;
	try {
		value = parse(text, {maxAliasCount: 100});
	} catch {
		// The parser's message would quote the file, which may hold keys.
		throw invalid('is not YAML');
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('is not a kubeconfig');
	return value as Fields;
}

function entries(file: Fields, section: Section): [string, Fields][] {
	const list = file[section] ?? [];
	if (!Array.isArray(list)) throw invalid('is not a kubeconfig', [{path: section, message: 'must be a list'}]);
	return list.map((item: unknown, index) => {
		const {name, [inner[section]]: fields} = (item ?? {}) as Fields;
		if (typeof name !== 'string') {
			throw invalid('is not a kubeconfig', [{path: `${section}[${index}].name`, message: 'must be text'}]);
		}
		return [name, (fields ?? {}) as Fields];
	});
}

const entry = (file: Fields, section: Section, name: string): Fields => new Map(entries(file, section)).get(name) ?? {};
const string = (value: unknown): string => (typeof value === 'string' ? value : '');
const write = (file: Fields): string => stringify(file, {sortMapEntries: true, lineWidth: 0});

function invalid(what: string, problems: readonly Problem[] = []): AppError {
	return new AppError(`The kubeconfig ${what}`, {
		code: 'kubeconfig-invalid',
		exitCode: exitCodes.preflight,
		problems,
		next: ['Repair the file, or move it away and run the command again'],
	});
}
