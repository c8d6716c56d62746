import {isScalar, parseDocument} from 'yaml';
import {AppError, exitCodes} from '../errors.ts';
import {type AttestationKey, type AttestationVariant, attestationKeys, isAttestationKey} from './attestation-keys.ts';
import {maxConfigSize} from './load.ts';
import {keepDigits} from './yaml-words.ts';

/** What a config says of attestation: the variant, its settings as they stand there, and the image. */
export type AttestationSection = {
	key: AttestationKey;
	variant: AttestationVariant;
	value: unknown;
	image: string;
};

/**
 * The attestation section of a config file of version v3, of this tool or of v2.9: the rest of the file is not looked at, so that a
 * cluster can be verified that another tool made. Only the project of Google Cloud counts too: what the section does not say of it, the
 * provider does, because machines of other projects are not this cluster's. Throws AppError `invalid-config`.
 */
export function readAttestationSection(text: string): AttestationSection {
	if (Buffer.byteLength(text) > maxConfigSize) throw invalid('', `larger than ${maxConfigSize} bytes`);
	const document = parseDocument(text, {prettyErrors: true});
	const [first] = document.errors;
	if (first) throw invalid(`line ${first.linePos?.[0].line ?? 1}`, first.message.split('\n')[0] ?? first.code);
	// v2.9 reads a register value of digits as the text that it is.
	keepDigits(document);
	const image = document.get('image', true);
	const value: unknown = document.toJS({maxAliasCount: 10});
	const section = isObject(value) && isObject(value['attestation']) ? value['attestation'] : {};
	const [key, ...others] = Object.keys(section);
	if (key === undefined) throw invalid('attestation', 'names no attestation variant');
	if (others.length > 0) throw invalid('attestation', 'names more than one attestation variant');
	if (!isAttestationKey(key)) throw invalid(`attestation.${key}`, 'is no attestation variant that this tool knows');
	return {
		key,
		variant: attestationKeys[key],
		value: withProject(section[key], attestationKeys[key], value),
		image: isScalar(image) && typeof image.value === 'string' ? image.value : '',
	};
}

function withProject(settings: unknown, variant: AttestationVariant, config: unknown): unknown {
	if (!variant.startsWith('gcp-') || !isObject(settings) || settings['projects'] !== undefined) return settings;
	const provider = isObject(config) && isObject(config['provider']) ? config['provider']['gcp'] : undefined;
	const project = isObject(provider) ? provider['project'] : undefined;
	return typeof project === 'string' && project !== '' ? {...settings, projects: [project]} : settings;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

function invalid(path: string, message: string): AppError {
	return new AppError('The config does not say what a node has to prove.', {
		code: 'invalid-config',
		exitCode: exitCodes.usage,
		problems: [{path, message}],
		next: ['Use the config that the cluster was made with, or give the values with --measurements FILE.'],
	});
}
