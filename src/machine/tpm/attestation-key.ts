import {createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign} from 'node:crypto';
import {promisify} from 'node:util';
import {algorithms, attestationKeyAttributes} from '../../attestation/tpm/constants.ts';
import {nameOf, writePublicArea} from '../../attestation/tpm/public-area.ts';
import {writeSignature} from '../../attestation/tpm/structures.ts';
import {Secret} from '../../secret.ts';

/** The TPM's restricted RSA-2048 key. It signs only what `signStructure` is given: structures that the TPM made. */
export type AttestationKey = {
	/** TPMT_PUBLIC. */
	public: Uint8Array;
	/** Name of the key: nameAlg ‖ digest. */
	name: Uint8Array;
	/** X.509 DER, from the maker. */
	certificate: Uint8Array;
	/** TPMT_SIGNATURE, RSASSA with SHA-256. */
	signStructure: (bytes: Uint8Array) => Promise<Uint8Array>;
	/** PKCS #8 DER. */
	exportPrivate: () => Secret;
};

const generate = promisify(generateKeyPair);

/** Makes a key off the main thread and has it certified. */
export async function createAttestationKey(certify: (akPublic: Uint8Array) => Promise<Uint8Array>): Promise<AttestationKey> {
	const {privateKey} = await generate('rsa', {modulusLength: 2048, publicExponent: 65_537});
	return attestationKeyOf(privateKey, await certify(publicAreaOf(privateKey)));
}

export function loadAttestationKey(pkcs8: Secret, certificate: Uint8Array): AttestationKey {
	return attestationKeyOf(createPrivateKey({key: Buffer.from(pkcs8.reveal()), format: 'der', type: 'pkcs8'}), certificate);
}

function attestationKeyOf(privateKey: KeyObject, certificate: Uint8Array): AttestationKey {
	const publicArea = publicAreaOf(privateKey);
	return {
		public: publicArea,
		name: nameOf(publicArea),
		certificate,
		signStructure: async bytes => {
			const value = await signRsa(bytes, privateKey);
			return writeSignature({scheme: algorithms.rsassa, hash: algorithms.sha256, value});
		},
		exportPrivate: () => new Secret(privateKey.export({format: 'der', type: 'pkcs8'})),
	};
}

async function signRsa(bytes: Uint8Array, key: KeyObject): Promise<Uint8Array> {
	return new Promise((resolve, reject) => {
		sign('sha256', bytes, key, (error, signature) => {
			if (error) reject(error);
			else resolve(signature);
		});
	});
}

function publicAreaOf(privateKey: KeyObject): Uint8Array {
	const {n} = createPublicKey(privateKey).export({format: 'jwk'});
	const modulus = Buffer.from(n ?? '', 'base64url');
	return writePublicArea({
		nameAlgorithm: algorithms.sha256,
		attributes: attestationKeyAttributes,
		authPolicy: new Uint8Array(),
		scheme: {algorithm: algorithms.rsassa, hash: algorithms.sha256},
		key: {type: 'rsa', bits: modulus.length * 8, exponent: 65_537, modulus},
	});
}
