import {parseDocument} from 'yaml';
import {z} from 'zod';
import {AppError, exitCodes, type Problem} from '../errors.ts';

const publicKey = z
	.string()
	.regex(/^[A-Za-z\d+/]+={0,2}$/, {error: 'must be the base64 of a public key (DER, SubjectPublicKeyInfo)'})
	.max(2000);
const address = z.url({protocol: /^https$/, error: 'must be an address that starts with https://'}).max(2000);

/** Where signed measurements come from and who has to vouch for them. It only says whom to ask; nothing is asked because of it. */
export const trustSchema = z.strictObject({
	measurements: z
		.string()
		.min(1)
		.max(2000)
		.optional()
		.describe(
			'Where `config fetch-measurements` looks, and who has to say the same of an image before a local cluster is made of it or upgraded to it: address of a mirror or of a file, a path, or `bundle`. Without it: the image on this machine for local clusters, the server of the original project for others.',
		),
	azureVersions: address
		.optional()
		.describe(
			'Mirror that `latest` of azureSEVSNP is looked up on. Whoever serves the list, the built-in key must have signed it. Without it: the server of the original project.',
		),
	keys: z
		.array(publicKey)
		.min(1)
		.max(8)
		.optional()
		.describe('Public keys that may sign measurements, in place of the one that is built in.'),
	transparency: z
		.enum(['require', 'warn'])
		.optional()
		.describe(
			'Whether measurements must be in the public transparency log, or their absence is only said. Without it: `require` for the built-in key, `warn` for keys of your own.',
		),
	log: z
		.strictObject({
			name: z
				.string()
				.regex(/^[a-z\d.-]{1,100}$/)
				.describe('Name under which the log signs.'),
			url: address.describe('Address of the log.'),
			key: publicKey.describe('Public key of the log.'),
		})
		.optional()
		.describe('A transparency log in place of the public one.'),
});

export type TrustSettings = z.infer<typeof trustSchema>;

/**
 * The trust section of a config of version v3 and the name of its provider; the rest is not looked at, so that it works for configs
 * that another tool made. Throws AppError `invalid-config`.
 */
export function readTrustSection(text: string): {trust: TrustSettings; provider: string | undefined} {
	const document = parseDocument(text, {prettyErrors: true});
	// Half a file may lack the very keys that it pins.
	if (document.errors.length > 0)
		throw unusable(
			document.errors.map(({linePos, message, code}) => ({
				path: `line ${linePos?.[0].line ?? 1}`,
				message: message.split('\n')[0] ?? code,
			})),
		);
	const value: unknown = document.toJS({maxAliasCount: 10});
	const config: Record<string, unknown> = typeof value === 'object' && value !== null ? {...value} : {};
	const {provider, trust = {}} = config;
	const names = typeof provider === 'object' && provider !== null ? Object.keys(provider) : [];
	const read = trustSchema.safeParse(trust);
	if (read.success) return {trust: read.data, provider: names.length === 1 ? names[0] : undefined};
	throw unusable(read.error.issues.map(({path, message}) => ({path: ['trust', ...path].join('.'), message})));
}

const unusable = (problems: readonly Problem[]): AppError =>
	new AppError('The trust section of the config cannot be used.', {
		code: 'invalid-config',
		exitCode: exitCodes.usage,
		problems,
		next: ['Correct the values named above.'],
	});
