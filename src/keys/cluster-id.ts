import {decodeBase64, encodeBase64} from './base64.ts';

/** How a cluster ID is shown: padded base64 of its 32 bytes. */
export const showClusterId = (id: Uint8Array): string => encodeBase64(id);

/** Reads a cluster ID given as hex or base64; undefined unless it is exactly 32 bytes. */
export const readClusterId = (text: string): Uint8Array | undefined => {
	if (/^[0-9a-fA-F]{64}$/.test(text)) return new Uint8Array(Buffer.from(text, 'hex'));
	const bytes = decodeBase64(text);
	return bytes?.length === 32 ? bytes : undefined;
};
