import {X509Certificate} from 'node:crypto';
import {readFileSync} from 'node:fs';
import test from 'ava';
import {DerError, readDer, readObjectIdentifier, readTime} from '../../src/attestation/x509/der-reader.ts';
import {addressBytes, addressText} from '../../src/keys/addresses.ts';
import {extendedKeyUsages, isAuthority, isInForce, isSignedBy} from '../../src/keys/certificate.ts';
import {createCsr, parseCsr} from '../../src/keys/csr.ts';
import * as der from '../../src/keys/der-writer.ts';
import {valuesOf} from '../../src/keys/names.ts';
import {
	authorityPin,
	certificateOf,
	createAuthority,
	generateKeys,
	issueCertificate,
	keyFingerprint,
} from '../../src/keys/pki.ts';

const authority = createAuthority({commonName: 'kubernetes'});

test('an authority is one that node:crypto accepts', t => {
	const certificate = new X509Certificate(authority.certificate);
	t.true(certificate.ca);
	t.is(certificate.subject, 'CN=kubernetes');
	t.true(certificate.verify(certificate.publicKey));
	const read = certificateOf(authority.certificate);
	t.true(isAuthority(read));
	t.true(isSignedBy(read.raw, read.publicKey));
	t.is(authorityPin(authority.certificate), `sha256:${Buffer.from(keyFingerprint(read.publicKey)).toString('hex')}`);
});

test('an issued certificate has what was asked for, and its authority verifies it', t => {
	const keys = generateKeys();
	const pem = issueCertificate(authority, {
		subject: {organization: 'system:nodes', commonName: 'system:node:wörker-1'},
		publicKey: keys.publicKey,
		usages: ['clientAuth', 'serverAuth'],
		addresses: ['127.3.4.10', '2001:db8::1'],
		names: ['kubernetes.default'],
		days: 30,
	});
	const certificate = new X509Certificate(pem);
	t.false(certificate.ca);
	t.is(certificate.subject, 'O=system:nodes\nCN=system:node:wörker-1');
	t.is(certificate.subjectAltName, 'DNS:kubernetes.default, IP Address:127.3.4.10, IP Address:2001:DB8:0:0:0:0:0:1');
	t.true(certificate.checkIssued(new X509Certificate(authority.certificate)));
	t.true(certificate.verify(new X509Certificate(authority.certificate).publicKey));
	const read = certificateOf(pem);
	t.deepEqual(valuesOf(read.subjectName, 'commonName'), ['system:node:wörker-1']);
	t.deepEqual(extendedKeyUsages(read), ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
	t.false(isAuthority(read));
	t.true(isInForce(read, new Date()));
	t.false(isInForce(read, new Date(Date.now() + 31 * 24 * 3_600_000)));
	t.false(isInForce(read, new Date(Date.now() - 3 * 3_600_000)));
	t.false(isSignedBy(read.raw, keys.publicKey));
});

test('a certificate valid beyond 2049 has a generalized time', t => {
	const pem = createAuthority({commonName: 'x'}, 365 * 40).certificate;
	t.true(new Date(new X509Certificate(pem).validTo).getUTCFullYear() >= 2060);
	t.true(certificateOf(pem).notAfter.getUTCFullYear() >= 2060);
});

test('a request comes back as it was made', t => {
	const keys = generateKeys();
	const csr = createCsr(keys, {organization: 'system:nodes', commonName: 'system:node:a'}, ['127.0.0.9', '::1']);
	const read = parseCsr(csr);
	t.deepEqual(read.addresses, ['127.0.0.9', '0:0:0:0:0:0:0:1']);
	t.deepEqual(read.publicKey, keys.publicKey);
	t.deepEqual(valuesOf(read.subject, 'organization'), ['system:nodes']);
	t.deepEqual(parseCsr(createCsr(keys, {commonName: 'b'})).addresses, []);
});

test('a request whose signature or key is not right is refused', t => {
	const csr = createCsr(generateKeys(), {commonName: 'system:node:a'});
	for (const offset of [csr.length - 1, 30]) {
		const altered = Uint8Array.from(csr);
		altered[offset] = (altered[offset] ?? 0) ^ 1;
		t.throws(() => parseCsr(altered), {instanceOf: DerError}, String(offset));
	}
	t.throws(() => parseCsr(Uint8Array.of(...csr, 0)), {instanceOf: DerError});
	t.throws(() => parseCsr(new Uint8Array(20_000)), {instanceOf: DerError});
	t.throws(() => parseCsr(new Uint8Array()), {instanceOf: DerError});
});

type CsrCase = {id: string; csrB64: string; nodeName?: string; certificate?: {ips: string[] | null}};
const requests = JSON.parse(readFileSync(new URL('../fixtures/wire/join/kubelet-csr.json', import.meta.url), 'utf8')) as {
	cases: CsrCase[];
};

for (const {id, csrB64, nodeName, certificate} of requests.cases.filter(vector => vector.certificate)) {
	test(`reads a request as v2.9 does: ${id}`, t => {
		const read = parseCsr(new Uint8Array(Buffer.from(csrB64, 'base64')));
		t.deepEqual(valuesOf(read.subject, 'commonName'), [`system:node:${nodeName ?? ''}`]);
		t.deepEqual(read.addresses, certificate?.ips ?? []);
	});
}

test('DER that is not canonical is refused', t => {
	const refused = ['3080', '308100', '30820001aa', '0500ff', '3003020101ff', '1f0100', '3002', '', '308500000000000'];
	for (const text of refused) t.throws(() => readDer(Buffer.from(text, 'hex')), {instanceOf: DerError}, text);
	t.throws(() => readObjectIdentifier(readDer(Uint8Array.of(6, 1, 0x80))), {instanceOf: DerError});
	t.throws(() => readTime(readDer(der.element(0x17, Buffer.from('2611221200Z')))), {instanceOf: DerError});
});

test('integers and identifiers are written as DER wants them', t => {
	const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
	t.is(hex(der.integer(Uint8Array.of(0, 0, 0x80))), '02020080');
	t.is(hex(der.integer(Uint8Array.of(0))), '020100');
	t.is(hex(der.objectIdentifier('1.3.9900.5.1')), '06052bcd2c0501');
	t.is(readObjectIdentifier(readDer(der.objectIdentifier('2.999.16777216'))), '2.999.16777216');
	t.is(hex(der.octetString(new Uint8Array(300))).slice(0, 8), '0482012c');
});

test('IP addresses go both ways', t => {
	for (const [text, back] of [
		['192.0.2.5', '192.0.2.5'],
		['::', '0:0:0:0:0:0:0:0'],
		['2001:db8::ff:1', '2001:db8:0:0:0:0:ff:1'],
		['::ffff:192.0.2.1', '0:0:0:0:0:ffff:c000:201'],
		['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
	] as const) {
		t.is(addressText(addressBytes(text) ?? new Uint8Array()), back);
	}
	for (const text of ['', '1.2.3', 'fe80::1%lo', 'localhost', '1.2.3.4.5']) t.is(addressBytes(text), undefined, text);
});
