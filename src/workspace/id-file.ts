import {AppError, exitCodes} from '../errors.ts';
import {Secret} from '../secret.ts';
import {readText, type Workspace, writeFileSafely} from './files.ts';

const providers = ['AWS', 'Azure', 'GCP', 'OpenStack', 'QEMU', 'Local'] as const;
export type CloudProvider = (typeof providers)[number] | 'Unknown';

/** What constellation-id.json holds; empty where a value is not known yet. */
export type ClusterIds = {
	/** Lower-case hex of 32 bytes, once the cluster is initialised. */
	clusterID: string;
	ownerID: string;
	uid: string;
	cloudProvider: CloudProvider;
	/** Address of the cluster's load balancer. */
	ip: string;
	initSecret?: Secret;
	attestationURL: string;
};

function bad(reason: string): AppError {
	return new AppError(`constellation-id.json cannot be read: ${reason}.`, {
		code: 'id-file-invalid',
		exitCode: exitCodes.preflight,
		next: ['Restore the file from a backup, or remove the cluster with `constellation terminate`.'],
	});
}

function textOf(value: unknown, key: string): string {
	if (value === undefined || value === null) return '';
	if (typeof value !== 'string') throw bad(`${key} is no text`);
	return value;
}

function secretOf(value: unknown): Secret | undefined {
	if (value === undefined || value === null) return undefined;
	if (Array.isArray(value)) {
		const bytes: number[] = [];
		for (const byte of value as unknown[]) {
			if (typeof byte !== 'number' || !Number.isInteger(byte) || byte < 0 || byte > 255)
				throw bad('initsecret holds a value that is no byte');
			bytes.push(byte);
		}
		return new Secret(Uint8Array.from(bytes));
	}
	const text = textOf(value, 'initsecret');
	const bytes = Buffer.from(text, 'base64');
	if (bytes.toString('base64') !== text) throw bad('initsecret is no base64');
	return text === '' ? undefined : new Secret(bytes);
}

function providerOf(text: string): CloudProvider {
	if (text.toLowerCase() === 'stackit') return 'OpenStack';
	return providers.find(name => name.toLowerCase() === text.toLowerCase()) ?? 'Unknown';
}

/** Reads the text of an id file of this tool or of v2.9. Unknown keys are ignored. Throws AppError `id-file-invalid`. */
export function parseIds(text: string): ClusterIds {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw bad('it is no JSON');
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('it is no JSON object');
	const {clusterID, ownerID, uid, cloudprovider, ip, initsecret, attestationURL} = value as Record<string, unknown>;
	const initSecret = secretOf(initsecret);
	return {
		clusterID: textOf(clusterID, 'clusterID'),
		ownerID: textOf(ownerID, 'ownerID'),
		uid: textOf(uid, 'uid'),
		cloudProvider: providerOf(textOf(cloudprovider, 'cloudprovider')),
		ip: textOf(ip, 'ip'),
		...(initSecret === undefined ? {} : {initSecret}),
		attestationURL: textOf(attestationURL, 'attestationURL'),
	};
}

/** The text of an id file, as v2.9 writes it: tabs, no empty values, characters of HTML escaped. Holds the init secret in clear. */
export function formatIds(ids: ClusterIds): string {
	const entries: [string, string][] = [
		['clusterID', ids.clusterID],
		['ownerID', ids.ownerID],
		['uid', ids.uid],
		['cloudprovider', ids.cloudProvider === 'Unknown' ? '' : ids.cloudProvider],
		['ip', ids.ip],
		['initsecret', ids.initSecret === undefined ? '' : Buffer.from(ids.initSecret.reveal()).toString('base64')],
		['attestationURL', ids.attestationURL],
	];
	const text = JSON.stringify(Object.fromEntries(entries.filter(([, value]) => value !== '')), undefined, '\t');
	return text.replace(/[<>&\u2028\u2029]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export async function readIds(workspace: Workspace): Promise<ClusterIds | undefined> {
	const text = await readText(workspace.path('id'), 64 * 1024);
	return text === undefined ? undefined : parseIds(text);
}

export async function writeIds(workspace: Workspace, ids: ClusterIds): Promise<void> {
	await writeFileSafely(workspace.path('id'), formatIds(ids));
}
