import {isIPv4, isIPv6} from 'node:net';

/** The 4 or 16 bytes of an IP address; undefined when the text is none. Zones are not accepted. */
export const addressBytes = (address: string): Uint8Array | undefined => {
	if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
	if (!isIPv6(address) || address.includes('%')) return undefined;
	const [head = '', tail] = withoutDots(address).split('::');
	const left = groups(head);
	const right = groups(tail ?? '');
	const zeros = tail === undefined ? 0 : 16 - left.length - right.length;
	return Uint8Array.from([...left, ...new Array<number>(zeros).fill(0), ...right]);
};

/** Text of 4 or 16 address bytes. */
export const addressText = (bytes: Uint8Array): string =>
	bytes.length === 4
		? bytes.join('.')
		: (Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []).map(group => Number.parseInt(group, 16).toString(16)).join(':');

/** `::ffff:192.0.2.1` has its last four bytes in dotted form. */
const withoutDots = (address: string): string =>
	address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
		[Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map(value => value.toString(16)).join(':'),
	);

const groups = (text: string): number[] =>
	text === ''
		? []
		: text.split(':').flatMap(group => {
				const value = Number.parseInt(group, 16);
				return [value >> 8, value & 0xff];
			});
