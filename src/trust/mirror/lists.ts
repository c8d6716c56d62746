import {compare} from 'semver';
import {MalformedError} from '../../attestation/bytes.ts';
import {isObject} from '../../attestation/measurements.ts';
import {isImageVersion} from '../../attestation/measurements-file.ts';
import {parseStrictJson} from '../../attestation/strict-json.ts';
import {latestPath, versionsPath} from '../measurements/release-path.ts';

/** A file of a mirror: its path below the root, and its content. */
export type MirrorFile = {path: string; content: Uint8Array};

/** The stream that images of one's own are published in. */
export const releaseStream = {ref: '-', stream: 'stable'} as const;

export const maxListFile = 256 * 1024;

/** Lists of versions as v2.9 has them (versions API v1): minors of each major, patches of each minor, and the latest. */
export function listFiles(versions: readonly string[]): MirrorFile[] {
	const sorted = versions.toSorted(compare);
	const file = (path: string, json: object): MirrorFile => ({
		path,
		content: Buffer.from(JSON.stringify({...releaseStream, ...json})),
	});
	const list = (granularity: 'major' | 'minor', base: string, of: readonly string[]): MirrorFile =>
		file(versionsPath(releaseStream, granularity, base), {granularity, base, kind: 'image', versions: of});
	const minors = unique(sorted.map(minorOf));
	// A pre-release is the latest only where there is nothing else.
	const latest = sorted.findLast(version => !version.includes('-')) ?? sorted.at(-1);
	return [
		...minors.map(minor =>
			list(
				'minor',
				minor,
				sorted.filter(version => minorOf(version) === minor),
			),
		),
		...unique(sorted.map(majorOf)).map(major =>
			list(
				'major',
				major,
				minors.filter(minor => majorOf(minor) === major),
			),
		),
		...(latest === undefined ? [] : [file(latestPath(releaseStream), {kind: 'image', version: latest})]),
	];
}

export const majorOf = (version: string): string => version.split('.', 1)[0] ?? '';
export const minorOf = (version: string): string => version.split('-')[0]?.split('.').slice(0, 2).join('.') ?? '';
const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

/** The versions of a list. Throws MalformedError where it is not the list of exactly this base. */
export function parseList(bytes: Uint8Array, granularity: 'major' | 'minor', base: string): string[] {
	const json = parseStrictJson(bytes, {bytes: maxListFile, depth: 3});
	if (!isObject(json)) throw new MalformedError('list: not an object');
	const {versions, ...head} = json;
	const wanted = {...releaseStream, granularity, base, kind: 'image'};
	if (!sameFields(head, wanted) || !Array.isArray(versions)) throw new MalformedError(`list: not of ${base}`);
	return versions.map((version: unknown) => {
		const fits = granularity === 'major' ? isMinor : (text: string) => isImageVersion(text) && minorOf(text) === base;
		if (typeof version === 'string' && fits(version) && majorOf(version) === majorOf(base)) return version;
		throw new MalformedError(`list: holds something that is not below ${base}`);
	});
}

const isMinor = (text: string): boolean => /^v\d{1,6}\.\d{1,6}$/.test(text);

/** The latest version. Throws MalformedError. */
export function parseLatest(bytes: Uint8Array): string {
	const json = parseStrictJson(bytes, {bytes: maxListFile, depth: 2});
	const {version, ...head} = isObject(json) ? json : {};
	if (typeof version === 'string' && isImageVersion(version) && sameFields(head, {...releaseStream, kind: 'image'}))
		return version;
	throw new MalformedError('latest: names no image');
}

function sameFields(found: Record<string, unknown>, wanted: Readonly<Record<string, string>>): boolean {
	return (
		Object.keys(found).length === Object.keys(wanted).length &&
		Object.entries(wanted).every(([key, value]) => found[key] === value)
	);
}
