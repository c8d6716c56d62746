import * as z from 'zod/mini';
import {decodeBase64} from '../keys/base64.ts';
import {Secret} from '../secret.ts';

/** Parts of the settings that services get over their IPC channel. */

/** Base64 of public bytes. */
export const bytesSetting = z.pipe(
	z.string(),
	z.transform((text, context) => {
		const bytes = decodeBase64(text);
		if (bytes) return bytes;
		// The value itself may be secret and is never repeated.
		context.issues.push({code: 'custom', message: 'not base64', input: undefined});
		return z.NEVER;
	}),
);

/** Base64 of secret bytes: a Secret from here on. */
export const secretSetting = z.pipe(
	bytesSetting,
	z.transform(bytes => new Secret(bytes)),
);

export const addressSetting = z.object({host: z.string(), port: z.number()});

/** How a service reaches the Kubernetes API: certificates PEM, key base64 of PEM. */
export const kubeSetting = z.object({server: z.string(), ca: z.string(), cert: z.string(), key: secretSetting});
