import {createPrivateKey, X509Certificate} from 'node:crypto';
import {readFileSync} from 'node:fs';
import test from 'ava';
import {mintLeaf} from '../../src/atls/leaf.ts';
import {decodeNonce, encodeNonce, newNonce} from '../../src/atls/nonce.ts';
import {verifyLeaf} from '../../src/atls/verify-leaf.ts';
import {AttestationRefused} from '../../src/attestation/findings.ts';
import {parsePolicy, type Validator, validatorOf} from '../../src/attestation/variant.ts';
import {readCertificate} from '../../src/keys/certificate.ts';
import {dummyIssuer, dummyOid, dummyValidator} from '../helpers/dummy-attestation.ts';

type Case = {
	id: string;
	certificateOf: string;
	presentedCertificatesDerB64: string[] | null;
	nonceHex: string;
	verdict: string;
	reason?: string;
	verifyAt: string;
	certificate?: {serialHex: string; spkiHex: string; extensions?: {oid: string; critical: boolean}[]};
};
type Vectors = {cases: Case[]; validatorMeasurements?: unknown};

const read = (name: string) =>
	JSON.parse(readFileSync(new URL(`../fixtures/wire/atls/${name}.json`, import.meta.url), 'utf8')) as Vectors;
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

/** Where v2.9 accepts what no honest peer sends, or what only a verifier without validator accepts, we refuse. */
const stricter = [
	'tampered-self-signature',
	'issued-by-foreign-ca',
	'rsa-key',
	'p384-key',
	'ca-flag',
	'document-lower-case-userdata',
	'document-userdata-duplicate',
	'document-extra-key',
	'no-validators-no-extension',
];

const suites: [string, Validator][] = [
	['dummy', dummyValidator()],
	[
		'qemu-vtpm',
		validatorOf(parsePolicy('qemu-vtpm', {measurements: read('qemu-vtpm').validatorMeasurements, acceptUnknownKeys: true})),
	],
];

for (const [name, validator] of suites) {
	for (const vector of read(name).cases) {
		const short = vector.id.replace(`${name}/`, '');
		const accepted = vector.verdict === 'accept' && !stricter.includes(short);
		test(`${accepted ? 'accepts' : 'refuses'} the certificate ${vector.id}`, t => {
			const [first] = vector.presentedCertificatesDerB64 ?? [];
			const der = first === undefined ? undefined : new Uint8Array(Buffer.from(first, 'base64'));
			const challenge = {validator, nonce: hex(vector.nonceHex), now: new Date(vector.verifyAt)};
			if (!accepted) {
				t.throws(() => verifyLeaf(der, challenge), {instanceOf: AttestationRefused});
				return;
			}
			t.notThrows(() => verifyLeaf(der, challenge));
			const certificate = readCertificate(der ?? new Uint8Array());
			t.is(Buffer.from(certificate.publicKey).toString('hex'), vector.certificate?.spkiHex ?? '');
			t.throws(() => verifyLeaf(der, {...challenge, nonce: newNonce()}), {instanceOf: AttestationRefused});
		});
	}
}

type Channel = {id: string; channel: string; sni?: string; nonceHex?: string; verdict: string};
const channels = (
	JSON.parse(readFileSync(new URL('../fixtures/wire/atls/nonce-channels.json', import.meta.url), 'utf8')) as {
		cases: Channel[];
	}
).cases;

/** Accepted by v2.9, refused here: everything but the canonical base64 of 32 bytes. */
const stricterNonces = ['sni/empty', 'sni/1-byte', 'sni/with-newline', 'sni/with-crlf', 'sni/non-zero-trailing-bits'];

for (const {id, sni = '', nonceHex, verdict} of channels.filter(({channel}) => channel === 'sni')) {
	test(`reads the nonce in a server name: ${id}`, t => {
		const nonce = decodeNonce(sni);
		if (verdict !== 'accept' || stricterNonces.includes(id)) t.is(nonce, undefined);
		else t.is(Buffer.from(nonce ?? []).toString('hex'), nonceHex ?? '');
	});
}

test('a leaf has the form of v2.9 and its evidence is for its own key', async t => {
	const nonce = newNonce();
	const leaf = await mintLeaf(dummyIssuer(), nonce);
	const certificate = new X509Certificate(leaf.certificate);
	t.is(certificate.subject, 'CN=Constellation');
	t.is(certificate.issuer, 'CN=Constellation');
	t.true(certificate.verify(certificate.publicKey));
	t.true(certificate.checkPrivateKey(createPrivateKey(leaf.key.export({format: 'pem', type: 'pkcs8'}))));
	const hours = (certificate.validToDate.getTime() - certificate.validFromDate.getTime()) / 3_600_000;
	t.is(Math.round(hours), 4);
	t.deepEqual(
		readCertificate(leaf.certificate).extensions.map(({oid, critical}) => [oid, critical]),
		[[dummyOid, false]],
	);
	t.notThrows(() => verifyLeaf(leaf.certificate, {validator: dummyValidator(), nonce}));
	t.throws(() => verifyLeaf(leaf.certificate, {validator: dummyValidator('1.3.9900.5.1'), nonce}), {
		instanceOf: AttestationRefused,
	});
	t.is(encodeNonce(nonce).length, 44);
});
