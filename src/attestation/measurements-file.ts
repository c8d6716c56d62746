import {type VariantName, variantOids} from './attested.ts';
import {MalformedError} from './bytes.ts';
import {isObject, type Measurements, parseMeasurements} from './measurements.ts';
import {bankOf, type RegisterBank} from './registers.ts';
import {parseStrictJson} from './strict-json.ts';

/** Who runs the machines, as the v2.9 files spell it. */
export const providerNames = ['AWS', 'Azure', 'GCP', 'OpenStack', 'QEMU', 'Local'] as const;
export type ProviderName = (typeof providerNames)[number];

export type MeasurementsEntry = {csp: ProviderName; variant: VariantName; measurements: Measurements};

/** The v2.9 measurements file: what one release measures, by provider and variant. */
export type MeasurementsFile = {
	version: string;
	ref: string;
	stream: string;
	entries: readonly MeasurementsEntry[];
	/** Runtime options of a local image, from which its register 12 follows. */
	arguments?: readonly string[];
};

/** Largest measurements file that is read, in bytes; the biggest of v2.9 has 8 KiB. */
export const maxMeasurementsFile = 64 * 1024;
const maxEntries = 64;
const versionPattern = /^v(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})(?:-[0-9A-Za-z.-]{1,64})?$/;
const wordPattern = /^[a-zA-Z0-9-]{1,100}$/;

export function isImageVersion(text: string): boolean {
	return versionPattern.test(text);
}

/**
 * Reads the file strictly: exactly the known keys, no duplicates, each provider and variant at most once. Entries of providers and
 * variants that are not known here are left out, as v2.9 does. The signature over the exact bytes has to be checked before. Throws
 * MalformedError or AppError `measurements-invalid`.
 */
export function parseMeasurementsFile(bytes: Uint8Array): MeasurementsFile {
	const json = parseStrictJson(bytes, {bytes: maxMeasurementsFile, depth: 8});
	if (!isObject(json)) throw new MalformedError('measurements: not an object');
	const {version, ref, stream, list, arguments: args, ...others} = json;
	refuseOthers(others, 'measurements');
	if (typeof version !== 'string' || !isImageVersion(version)) throw new MalformedError('measurements: version');
	if (typeof ref !== 'string' || !wordPattern.test(ref)) throw new MalformedError('measurements: ref');
	if (typeof stream !== 'string' || !wordPattern.test(stream)) throw new MalformedError('measurements: stream');
	if (!Array.isArray(list) || list.length > maxEntries) throw new MalformedError('measurements: list');
	const entries = list.flatMap((item: unknown) => parseEntry(item));
	if (new Set(entries.map(({csp, variant}) => `${csp} ${variant}`)).size !== entries.length)
		throw new MalformedError('measurements: two entries for one provider and variant');
	return {version, ref, stream, entries, ...(args === undefined ? {} : {arguments: parseArguments(args)})};
}

function parseEntry(item: unknown): MeasurementsEntry[] {
	if (!isObject(item)) throw new MalformedError('measurements: an entry is not an object');
	const {csp, attestationVariant: variant, measurements, ...others} = item;
	refuseOthers(others, 'measurements: an entry');
	if (typeof csp !== 'string' || typeof variant !== 'string') throw new MalformedError('measurements: provider or variant');
	const provider = providerNamed(csp);
	if (provider === undefined || !isVariantName(variant)) return [];
	return [{csp: provider, variant, measurements: parseMeasurements(measurements, shapeOf(variant))}];
}

function parseArguments(args: unknown): string[] {
	if (Array.isArray(args) && args.length <= maxEntries && args.every(argument => typeof argument === 'string')) return args;
	throw new MalformedError('measurements: arguments');
}

function refuseOthers(others: Record<string, unknown>, what: string): void {
	const [key] = Object.keys(others);
	if (key !== undefined) throw new MalformedError(`${what} has an unknown key`);
}

/** The provider of this name in any case, as v2.9 reads it: `stackit` is OpenStack. Undefined where it is not known. */
export function providerNamed(text: string): ProviderName | undefined {
	const lower = text.toLowerCase();
	return lower === 'stackit' ? 'OpenStack' : providerNames.find(name => name.toLowerCase() === lower);
}

export function isVariantName(name: string): name is VariantName {
	return Object.hasOwn(variantOids, name);
}

/** The registers that a variant measures into. */
export const shapeOf = (variant: VariantName): RegisterBank => bankOf({variant});

/** The entry for exactly this provider and variant; undefined where there is none. */
export function entryFor(file: MeasurementsFile, csp: ProviderName, variant: VariantName): MeasurementsEntry | undefined {
	return file.entries.find(entry => entry.csp === csp && entry.variant === variant);
}
