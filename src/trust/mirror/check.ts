import {MalformedError} from '../../attestation/bytes.ts';
import {type MeasurementsFile, maxMeasurementsFile, parseMeasurementsFile} from '../../attestation/measurements-file.ts';
import {AppError, type Problem} from '../../errors.ts';
import {imageInfoPath, latestPath, measurementsPath, signaturePath, versionsPath} from '../measurements/release-path.ts';
import {type Signer, signerOf} from '../measurements/signer.ts';
import {maxInfoFile, problemsOfInfo} from './image-info.ts';
import {majorOf, maxListFile, parseLatest, parseList, releaseStream} from './lists.ts';

/** A file of a mirror; undefined where there is none. */
export type ReadMirror = (path: string, limit: number) => Promise<Uint8Array | undefined>;

const maxVersions = 500;
const maxMajors = 50;

/** What a mirror offers and everything that is wrong with it. Nobody but the signers is believed. */
export async function checkMirror(
	read: ReadMirror,
	signers: readonly Signer[],
): Promise<{versions: string[]; problems: Problem[]}> {
	const problems: Problem[] = [];
	const lookAt = async <T>(path: string, limit: number, parse: (bytes: Uint8Array) => T): Promise<T | undefined> => {
		const bytes = await read(path, limit);
		try {
			if (bytes !== undefined) return parse(bytes);
			problems.push({path, message: 'is missing'});
		} catch (error) {
			if (!(error instanceof MalformedError || error instanceof AppError)) throw error;
			problems.push({path, message: error.message});
		}
		return undefined;
	};
	const latest = await lookAt(latestPath(releaseStream), maxListFile, parseLatest);
	if (latest === undefined) return {versions: [], problems};
	const minors: string[] = [];
	for (const major of majorsUpTo(latest)) {
		const path = versionsPath(releaseStream, 'major', major);
		const isOptional = major !== majorOf(latest);
		if (isOptional && (await read(path, maxListFile)) === undefined) continue;
		minors.push(...((await lookAt(path, maxListFile, bytes => parseList(bytes, 'major', major))) ?? []));
	}
	const versions: string[] = [];
	for (const minor of minors.slice(0, maxVersions)) {
		const found = await lookAt(versionsPath(releaseStream, 'minor', minor), maxListFile, bytes =>
			parseList(bytes, 'minor', minor),
		);
		versions.push(...(found ?? []));
	}
	if (!versions.includes(latest)) problems.push({path: latestPath(releaseStream), message: `names ${latest}, which no list has`});
	for (const version of versions.slice(0, maxVersions)) {
		const image = {...releaseStream, version};
		const path = measurementsPath(image);
		const content = await lookAt(path, maxMeasurementsFile, bytes => bytes);
		const signature = await lookAt(signaturePath(path), 1024, bytes => bytes);
		if (content === undefined || signature === undefined) continue;
		if (signerOf(content, signature, signers) === undefined) {
			problems.push({path, message: 'no key that counts signed it'});
			continue;
		}
		const file = await lookAt(path, maxMeasurementsFile, () => ofVersion(parseMeasurementsFile(content), version));
		const info = await lookAt(imageInfoPath(image), maxInfoFile, bytes => bytes);
		if (file && info) problems.push(...problemsOfInfo(info, file).map(message => ({path: imageInfoPath(image), message})));
	}
	return {versions, problems};
}

/** Nothing lists the majors themselves; a pre-release may be of the next one. */
function majorsUpTo(latest: string): string[] {
	const newest = Math.min(Number(majorOf(latest).slice(1)) + 1, maxMajors);
	return Array.from({length: newest + 1}, (_, index) => `v${index}`);
}

function ofVersion(file: MeasurementsFile, version: string): MeasurementsFile {
	if (file.version === version && file.ref === releaseStream.ref && file.stream === releaseStream.stream) return file;
	throw new MalformedError(`is signed for ${file.version}`);
}
