import {readFile, stat} from 'node:fs/promises';
import {homedir} from 'node:os';
import {GoogleAuth, type GoogleAuthOptions, Impersonated, OAuth2Client} from 'google-auth-library';
import {noCredentials} from '../refusals.ts';
import {googleWords} from './sign-in.ts';

export type GoogleIdentity = Pick<GoogleAuth, 'getRequestHeaders'>;

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];
const largestFile = 64 * 1024;

/**
 * The identity that the google provider of Terraform takes from the same environment, so that both are the same one: an access token, the
 * file or content in GOOGLE_CREDENTIALS, else Application Default Credentials; each may act as another service account.
 * `getRequestHeaders` throws AppError `cloud-credentials`, or what the library throws.
 */
export function googleIdentity(env: NodeJS.ProcessEnv): GoogleIdentity {
	let signedIn: Promise<GoogleIdentity> | undefined;
	return {getRequestHeaders: async url => (await (signedIn ??= signIn(env))).getRequestHeaders(url)};
}

async function signIn(env: NodeJS.ProcessEnv): Promise<GoogleIdentity> {
	const {GOOGLE_OAUTH_ACCESS_TOKEN: token, GOOGLE_CREDENTIALS: named, GOOGLE_IMPERSONATE_SERVICE_ACCOUNT: other} = env;
	let own: GoogleAuth | OAuth2Client;
	if (token) {
		own = new OAuth2Client();
		own.setCredentials({access_token: token});
	} else own = new GoogleAuth(named ? {scopes, credentials: await credentialsIn(named, env)} : {scopes});
	if (!other) return own;
	const sourceClient = own instanceof GoogleAuth ? await own.getClient() : own;
	return new Impersonated({sourceClient, targetPrincipal: other, targetScopes: scopes});
}

/** The content itself, or the file that it names (`~` is the home folder). Nothing of it is told. */
async function credentialsIn(named: string, env: NodeJS.ProcessEnv): Promise<NonNullable<GoogleAuthOptions['credentials']>> {
	const path = named.replace(/^~(?=\/|$)/u, env['HOME'] ?? homedir());
	try {
		const content = named.trimStart().startsWith('{') ? named : await smallFile(path);
		return JSON.parse(content) as NonNullable<GoogleAuthOptions['credentials']>;
	} catch {
		// The reason could quote what it read.
		throw noCredentials(googleWords, 'GOOGLE_CREDENTIALS is neither the JSON of a key nor a file with it');
	}
}

async function smallFile(path: string): Promise<string> {
	const found = await stat(path);
	if (!found.isFile() || found.size > largestFile) throw new Error('it is no file, or too large');
	return readFile(path, 'utf8');
}
