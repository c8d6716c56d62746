import {createHash, createPublicKey} from 'node:crypto';
import {toHex} from '../../attestation/bytes.ts';

/** A transparency log: where it is asked and the key (DER SubjectPublicKeyInfo, P-256) that signs what it says. */
export type Log = {name: string; url: string; key: Uint8Array};

/** Sigstore's public instance of Rekor. Its key has not changed since 2021; asking the server for it would prove nothing. */
export const publicLog: Log = {
	name: 'rekor.sigstore.dev',
	url: 'https://rekor.sigstore.dev',
	key: Buffer.from(
		'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==',
		'base64',
	),
};

/** Hex SHA-256 of the log's key: the `logID` of its entries (RFC 6962 section 3.2). */
export function logIdOf({key}: Log): string {
	return toHex(createHash('sha256').update(key).digest());
}

export const keyOf = ({key}: Log) => createPublicKey({key: Buffer.from(key), format: 'der', type: 'spki'});
