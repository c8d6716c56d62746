import {createPrivateKey, createPublicKey} from 'node:crypto';
import {parsePublicArea, publicKeyOf} from '../../attestation/tpm/public-area.ts';
import type {MachineIdentity} from '../../attestation/variants/local/ak-certificate.ts';
import {encodeName} from '../../keys/names.ts';
import {signCertificate} from '../../keys/pki.ts';
import type {Secret} from '../../secret.ts';

const years = 10;
const hour = 3_600_000;

/** A key pair of the maker: `privateKey` PKCS #8 PEM of an ECDSA P-256 key. */
export type Maker = {privateKey: Secret};

/** DER SubjectPublicKeyInfo of the maker key: what a cluster's policy pins. */
export function makerPublicKey({privateKey}: Maker): Uint8Array {
	return createPublicKey(createPrivateKey(Buffer.from(privateKey.reveal()))).export({format: 'der', type: 'spki'});
}

/**
 * Certifies attestation keys of one machine, as a TPM's manufacturer does: X.509 with CN=machine, OU=role, serialNumber=disk UUID,
 * issued by the maker key. It lives as long as the machine can.
 */
export function akCertifier(maker: Maker, machine: MachineIdentity): (akPublic: Uint8Array) => Promise<Uint8Array> {
	return akPublic => {
		const key = publicKeyOf(parsePublicArea(akPublic));
		const now = Date.now();
		const certificate = signCertificate({
			subject: encodeName({commonName: machine.name, organizationalUnit: machine.role, serialNumber: machine.diskUuid}),
			issuer: encodeName({commonName: 'constellation local machine maker'}),
			publicKey: key.export({format: 'der', type: 'spki'}),
			notBefore: new Date(now - hour),
			notAfter: new Date(now + years * 365 * 24 * hour),
			extensions: [],
			signer: createPrivateKey(Buffer.from(maker.privateKey.reveal())),
		});
		return Promise.resolve(certificate);
	};
}
