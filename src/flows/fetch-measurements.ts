import {fromBase64, toHex} from '../attestation/bytes.ts';
import {
	formatMeasurements,
	isObject,
	type Measurements,
	parseMeasurements,
	withMeasurement,
} from '../attestation/measurements.ts';
import {shapeOf} from '../attestation/measurements-file.ts';
import {localRegisters} from '../attestation/registers.ts';
import {localParameters, measuredCommandLine, registerOf, sha256} from '../attestation/variants/local/measured-boot.ts';
import type {AttestationSection} from '../config/attestation-section.ts';
import {editMeasurements} from '../config/edit-measurements.ts';
import {parseImagePath} from '../config/versions.ts';
import {AppError, exitCodes} from '../errors.ts';
import type {Flow} from '../events.ts';
import {changesBetween, type RegisterChange} from '../trust/measurements/changes.ts';
import {type ReleasePath, releaseText} from '../trust/measurements/release-path.ts';
import {fingerprintOf} from '../trust/measurements/signer.ts';
import type {VerifiedMeasurements} from '../trust/measurements/source.ts';
import {logWords} from '../trust/transparency/verdict.ts';
import {type Concern, measurementConcerns} from '../upgrade/measurement-diff.ts';
import {readText, type Workspace, writeFileSafely} from '../workspace/files.ts';
import {configMeasurements, type FetchWishes, keepMeasurements} from './config-measurements.ts';
import type {TrustWorld} from './trust-world.ts';

/** Checked measurements beside what the config has; nothing is written yet. */
export type FetchedMeasurements = {
	file: string;
	/** Of the config, before and after. */
	text: string;
	edited: string;
	image: ReleasePath;
	verified: VerifiedMeasurements;
	changes: readonly RegisterChange[];
	/** Fingerprint of the key that the config pinned for local images, where another one signed now. */
	formerSigner?: string;
	/** In which ways the config would demand less; each is accepted by itself. */
	concerns: readonly Concern[];
	/** Whether something changes that the config had decided on: that takes a consent of its own. */
	needsConsent: boolean;
};

/**
 * Gets the measurements for a config from a mirror, a file, an imported bundle or the image on this machine, checks them and compares
 * them with what the config pins. Works for configs of v2.9 too. Throws AppError; nothing is written.
 */
export async function* fetchMeasurements(
	workspace: Workspace,
	world: TrustWorld,
	wishes: FetchWishes,
): Flow<FetchedMeasurements> {
	const file = workspace.path('config');
	const text = await readText(file);
	if (text === undefined) throw configMissing(workspace);
	const {section, image, verified} = await configMeasurements(text, workspace, world, wishes);
	yield {
		type: 'check',
		id: 'measurements',
		title: `measurements of ${releaseText(image)}`,
		state: 'ok',
		detail: verified.source,
		at: world.now(),
	};
	yield {
		type: 'check',
		id: 'measurements-signature',
		title: 'signature',
		state: 'ok',
		detail: `by the ${verified.signer.name}`,
		at: world.now(),
	};
	const isLogged = verified.log.state === 'logged';
	yield {
		type: 'check',
		id: 'measurements-log',
		title: 'transparency log',
		state: isLogged ? 'ok' : 'warning',
		detail: logWords(verified.log),
		at: world.now(),
	};
	// The name that a cloud has for its image is not the name of a version.
	const isVersion = section.image === '' || parseImagePath(section.image) !== undefined;
	return compared({file, text, image, verified}, section, wishes.version !== undefined && isVersion);
}

function compared(
	found: Pick<FetchedMeasurements, 'file' | 'text' | 'image' | 'verified'>,
	section: AttestationSection,
	otherImage: boolean,
): FetchedMeasurements {
	const {verified, image, text} = found;
	const value = isObject(section.value) ? section.value : {};
	const before = pinnedIn(value, section);
	const after = wantedOf(verified, value);
	const changes = changesBetween(before, after);
	const concerns = measurementConcerns(before, after, shapeOf(section.variant));
	const former =
		typeof value['releaseKey'] === 'string' ? fingerprintOf(fromBase64(value['releaseKey'], 'releaseKey')) : undefined;
	const signerChanged = former !== undefined && former !== fingerprintOf(verified.signer.key);
	const edited = editMeasurements(text, {
		key: section.key,
		measurements: formatMeasurements(after),
		...(section.key === 'localVTPM' && {releaseKey: Buffer.from(verified.signer.key).toString('base64')}),
		...(otherImage && {image: releaseText(image)}),
	});
	const needsConsent = (before.size > 0 && changes.length > 0) || signerChanged;
	return {...found, edited, changes, concerns, needsConsent, ...(signerChanged && {formerSigner: former})};
}

/** What the config pins now; the placeholders of v2.9 (1234 repeated) pin nothing. */
function pinnedIn(value: Record<string, unknown>, {variant}: AttestationSection): Measurements {
	const all = parseMeasurements(value['measurements'] ?? {}, shapeOf(variant));
	return new Map([...all].filter(([, {expected}]) => !/^(?:1234)+$/.test(toHex(expected))));
}

/** Register 12 of a local node follows from the image's arguments and the keys of its cluster, as far as the config knows them. */
function wantedOf({statement, signer}: VerifiedMeasurements, {makerKey}: Record<string, unknown>): Measurements {
	if (statement.variant !== 'local-vtpm' || typeof makerKey !== 'string') return statement.measurements;
	const parameters = localParameters(fromBase64(makerKey, 'makerKey'), signer.key);
	const commandLine = measuredCommandLine(statement.arguments ?? [], parameters);
	return withMeasurement(statement.measurements, localRegisters.commandLine, registerOf(sha256(commandLine)));
}

/** Writes what was fetched into the config, and keeps the signed file for bundles. */
export async function* adoptMeasurements(fetched: FetchedMeasurements, world: TrustWorld): Flow<void> {
	await keepMeasurements(fetched, world);
	if (fetched.edited === fetched.text) return;
	await writeFileSafely(fetched.file, fetched.edited);
	yield {type: 'file', path: fetched.file, purpose: 'config with the measurements', at: world.now()};
}

function configMissing({folder}: Workspace): AppError {
	return new AppError(`There is no constellation-conf.yaml in ${folder}.`, {
		code: 'config-missing',
		exitCode: exitCodes.preflight,
		next: ['constellation config generate local   writes one'],
		details: {folder},
	});
}

/** Throws AppError `measurements-not-accepted` (exit 5) unless the digest is that of the fetched file. */
export function requireAccepted({verified: {digest}}: FetchedMeasurements, accepted: string): void {
	if (accepted === digest) return;
	throw new AppError('The measurements are not the ones that were agreed to; nothing was changed.', {
		code: 'measurements-not-accepted',
		exitCode: exitCodes.refused,
		problems: [{path: '--accept-measurements', message: `is ${accepted}, the file has ${digest}`}],
		next: ['Look at the new values and agree to them, or find out why the source gives another file.'],
		details: {digest},
	});
}
