import {createHash, hkdfSync} from 'node:crypto';
import type {Secret} from '../secret.ts';

/** Master key and salt of a cluster. */
export type MasterSecret = {key: Secret; salt: Secret};

/** The key id whose data key is the measurement secret. */
export const measurementSecretId = 'measurementSecret';

const idPrefix = 'key-';
const maximumLength = 255 * 32;

/** HKDF with SHA-256 (RFC 5869), extract and expand. `length` in bytes, at most 8160. */
export const hkdf = (secret: Uint8Array, salt: Uint8Array, info: string | Uint8Array, length: number): Uint8Array => {
	if (!Number.isInteger(length) || length < 1 || length > maximumLength) {
		throw new RangeError(`a derived key has 1 to ${maximumLength} bytes, not ${length}`);
	}
	return new Uint8Array(hkdfSync('sha256', secret, salt, info, length));
};

/** The data key of `id`; the v2.9 key service puts `key-` before every id. */
export const dataKey = (master: MasterSecret, id: string, length: number): Uint8Array =>
	hkdf(master.key.reveal(), master.salt.reveal(), idPrefix + id, length);

/** The 32 bytes from which, with the public salt of the cluster, the cluster ID is derived. */
export const measurementSecret = (master: MasterSecret): Uint8Array => dataKey(master, measurementSecretId, 32);

/** The 32-byte ID of a cluster from its measurement secret and measurement salt. */
export const clusterId = (secret: Uint8Array, salt: Uint8Array): Uint8Array => hkdf(secret, salt, `${idPrefix}clusterID`, 32);

/** Register 15 after TPM2_PCR_Event with the cluster ID, from its value before (SHA-256 bank). */
export const registerWithClusterId = (before: Uint8Array, id: Uint8Array): Uint8Array =>
	new Uint8Array(createHash('sha256').update(before).update(createHash('sha256').update(id).digest()).digest());
