import {isObject} from '../attestation/measurements.ts';
import {readAttestationSection} from '../config/attestation-section.ts';
import {AppError, exitCodes} from '../errors.ts';
import {type Condition, type Place, type PostureProvider, variantsOf} from '../trust/posture/claims.ts';
import {type Posture, postureOf} from '../trust/posture/posture.ts';
import {exists, readText, type Workspace, workspaceAt} from '../workspace/files.ts';
import {readStamp} from '../workspace/stamp.ts';

export {readers} from '../trust/posture/claims.ts';
export type {Posture} from '../trust/posture/posture.ts';

const providerNames = Object.keys(variantsOf) as PostureProvider[];

/**
 * Who could read the data: of the cluster in the folder, or of one that is named. Throws AppError `usage` where neither says enough.
 */
export async function readPosture(folder: string, named: {provider?: string; variant?: string}): Promise<Posture> {
	const workspace = workspaceAt(folder);
	if (named.provider !== undefined || named.variant !== undefined) return postureOf(namedPlace(named), []);
	const text = await readText(workspace.path('config'));
	if (text === undefined) throw usage('There is no config here, so say which choice is meant.', '--provider');
	const {variant, value} = readAttestationSection(text);
	const provider = providerIn(text, variant);
	return postureOf({provider, variant}, await conditionsOf(text, variant, isObject(value) ? value : {}, workspace));
}

function namedPlace({provider: name, variant}: {provider?: string; variant?: string}): Place {
	const possible = providerNames.filter(
		each => (name === undefined || each === name.toLowerCase()) && (variant === undefined || hasVariant(each, variant)),
	);
	const [provider] = possible;
	if (provider === undefined) {
		const known = providerNames.map(each => `${each}: ${variantsOf[each].join(', ')}`);
		throw usage('That provider and variant do not go together.', variant === undefined ? '--provider' : '--variant', known);
	}
	return {provider, variant: variant ?? variantsOf[provider][0]};
}

const hasVariant = (provider: PostureProvider, variant: string): boolean => variantsOf[provider].some(each => each === variant);

/** The key under `provider:` of a v3 config; variants of one provider only do not need it. */
function providerIn(text: string, variant: string): PostureProvider {
	const fitting = providerNames.filter(provider => hasVariant(provider, variant));
	const section = /^provider:[^\n]*\n((?:[ \t]+[^\n]*\n|\n|#[^\n]*\n)*)/m.exec(text)?.[1] ?? '';
	const written = fitting.find(provider => new RegExp(`^\\s+${provider}:`, 'm').test(section));
	const [only] = fitting;
	if (written !== undefined || only !== undefined) return written ?? only ?? 'local';
	throw usage(`Nothing is known of ${variant}.`, '--variant');
}

async function conditionsOf(
	text: string,
	variant: string,
	settings: Record<string, unknown>,
	workspace: Workspace,
): Promise<Condition[]> {
	const measurements = isObject(settings['measurements']) ? Object.values(settings['measurements']) : [];
	const signer = isObject(settings['firmwareSignerConfig']) ? settings['firmwareSignerConfig'] : {};
	const {masterSecretCopied} = await readStamp(workspace);
	const found: [Condition, boolean][] = [
		['unknown-keys', settings['acceptUnknownKeys'] === true],
		['warn-only', measurements.some(entry => isObject(entry) && entry['warnOnly'] === true)],
		['snp-unchecked', variant === 'aws-sev-snp' && !isObject(settings['snp'])],
		['id-key-lenient', 'enforcementPolicy' in signer && signer['enforcementPolicy'] !== 'equal'],
		['debug', /^debugCluster:\s*true\b/m.test(text)],
		['secret-here', (await exists(workspace.path('masterSecret'))) && !masterSecretCopied],
	];
	return found.flatMap(([condition, holds]) => (holds ? [condition] : []));
}

function usage(message: string, flag: string, known: readonly string[] = []): AppError {
	return new AppError(message, {
		code: 'usage',
		exitCode: exitCodes.usage,
		problems: [{path: flag, message: known.length === 0 ? 'is missing' : `must fit: ${known.join('; ')}`}],
		next: ['constellation posture --provider azure --variant azure-sev-snp   is an example'],
	});
}
