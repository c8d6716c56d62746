import {verifyBlob} from '../../attestation/blob-signature.ts';
import {fromBase64, MalformedError} from '../../attestation/bytes.ts';
import {isObject} from '../../attestation/measurements.ts';
import {parseStrictJson} from '../../attestation/strict-json.ts';
import {AppError, exitCodes} from '../../errors.ts';
import {bodyOf, type Get} from '../net/get.ts';
import {onMirror} from './release-path.ts';
import {releaseSigner, type Signer} from './signer.ts';

/** Lowest firmware versions of an Azure SEV-SNP host that the original project vouches for (its attestation-config API v1). */
export type AzureSnpVersions = {bootloader: number; tee: number; snp: number; microcode: number};

/** When a version may be used, and when the list says too little: decisions, not facts. */
export const azureVersionPolicy = {
	/** A version counts once it is older than this, so that all hosts have it (v2.9: 14 days, strictly). */
	settleDays: 14,
	/** A list whose newest name is older than this may have been frozen to hold versions down. The original published monthly. */
	staleDays: 120,
	/** A name further ahead than this says that a clock is wrong: this machine's or the publisher's. */
	aheadDays: 1,
} as const;

const names = ['bootloader', 'tee', 'snp', 'microcode'] as const;
const folder = 'constellation/v1/attestation/azure-sev-snp';
const maxList = 256 * 1024;
const maxFile = 4096;
const day = 86_400_000;

export type ChosenVersions = {
	versions: AzureSnpVersions;
	/** Name of the version: the time it was published, UTC. */
	name: string;
	/** Sentences about what deserves a look. */
	warnings: readonly string[];
	blobs: readonly Uint8Array[];
};

/** The time in a name like 2023-06-11-14-09, milliseconds since the epoch. Throws MalformedError. */
function timeOf(name: string): number {
	const match = /^(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)$/.exec(name);
	const iso = match ? `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:00.000Z` : '';
	const time = Date.parse(iso);
	if (Number.isNaN(time) || new Date(time).toISOString() !== iso) throw new MalformedError('azure versions: a name is no time');
	return time;
}

/**
 * The newest name that has settled. Unlike v2.9, a list without news and a clock that cannot be right are not passed over: `warnings`
 * tells them, and `least` (a name that was used before) is never gone below. Throws AppError `azure-versions-refused` (exit 5).
 */
export function chooseVersion(list: Uint8Array, now: number, least?: string): {name: string; warnings: string[]} {
	const times = readList(list).map(name => ({name, time: timeOf(name)}));
	const newest = times.reduce((latest, {time}) => Math.max(latest, time), 0);
	if (newest > now + azureVersionPolicy.aheadDays * day)
		throw refused('the newest is of the future, so this machine’s clock or the list is wrong');
	const settled = times.filter(({time}) => now - time > azureVersionPolicy.settleDays * day);
	const [chosen] = settled.toSorted((left, right) => right.time - left.time);
	if (chosen === undefined) throw refused('none of them is old enough to be on all hosts');
	if (least !== undefined && chosen.time < timeOf(least))
		throw refused(`the newest usable is ${chosen.name}, ${least} was used before`);
	const age = Math.floor((now - newest) / day);
	const isStale = age > azureVersionPolicy.staleDays;
	const warning = `The list of firmware versions has had no news for ${age} days; it may be held back.`;
	return {name: chosen.name, warnings: isStale ? [warning] : []};
}

function readList(list: Uint8Array): string[] {
	const json = parseStrictJson(list, {bytes: maxList, depth: 2});
	if (!Array.isArray(json) || json.length === 0) throw new MalformedError('azure versions: no list');
	return json.map((name: unknown) => {
		if (typeof name === 'string' && name.endsWith('.json')) return name.slice(0, -5);
		throw new MalformedError('azure versions: a name is none');
	});
}

/** Reads the four numbers. Throws MalformedError for anything but exactly these, 0 to 255 each. */
export function parseAzureVersions(bytes: Uint8Array): AzureSnpVersions {
	const json = parseStrictJson(bytes, {bytes: maxFile, depth: 2});
	if (!isObject(json) || Object.keys(json).length !== names.length) throw new MalformedError('azure versions: not four numbers');
	const read = (name: (typeof names)[number]): number => {
		const value = json[name];
		if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255) return value;
		throw new MalformedError(`azure versions: ${name}`);
	};
	return {bootloader: read('bootloader'), tee: read('tee'), snp: read('snp'), microcode: read('microcode')};
}

/** Why versions and signature file do not belong together; empty where the release key signed them. Throws MalformedError. */
export function verifyAzureVersions(
	name: string,
	[file = new Uint8Array(), signature = new Uint8Array()]: readonly Uint8Array[],
	signer: Signer = releaseSigner,
): string[] {
	timeOf(name);
	const {bootloader, tee, snp, microcode} = parseAzureVersions(file);
	// What is signed is this text, not the file (v2.9 format).
	const signed = Buffer.from(JSON.stringify({bootloader, tee, snp, microcode}));
	const json = parseStrictJson(signature, {bytes: maxFile, depth: 2});
	const text = isObject(json) && typeof json['signature'] === 'string' ? json['signature'] : '';
	return verifyBlob(signed, fromBase64(text, 'signature'), signer.key) ? [] : [`the ${signer.name} did not sign it`];
}

/** Fetches list, versions and signature from the original's server or a mirror. Throws AppError, exit 5 or 7. */
export async function fetchAzureVersions(
	mirror: string,
	deps: {get: Get; now: number; least?: string; signer?: Signer},
): Promise<ChosenVersions> {
	const fetchOne = async (path: string, limit: number) =>
		bodyOf(await deps.get(onMirror(mirror, `${folder}/${path}`), {limit, redirects: 'https'}));
	try {
		const {name, warnings} = chooseVersion(await fetchOne('list', maxList), deps.now, deps.least);
		const blobs = [await fetchOne(`${name}.json`, maxFile), await fetchOne(`${name}.json.sig`, maxFile)];
		const [problem] = verifyAzureVersions(name, blobs, deps.signer);
		if (problem !== undefined) throw refused(problem);
		return {versions: parseAzureVersions(blobs[0] ?? new Uint8Array()), name, warnings, blobs};
	} catch (error) {
		if (error instanceof MalformedError) throw refused(error.message);
		throw error;
	}
}

function refused(why: string): AppError {
	return new AppError(`The firmware versions for Azure SEV-SNP are not taken: ${why}.`, {
		code: 'azure-versions-refused',
		exitCode: exitCodes.refused,
		next: ['Write the four version numbers into the config yourself, or use another mirror.'],
	});
}
