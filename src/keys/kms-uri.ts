import {AppError, exitCodes} from '../errors.ts';
import {Secret} from '../secret.ts';
import {decodeBase64, encodeBase64} from './base64.ts';
import type {MasterSecret} from './derive.ts';

/** The only storage that the cluster's own key management needs: none. */
export const noStorageUri = 'storage://no-store';

const prefix = 'kms://cluster-kms';
const maximumLength = 4096;

const invalid = (message: string): AppError => new AppError(message, {code: 'kms-uri-invalid', exitCode: exitCodes.usage});

/** The v2.9 URI that carries a master secret to a node. The result is secret. */
export const encodeKmsUri = ({key, salt}: MasterSecret): string =>
	`${prefix}?key=${encodeBase64(key.reveal(), 'url')}&salt=${encodeBase64(salt.reveal(), 'url')}`;

/**
 * Reads a cluster KMS URI as v2.9 does: exact host, any path, the first of a repeated parameter, padded URL-safe base64.
 * Other key management services are refused. Throws AppError `kms-uri-invalid`, which never quotes the URI.
 */
export const decodeKmsUri = (uri: string): MasterSecret => {
	const query = queryOf(uri);
	return {key: new Secret(parameter(query, 'key')), salt: new Secret(parameter(query, 'salt'))};
};

const queryOf = (uri: string): URLSearchParams => {
	if (uri.length > maximumLength) throw invalid('the key management URI is too long');
	const found = /^kms:\/\/cluster-kms(?:\/[^?#]*)?\?([^#]*)$/.exec(uri);
	if (!found?.[1]) throw invalid(`only ${prefix} with key and salt is supported`);
	if (found[1].includes(';')) throw invalid('the key management URI has a semicolon in its query');
	return new URLSearchParams(found[1]);
};

const parameter = (query: URLSearchParams, name: string): Uint8Array => {
	const bytes = decodeBase64(query.get(name) ?? '', 'url');
	if (!bytes?.length) throw invalid(`the key management URI has no valid ${name}`);
	return bytes;
};
