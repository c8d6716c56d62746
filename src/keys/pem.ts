import {decodeBase64} from './base64.ts';

/** PEM text (RFC 7468) of DER bytes under a label such as `CERTIFICATE`. */
export const toPem = (label: string, der: Uint8Array): string => {
	const lines =
		Buffer.from(der)
			.toString('base64')
			.match(/.{1,64}/g) ?? [];
	return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};

/** DER of the first PEM block with `label`; undefined when there is none that is well formed. */
export const fromPem = (label: string, text: string): Uint8Array | undefined => {
	const begin = `-----BEGIN ${label}-----`;
	const from = text.indexOf(begin);
	const to = text.indexOf(`-----END ${label}-----`, from);
	if (from < 0 || to < 0) return undefined;
	return decodeBase64(text.slice(from + begin.length, to).replaceAll(/\s/g, ''));
};
