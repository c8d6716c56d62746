import {generateKeyPairSync} from 'node:crypto';
import type {FindingCode} from '../../src/attestation/findings.ts';
import {algorithms, attributes} from '../../src/attestation/tpm/constants.ts';
import {allRegisters} from '../../src/attestation/tpm/structures.ts';
import {forgeCertificate} from './forge-chain.ts';
import {type DocumentKnobs, registersAfter} from './forge-document.ts';

/** What a world has to tell for these forgeries. */
type World = {knobs: DocumentKnobs};

const flipped = (bytes: Uint8Array): Buffer => Buffer.from(bytes).fill((bytes[0] ?? 0) ^ 1, 0, 1);
const other = generateKeyPairSync('rsa', {modulusLength: 2048}).privateKey;
/** The values that this world quotes, one of them replaced. */
const changed = (world: World, index: number): readonly Uint8Array[] =>
	registersAfter(world.knobs.events ?? []).map((value, register) => (register === index ? flipped(value) : value));
/** The same bytes, cut elsewhere: the digest over them stays the same. */
const recut = (world: World): readonly Uint8Array[] =>
	registersAfter(world.knobs.events ?? []).map((value, index, all) =>
		index === 20 ? value.subarray(0, 31) : index === 21 ? Buffer.concat([all[20]?.subarray(31) ?? value, value]) : value,
	);
const replaced = (from: string | RegExp, to: string): DocumentKnobs => ({text: json => json.replace(from, to)});
const withoutAttribute = (bit: number): DocumentKnobs => ({area: area => ({...area, attributes: area.attributes & ~bit})});

/** What every variant refuses for the same reason: the shared path cannot be left out by one of them. */
export const shared: readonly (readonly [name: string, knobs: (world: World) => DocumentKnobs, code: FindingCode])[] = [
	[
		'a good SHA-384 quote beside changed SHA-256 registers',
		world => ({
			content: content => {
				const [quote] = content.quotes;
				if (!quote) throw new Error('no quote');
				return {
					...content,
					quotes: [
						{...quote, hash: algorithms.sha384},
						{...quote, pcrs: changed(world, 20)},
					],
				};
			},
		}),
		'quote-digest',
	],
	[
		'only a quote of another bank',
		() => ({content: content => ({...content, quotes: content.quotes.map(quote => ({...quote, hash: algorithms.sha384}))})}),
		'quote-bank',
	],
	[
		'two SHA-256 quotes',
		() => ({content: content => ({...content, quotes: [...content.quotes, ...content.quotes]})}),
		'quote-bank',
	],
	['no quote', () => ({content: content => ({...content, quotes: []})}), 'quote-bank'],
	['registers cut elsewhere', world => ({pcrs: recut(world)}), 'registers-malformed'],
	['a register above 23', () => replaced('"pcrs":{"0":', '"pcrs":{"24":"AA==","0":'), 'document-malformed'],
	['a register with another spelling of its number', () => replaced('"pcrs":{"0":', '"pcrs":{"00":'), 'document-malformed'],
	['a register that is missing', () => replaced(/"23":"[^"]*"/, '"23":""'), 'registers-malformed'],
	['a register that is not the quoted one', world => ({pcrs: changed(world, 20)}), 'quote-digest'],
	[
		'a certificate of another key',
		() => ({akCertificate: forgeCertificate({name: 'foreign', kind: 'rsa-2048'}).der}),
		'key-certificate-mismatch',
	],
	['a certificate that cannot be read', () => ({akCertificate: Buffer.from('x')}), 'key-certificate-malformed'],
	['a key that is not restricted', () => withoutAttribute(attributes.restricted), 'key-attributes'],
	['a key that may leave the TPM', () => withoutAttribute(attributes.fixedTpm), 'key-attributes'],
	['a key that came from outside', () => withoutAttribute(attributes.sensitiveDataOrigin), 'key-attributes'],
	['a key that does not sign', () => withoutAttribute(attributes.sign), 'key-attributes'],
	[
		'a key that also decrypts',
		() => ({area: area => ({...area, attributes: area.attributes | attributes.decrypt})}),
		'key-attributes',
	],
	['a signature of another key', () => ({signer: other}), 'signature-invalid'],
	['another magic', () => ({attestBytes: bytes => flipped(bytes)}), 'quote-magic'],
	['another challenge', () => ({info: info => ({...info, extraData: Buffer.alloc(32)})}), 'quote-challenge'],
	[
		'a register left out',
		() => ({info: info => ({...info, selections: [{hash: algorithms.sha256, registers: allRegisters.slice(1)}]})}),
		'quote-selection',
	],
	[
		'user data of another request',
		() => ({content: content => ({...content, userData: Buffer.alloc(32)})}),
		'user-data-mismatch',
	],
	[
		'an event log that cannot be read',
		() => ({content: content => ({...content, eventLog: Buffer.from('x')})}),
		'event-log-malformed',
	],
	['no Attestation', () => ({text: () => '{"Attestation":null,"InstanceInfo":null,"UserData":""}'}), 'document-malformed'],
	['an empty object', () => ({text: () => '{}'}), 'document-malformed'],
	['null', () => ({text: () => 'null'}), 'document-malformed'],
	['nothing', () => ({text: () => ''}), 'document-malformed'],
	['a key twice', () => replaced('"UserData"', '"UserData":"","UserData"'), 'document-malformed'],
	['a key twice, once escaped', () => replaced('"UserData"', '"\\u0055serData":"","UserData"'), 'document-malformed'],
	['a key in other case', () => replaced('"UserData"', '"userdata"'), 'document-malformed'],
	['an unknown key', () => replaced('"UserData"', '"More":1,"UserData"'), 'document-malformed'],
	['a processor report where none belongs', () => replaced('"TeeAttestation":null', '"TeeAttestation":{}'), 'document-malformed'],
	['base64 of the other alphabet', () => ({text: json => json.replaceAll('+', '-').replaceAll('/', '_')}), 'document-malformed'],
	['base64 without its end', () => replaced(/=",/, '",'), 'document-malformed'],
	['base64 with a line break', () => replaced('"ak_pub":"AAEA', '"ak_pub":"AAEA\\n'), 'document-malformed'],
	['base64 with spare bits', () => replaced(/A="/, 'B="'), 'document-malformed'],
	['a bank as a word', () => replaced('"hash":11', '"hash":"SHA256"'), 'document-malformed'],
	['a bank as a fraction', () => replaced('"hash":11', '"hash":11.0'), 'document-malformed'],
	['something behind the document', () => ({text: json => `${json}{}`}), 'document-malformed'],
	['a document of more than 64 KiB', () => ({text: json => json + ' '.repeat(65_536)}), 'document-malformed'],
	['a document with a byte order mark', () => ({text: json => `\uFEFF${json}`}), 'document-malformed'],
];
