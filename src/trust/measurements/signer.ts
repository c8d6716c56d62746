import {createHash, createPublicKey} from 'node:crypto';
import {verifyBlob} from '../../attestation/blob-signature.ts';
import {toHex} from '../../attestation/bytes.ts';
import {AppError, exitCodes} from '../../errors.ts';
import type {ReleasePath} from './release-path.ts';

/** A key whose signature under a measurements file counts. `key`: DER SubjectPublicKeyInfo, P-256. */
export type Signer = {name: string; key: Uint8Array; pinned: boolean};

const pinnedSigner = (name: string, spki: string): Signer => ({name, key: Buffer.from(spki, 'base64'), pinned: true});

/** The keys of the original project, as v2.9 has them built in. */
export const releaseSigner = pinnedSigner(
	'Edgeless Systems release key',
	'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf8F1hpmwE+YCFXzjGtaQcrL6XZVTJmEe5iSLvG1SyQSAew7WdMKF6o9t8e2TFuCkzlOhhlws2OHWbiFZnFWCFw==',
);
const developmentSigner = pinnedSigner(
	'Edgeless Systems development key',
	'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELcPl4Ik+qZuH4K049wksoXK/Os3Zb92PDCpM7FZAINQF88s1TZS/HmRXYk62UJ4eqPduvUnJmXhNikhLbMi6fw==',
);

/** The pinned key for an image: releases have one, everything else the other. */
export function pinnedSignerOf({ref, stream}: Omit<ReleasePath, 'version'>): Signer {
	return ref === '-' && stream === 'stable' ? releaseSigner : developmentSigner;
}

/** SHA-256 of the DER SubjectPublicKeyInfo, as it is shown: `sha256:` and hex. */
export function fingerprintOf(key: Uint8Array): string {
	return `sha256:${toHex(createHash('sha256').update(key).digest())}`;
}

/** Reads a public key of the user's own in PEM. Throws AppError `signer-key-unusable` for anything but ECDSA P-256. */
export function signerFromPem(pem: string, name: string): Signer {
	try {
		const key = createPublicKey(pem.includes('PRIVATE KEY') ? '' : pem);
		if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1')
			return {name, key: key.export({format: 'der', type: 'spki'}), pinned: false};
	} catch {
		// Told below with the key's name; the library's message could quote the file.
	}
	throw new AppError(`The ${name} is none that signs measurements: an ECDSA P-256 public key in PEM form is.`, {
		code: 'signer-key-unusable',
		exitCode: exitCodes.usage,
		next: ['Give the file that cosign calls cosign.pub, or release-key/public.pem of the machine that published.'],
	});
}

/** Which of the keys signed the file; undefined where none did. */
export function signerOf(content: Uint8Array, signature: Uint8Array, signers: readonly Signer[]): Signer | undefined {
	return signers.find(({key}) => verifyBlob(content, signature, key));
}
