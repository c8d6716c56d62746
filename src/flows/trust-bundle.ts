import {readFile, stat} from 'node:fs/promises';
import {MalformedError} from '../attestation/bytes.ts';
import {readTrustSection, type TrustSettings} from '../config/trust.ts';
import {AppError, exitCodes} from '../errors.ts';
import {listImages, loadImage} from '../releases/image.ts';
import {builtInRoots, type CalendarEntry, calendarOf} from '../trust/bundle/calendar.ts';
import {type JudgedPart, judgeImport, verifyParts} from '../trust/bundle/judge-bundle.ts';
import {type Bundle, decodeBundle, encodeBundle, type Part} from '../trust/bundle/part.ts';
import type {Anchors} from '../trust/bundle/verdict.ts';
import {readText, type Workspace, writeFileOnce} from '../workspace/files.ts';
import type {TrustWorld} from './trust-world.ts';

const maxBundleFile = 32 * 1024 * 1024;

/** The trust section of the workspace's config; empty where there is no config. */
export async function trustSettingsOf(workspace: Workspace): Promise<TrustSettings> {
	const text = await readText(workspace.path('config'));
	return text === undefined ? {} : readTrustSection(text).trust;
}

export type PartSummary = {kind: string; name: string; state: 'valid' | 'expired' | 'refused'; problems: readonly string[]};

/** Everything that is kept here and holds, and the measurements of the images on this machine, as one file. */
export async function exportTrust(
	file: string,
	world: TrustWorld,
	anchors: Anchors,
): Promise<{file: string; parts: PartSummary[]; left: number}> {
	const {parts: kept, damaged} = await world.store.list();
	const images = await imageParts(world, kept);
	const judged = verifyParts([...kept, ...images], anchors);
	const good = judged.filter(({verdict}) => verdict.problems.length === 0);
	if (good.length === 0) throw nothingToExport(judged.length > 0);
	const bundle = encodeBundle({at: Math.floor(world.now() / 1000), parts: good.map(({part}) => part)});
	if (!(await writeFileOnce(file, bundle))) throw fileExists(file);
	const summaries = good.map(({part, verdict}) => summaryOf(part, verdict.problems, verdict.expiries, anchors.now));
	return {file, parts: summaries, left: damaged + judged.length - good.length};
}

async function imageParts({dataHome, now}: TrustWorld, kept: readonly Part[]): Promise<Part[]> {
	const names = new Set(kept.filter(({kind}) => kind === 'measurements').map(({name}) => name));
	const images = (await listImages(dataHome)).filter(({problem, version}) => problem === undefined && !names.has(version));
	return Promise.all(
		images.map(async ({version}): Promise<Part> => {
			const {measurements, signature} = await loadImage({version, dataHome});
			return {kind: 'measurements', name: version, at: Math.floor(now() / 1000), blobs: [measurements, signature]};
		}),
	);
}

/**
 * Checks every part of a bundle with what is pinned here and keeps the good ones. One that proves nothing refuses the whole file,
 * because then nobody knows who made it; what has expired is left out and told. Throws AppError `bundle-refused` (exit 5).
 */
export async function importTrust(file: string, world: TrustWorld, anchors: Anchors): Promise<JudgedPart[]> {
	const {parts} = await readBundle(file);
	const judged = await judgeImport(parts, anchors, world.store);
	const refused = judged.filter(({state}) => state === 'refused');
	if (refused.length > 0) {
		throw new AppError(`The bundle ${file} is not taken: something in it proves nothing here.`, {
			code: 'bundle-refused',
			exitCode: exitCodes.refused,
			problems: refused.map(({part, problems}) => ({path: `${part.kind} ${part.name}`, message: problems.join(', ')})),
			next: [
				'For images of your own, name the public key that signed them with --key FILE.',
				'Otherwise make the bundle again at its source.',
			],
		});
	}
	for (const {part, state} of judged) if (state === 'add') await world.store.write(part);
	return judged;
}

export type ShownTrust = {parts: PartSummary[]; damaged: number; calendar: CalendarEntry[]};

/** What is kept here, or what a bundle holds, and when each piece of it ends. */
export async function showTrust(world: TrustWorld, anchors: Anchors, file?: string): Promise<ShownTrust> {
	const {parts, damaged} = file === undefined ? await world.store.list() : {...(await readBundle(file)), damaged: 0};
	const judged = verifyParts(parts, anchors);
	const expiries = judged.flatMap(({part, verdict}) =>
		verdict.expiries.map(expiry => ({...expiry, of: `${part.kind} ${part.name}`})),
	);
	return {
		parts: judged.map(({part, verdict}) => summaryOf(part, verdict.problems, verdict.expiries, anchors.now)),
		damaged,
		calendar: calendarOf([...expiries, ...builtInRoots()], anchors.now),
	};
}

function summaryOf({kind, name}: Part, problems: readonly string[], expiries: readonly {at: number}[], now: number): PartSummary {
	const state = problems.length > 0 ? 'refused' : expiries.some(({at}) => at <= now) ? 'expired' : 'valid';
	return {kind, name, state, problems};
}

async function readBundle(file: string): Promise<Bundle> {
	// What cannot be looked at cannot be read: one error says so.
	const found = await stat(file).catch(() => undefined);
	if (!found?.isFile()) throw unreadable(file, 'there is no such file', true);
	if (found.size > maxBundleFile) throw unreadable(file, `it is larger than ${maxBundleFile} bytes`);
	try {
		return decodeBundle(await readFile(file));
	} catch (error) {
		if (error instanceof MalformedError) throw unreadable(file, error.message);
		throw error;
	}
}

function unreadable(file: string, why: string, isMissing = false): AppError {
	return new AppError(`The bundle ${file} cannot be read: ${why}.`, {
		code: 'bundle-unreadable',
		exitCode: isMissing ? exitCodes.preflight : exitCodes.refused,
		next: ['constellation trust export FILE   makes one'],
		details: {file},
	});
}

function nothingToExport(hasRefused: boolean): AppError {
	const why = hasRefused ? 'what is kept here is signed by no key that counts' : 'nothing was imported, fetched or made yet';
	return new AppError(`There is nothing to export: ${why}.`, {
		code: 'nothing-to-export',
		exitCode: exitCodes.preflight,
		next: hasRefused
			? ['Name the public key of your own that signed it: --key FILE']
			: [
					'constellation config fetch-measurements   keeps measurements with their proofs',
					'constellation verify   keeps what it fetches for its checks',
				],
	});
}

/** Throws AppError `file-exists` where a bundle would not be written, before anything is fetched for it. */
export async function requireNew(file: string): Promise<void> {
	// What cannot be looked at shows when it is written.
	if ((await stat(file).catch(() => undefined)) !== undefined) throw fileExists(file);
}

function fileExists(file: string): AppError {
	return new AppError(`There is a ${file} already; it was not touched.`, {
		code: 'file-exists',
		exitCode: exitCodes.preflight,
		next: ['Name another file, or remove it first.'],
		details: {file},
	});
}
