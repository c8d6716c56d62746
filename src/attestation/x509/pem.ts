import {fromBase64, MalformedError} from '../bytes.ts';

const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/**
 * DER of the certificates in a PEM text (RFC 7468): nothing but blocks, line ends and, as C programs write it, one zero byte at the
 * end. Throws MalformedError.
 */
export function certificatesInPem(text: Uint8Array, limits: {bytes: number; count: number}): Uint8Array[] {
	if (text.length > limits.bytes) throw new MalformedError(`PEM: ${text.length} bytes, at most ${limits.bytes} are allowed`);
	const terminated = text.at(-1) === 0 ? text.subarray(0, -1) : text;
	const certificates: Uint8Array[] = [];
	let rest = Buffer.from(terminated).toString('latin1').replaceAll('\r\n', '\n').trim();
	while (rest.length > 0) {
		const to = rest.indexOf(end);
		if (!rest.startsWith(begin) || to < 0) throw new MalformedError('PEM: not a list of certificates');
		if (certificates.length === limits.count) throw new MalformedError(`PEM: more than ${limits.count} certificates`);
		certificates.push(fromBase64(rest.slice(begin.length, to).replaceAll('\n', ''), 'PEM'));
		rest = rest.slice(to + end.length).trimStart();
	}
	return certificates;
}
