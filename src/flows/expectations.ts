import {readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import {MalformedError} from '../attestation/bytes.ts';
import {formatMeasurements, isObject} from '../attestation/measurements.ts';
import {isVariantName, type MeasurementsEntry, parseMeasurementsFile, providerNamed} from '../attestation/measurements-file.ts';
import {type Policy, parsePolicy} from '../attestation/policy.ts';
import {parseStrictJson} from '../attestation/strict-json.ts';
import {readAttestationSection} from '../config/attestation-section.ts';
import {AppError, exitCodes} from '../errors.ts';

/** The signed file behind expected values: exact bytes, its signature, and the key it was checked with (DER). */
export type SignedSource = {
	file: Uint8Array;
	signature: Uint8Array;
	key: Uint8Array;
	/** The answer of a transparency log (exact bytes), and the key it was checked with. */
	log?: {name: string; key: Uint8Array; entry: Uint8Array};
};

/** What nodes have to show before they are in a cluster, and where that came from. */
export type Expectations = {policy: Policy; source: string; imageVersion?: string; signed?: SignedSource};

/** What the command line says of a source that does not say it itself. */
export type Wishes = {
	variant?: string;
	provider?: string;
	acceptUnknownKeys?: boolean;
	/** Settings of the variant beside its measurements, for sources that hold measurements only. */
	base?: {variant: string; settings: unknown};
};

const maxSize = 1024 * 1024;

/** Reads expected values from a file: a config (v3), an attestation config as the cluster holds it, or a measurements file. */
export async function readExpectations(file: string, wishes: Wishes): Promise<Expectations> {
	const bytes = await readSource(file);
	return expectationsFrom(bytes, path.basename(file), wishes);
}

async function readSource(file: string): Promise<Uint8Array> {
	try {
		const {size} = await stat(file);
		if (size > maxSize) throw unusable(file, `it is larger than ${maxSize} bytes`);
		return await readFile(file);
	} catch (error) {
		if (error instanceof AppError) throw error;
		throw unusable(file, error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read');
	}
}

/** As readExpectations, for bytes that are here already. `source` names them for people. */
export function expectationsFrom(bytes: Uint8Array, source: string, wishes: Wishes): Expectations {
	const text = Buffer.from(bytes).toString('utf8');
	if (!/^\s*\{/.test(text)) return fromConfig(text, source, wishes);
	try {
		const json = parseStrictJson(bytes, {bytes: maxSize, depth: 8});
		if (isObject(json) && 'list' in json) return fromMeasurementsFile(bytes, source, wishes);
		const settings = isObject(json) && 'measurements' in json ? json : {measurements: json};
		const variant = wishes.variant ?? (Object.hasOwn(settings, 'makerKey') ? 'local-vtpm' : undefined);
		if (variant === undefined) throw needsFlag('--variant', `${source} does not say which attestation variant it is about.`);
		return {policy: policyOf(variant, settings, wishes), source};
	} catch (error) {
		if (error instanceof MalformedError) throw unusable(source, error.message);
		throw error;
	}
}

/** The attestation section of a config. `settings`: what stands for it where words in it were replaced, such as `latest`. */
export function fromConfig(text: string, source: string, wishes: Wishes, settings?: unknown): Expectations {
	const {variant, value, image} = readAttestationSection(text);
	if (wishes.variant !== undefined && wishes.variant !== variant)
		throw needsFlag('--variant', `${source} is about ${variant}, not ${wishes.variant}.`);
	const {base: _other, ...own} = wishes;
	return {policy: policyOf(variant, settings ?? value, own), source, ...(image === '' ? {} : {imageVersion: image})};
}

function fromMeasurementsFile(bytes: Uint8Array, source: string, wishes: Wishes): Expectations {
	const file = parseMeasurementsFile(bytes);
	const provider = wishes.provider === undefined ? undefined : providerNamed(wishes.provider);
	const fitting = file.entries.filter(
		({csp, variant}) =>
			(wishes.variant === undefined || variant === wishes.variant) && (wishes.provider === undefined || csp === provider),
	);
	const [entry, ...others] = fitting;
	if (entry === undefined) throw unusable(source, `it has nothing for ${wishes.variant ?? 'a variant that is known'}`);
	if (others.length > 0) throw choose(source, fitting);
	const settings = {measurements: formatMeasurements(entry.measurements)};
	return {policy: policyOf(entry.variant, settings, wishes), source: `${source}, not signed`, imageVersion: file.version};
}

/** A policy from settings as a config has them. Throws AppError. */
export function policyOf(variant: string, settings: unknown, {acceptUnknownKeys, base}: Wishes): Policy {
	if (!isVariantName(variant)) throw needsFlag('--variant', `The attestation variant ${variant} is not known.`);
	const consent = acceptUnknownKeys === true ? {acceptUnknownKeys: true} : {};
	const others = base?.variant === variant && isObject(base.settings) ? base.settings : {};
	const all = isObject(settings) ? {...others, ...settings, ...consent} : settings;
	if (variant === 'local-vtpm' && isObject(all) && all['makerKey'] === undefined) throw withoutMaker();
	return parsePolicy(variant, all);
}

function choose(source: string, entries: readonly MeasurementsEntry[]): AppError {
	const sameVariant = new Set(entries.map(({variant}) => variant)).size === 1;
	const names = [...new Set(entries.map(({csp, variant}) => (sameVariant ? csp : variant)))].join(', ');
	return needsFlag(sameVariant ? '--provider' : '--variant', `${source} is about several: ${names}.`);
}

/** Something only the person can say. */
export function needsFlag(flag: string, message: string): AppError {
	return new AppError(message, {
		code: 'usage',
		exitCode: exitCodes.usage,
		problems: [{path: flag, message: 'must say what the cluster is made of'}],
		next: [`Give ${flag}; constellation verify --help has an example.`],
	});
}

function withoutMaker(): AppError {
	return new AppError('Measurements alone do not say which key vouches for the machines of a local cluster.', {
		code: 'measurements-unusable',
		exitCode: exitCodes.preflight,
		next: ['Name the config of the cluster instead, as apply wrote it: --measurements constellation-conf.yaml'],
	});
}

function unusable(source: string, reason: string): AppError {
	return new AppError(`The expected values in ${source} cannot be used: ${reason}.`, {
		code: 'measurements-unusable',
		exitCode: exitCodes.preflight,
		next: ['Name the config of the cluster, or its measurements file, with --measurements FILE.'],
		details: {source},
	});
}
