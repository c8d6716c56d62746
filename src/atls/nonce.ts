import {randomBytes} from 'node:crypto';
import {decodeBase64, encodeBase64} from '../keys/base64.ts';

const size = 32;

/** A fresh nonce: 32 random bytes. One for each connection, never a second time. */
export const newNonce = (): Uint8Array => new Uint8Array(randomBytes(size));

/** The form in which a nonce travels as TLS server name: padded standard base64, 44 characters. */
export const encodeNonce = (nonce: Uint8Array): string => encodeBase64(nonce);

/** Reads a server name as nonce; undefined unless it is exactly the base64 of 32 bytes. */
export const decodeNonce = (serverName: string): Uint8Array | undefined => isNonce(decodeBase64(serverName));

const isNonce = (bytes: Uint8Array | undefined): Uint8Array | undefined => (bytes?.length === size ? bytes : undefined);
