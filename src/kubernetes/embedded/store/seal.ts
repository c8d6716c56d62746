import {createCipheriv, createDecipheriv, randomBytes} from 'node:crypto';
import type {Secret} from '../../../secret.ts';

const nonceLength = 12;
const tagLength = 16;

/** AES-256-GCM over stored values. The name is authenticated, so a value cannot be moved to another key or revision. */
export type Seal = {seal(name: string, plain: Uint8Array): Buffer; open(name: string, sealed: Uint8Array): Buffer};

/** `key`: 32 bytes. Sealed form: 12 bytes nonce, ciphertext, 16 bytes tag. `open` throws when anything was changed. */
export function createSeal(key: Secret): Seal {
	return {
		seal(name, plain) {
			const nonce = randomBytes(nonceLength);
			const cipher = createCipheriv('aes-256-gcm', key.reveal(), nonce, {authTagLength: tagLength});
			cipher.setAAD(Buffer.from(name));
			return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
		},
		open(name, sealed) {
			if (sealed.length < nonceLength + tagLength) throw new Error(`The stored value of ${name} is too short`);
			const decipher = createDecipheriv('aes-256-gcm', key.reveal(), sealed.subarray(0, nonceLength), {authTagLength: tagLength});
			decipher.setAAD(Buffer.from(name));
			decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
			return Buffer.concat([decipher.update(sealed.subarray(nonceLength, sealed.length - tagLength)), decipher.final()]);
		},
	};
}
