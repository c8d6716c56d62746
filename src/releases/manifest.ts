import {isImageVersion} from '../attestation/signed-measurements.ts';
import {AppError, exitCodes} from '../errors.ts';

/** manifest.json of an image. The file names are fixed; `arguments` are the runtime options of every node, measured in register 12. */
export type Manifest = {
	version: string;
	/** ISO 8601. */
	created: string;
	launcher: 'machine.mjs';
	bundle: 'node.mjs';
	runtime: 'node';
	arguments: readonly string[];
	/** SHA-256 (hex) of the bundle that the image was made from, before the version was stamped into it. */
	source: string;
};

/**
 * Options of the node runtime: no inspector by signal, no native add-ons, no configuration of the cryptography library from outside
 * the image, no warnings for built-in parts that are still called experimental; a small young generation, because a node is many
 * processes that mostly wait.
 */
export const defaultArguments: readonly string[] = [
	'--disable-sigusr1',
	'--no-addons',
	'--openssl-config=/dev/null',
	'--disable-warning=ExperimentalWarning',
	'--max-semi-space-size=1',
];

export function formatManifest(manifest: Manifest): string {
	return `${JSON.stringify(manifest, null, '\t')}\n`;
}

/** Throws AppError `image-damaged`. */
export function parseManifest(text: string, version: string): Manifest {
	const value = parseJson(text, version);
	const {created, launcher, bundle, runtime, arguments: args, source} = value;
	const named = launcher === 'machine.mjs' && bundle === 'node.mjs' && runtime === 'node';
	if (!isImageVersion(version) || value['version'] !== version || !named)
		throw damaged(version, 'manifest.json names other files or another version');
	if (typeof created !== 'string' || Number.isNaN(Date.parse(created))) throw damaged(version, 'manifest.json has no valid date');
	if (!Array.isArray(args) || !args.every(argument => typeof argument === 'string'))
		throw damaged(version, 'manifest.json has no valid arguments');
	if (typeof source !== 'string' || !/^[0-9a-f]{64}$/.test(source))
		throw damaged(version, 'manifest.json does not say what it was made from');
	return {version, created, launcher, bundle, runtime, arguments: args, source};
}

function parseJson(text: string, version: string): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === 'object' && value !== null && !Array.isArray(value)) return {...value};
	} catch {
		// Told below with the image's name.
	}
	throw damaged(version, 'manifest.json is not a JSON object');
}

export function damaged(version: string, why: string, cause?: unknown): AppError {
	return new AppError(`The image ${version} cannot be used: ${why}.`, {
		code: 'image-damaged',
		exitCode: exitCodes.preflight,
		next: [`Run constellation image check ${version} to see what differs.`, 'Remove the folder of the image and make it again.'],
		cause,
	});
}

/** Nobody whom this user trusts says what its nodes have to show. */
export function unsigned(version: string, why: string): AppError {
	return new AppError(`The image ${version} cannot be used: ${why}.`, {
		code: 'image-unsigned',
		exitCode: exitCodes.refused,
		next: ['Remove the folder of the image and make it again.'],
	});
}
