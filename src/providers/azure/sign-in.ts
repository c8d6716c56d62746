import {readFile} from 'node:fs/promises';
import type {TokenCredential} from '@azure/identity';
import {type CloudWords, noCredentials, unreachable} from '../refusals.ts';

export const azureWords: CloudWords = {
	cloud: 'Azure',
	signIn: [
		'Run `az login`, and `az account set --subscription ID` if another subscription is the default.',
		'Or set ARM_CLIENT_ID, ARM_TENANT_ID and ARM_CLIENT_SECRET (or ARM_CLIENT_CERTIFICATE_PATH, or ARM_USE_OIDC with ARM_OIDC_TOKEN_FILE_PATH), or ARM_USE_MSI on a machine of Azure.',
	],
};

const on = (value: string | undefined): boolean => value === 'true' || value === '1';

/**
 * The credential that the azurerm provider of Terraform takes from the same environment, so that both are the same identity: a service
 * principal by secret, certificate or OpenID Connect token, a managed identity, else Azure CLI. Loads its library.
 */
export const azureCredential = async (env: NodeJS.ProcessEnv, tenant?: string): Promise<TokenCredential> => {
	const identity = await import('@azure/identity');
	const {ARM_CLIENT_ID: client, ARM_CLIENT_SECRET: secret, ARM_CLIENT_CERTIFICATE_PATH: certificatePath} = env;
	const tenantId = env['ARM_TENANT_ID'] ?? tenant;
	if (client !== undefined && tenantId !== undefined) {
		if (secret !== undefined) return new identity.ClientSecretCredential(tenantId, client, secret);
		if (certificatePath !== undefined) {
			const certificatePassword = env['ARM_CLIENT_CERTIFICATE_PASSWORD'];
			const certificate = {certificatePath, ...(certificatePassword !== undefined && {certificatePassword})};
			return new identity.ClientCertificateCredential(tenantId, client, certificate);
		}
		const {ARM_OIDC_TOKEN: token, ARM_OIDC_TOKEN_FILE_PATH: file} = env;
		if (on(env['ARM_USE_OIDC']) && (token ?? file) !== undefined) {
			const assertion = () => (token === undefined ? readFile(file ?? '', 'utf8') : Promise.resolve(token));
			return new identity.ClientAssertionCredential(tenantId, client, assertion);
		}
	}
	if (on(env['ARM_USE_MSI'])) return new identity.ManagedIdentityCredential(client === undefined ? {} : {clientId: client});
	return new identity.AzureCliCredential(tenantId === undefined ? {} : {tenantId});
};

const scope = 'https://management.azure.com/.default';
const earlyMs = 300_000;

/**
 * Headers with an access token of Azure Resource Manager, kept until five minutes before its end: Azure CLI takes a second for each.
 * Of what the library throws only the short code of Microsoft Entra is told.
 */
export const azureHeaders = (credential: Pick<TokenCredential, 'getToken'>, now: () => number) => {
	let kept: {token: string; expiresOnTimestamp: number} | undefined;
	return async (_url: string, fresh: boolean): Promise<Headers> => {
		if (fresh || kept === undefined || kept.expiresOnTimestamp - earlyMs < now()) {
			kept = (await credential.getToken(scope).catch((error: unknown) => Promise.reject(notSignedIn(error)))) ?? undefined;
		}
		if (kept === undefined) throw noCredentials(azureWords, 'no token was given');
		return new Headers({authorization: `Bearer ${kept.token}`});
	};
};

const notSignedIn = (error: unknown) => {
	const message = error instanceof Error ? error.message : '';
	// The library of Microsoft keeps the reason to itself.
	if (/^network_error\b|\bE(?:NOTFOUND|CONNREFUSED|CONNRESET|TIMEDOUT|AI_AGAIN)\b/u.test(message))
		return unreachable(azureWords, 'the sign-in', 'no connection');
	const code = /AADSTS\d+|invalid_\w+/u.exec(message)?.[0];
	if (code !== undefined) return noCredentials(azureWords, code);
	if (/az login/u.test(message)) return noCredentials(azureWords, 'Azure CLI is not signed in');
	if (/Azure CLI could not be found/u.test(message))
		return noCredentials(azureWords, 'there are no ARM_* variables and no Azure CLI');
	return noCredentials(azureWords, 'they could not be read or exchanged for a token');
};
