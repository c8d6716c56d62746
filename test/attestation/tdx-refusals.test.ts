import {generateKeyPairSync} from 'node:crypto';
import test from 'ava';
import {explain} from '../../src/attestation/explain.ts';
import {readDer} from '../../src/attestation/x509/der-reader.ts';
import * as der from '../../src/keys/der-writer.ts';
import {at, forgeCertificate, forgeRevocationList} from '../helpers/forge-chain.ts';
import {extension, forgePck, pck, pemOf, platform, platformCa, platformExtension, root, tcbSigner} from '../helpers/forge-tdx.ts';
import {tcbInfo, timeText} from '../helpers/forge-tdx-collateral.ts';
import {attributes, bytes, findingsOf, judge, measured, reportData, svn, type TdxCase, withStatus} from '../helpers/tdx-world.ts';

const day = 86_400_000;
const flipped =
	(at: number) =>
	(quote: Buffer): Uint8Array => {
		quote[at < 0 ? quote.length + at : at] = (quote.at(at) ?? 0) ^ 1;
		return quote;
	};
const stranger = forgeCertificate({name: 'Intel SGX Root CA', keys: forgeCertificate({name: 'somebody'})});
const strangerCa = forgeCertificate({
	name: 'Intel SGX PCK Platform CA',
	issuer: stranger,
	authority: true,
	keys: forgeCertificate({name: 'some CA'}),
});
const strangerPck = forgePck({issuer: strangerCa});
const strangerSigner = forgeCertificate({name: 'Intel SGX TCB Signing', issuer: stranger});
const otherCa = forgeCertificate({name: 'Intel SGX Card CA', issuer: root, authority: true});
const otherPck = forgePck({issuer: otherCa});
const ed25519Pck = forgePck({keys: {publicKey: generateKeyPairSync('ed25519').publicKey}});
const {content} = readDer(platformExtension(platform));
const doubledPck = forgePck({extensions: [{oid: extension, critical: false, value: der.element(0x30, content, content)}]});
/** One byte more in a section whose length stands at `at`. */
const grown =
	(...at: readonly number[]) =>
	(quote: Buffer): Uint8Array => {
		for (const offset of at) quote.writeUInt32LE(quote.readUInt32LE(offset) + 1, offset);
		return Buffer.concat([quote, Buffer.alloc(1)]);
	};
const signerOfOthers = forgeCertificate({name: 'Intel SGX QVE Signing', issuer: root});

/** One thing changed in evidence, statements or clock, and the one code that follows. */
const refused: readonly (readonly [name: string, given: TdxCase, code: string])[] = [
	['version 3', {quote: {after: quote => (quote.writeUInt16LE(3), quote)}}, 'tdx-quote-unknown'],
	['another kind of key', {quote: {keyType: 3}}, 'tdx-quote-unknown'],
	['an SGX enclave', {quote: {teeType: 0}}, 'tdx-quote-unknown'],
	['a body of another kind', {quote: {version: 5, after: quote => (quote.writeUInt16LE(1, 48), quote)}}, 'tdx-quote-unknown'],
	['a body of another size', {quote: {version: 5, after: quote => (quote.writeUInt32LE(583, 50), quote)}}, 'document-malformed'],
	['other certification data', {quote: {certification: {outer: 5}}}, 'tdx-quote-unknown'],
	['other certification data of the enclave', {quote: {certification: {inner: 1}}}, 'tdx-quote-unknown'],
	['a quote that ends early', {quote: {after: quote => quote.subarray(0, -1)}}, 'document-malformed'],
	['something behind the quote', {quote: {after: quote => Buffer.concat([quote, Buffer.from([0, 1])])}}, 'document-malformed'],
	[
		'32 KiB of zeros behind the quote',
		{quote: {after: quote => Buffer.concat([quote, Buffer.alloc(32 * 1024)])}},
		'document-malformed',
	],
	['spare bytes in the signature data', {quote: {after: grown(632)}}, 'document-malformed'],
	['spare bytes in the certification data', {quote: {after: grown(632, 766)}}, 'document-malformed'],
	['a quoting enclave of another maker', {quote: {vendor: '00'.repeat(16)}}, 'tdx-qe-vendor'],
	['a quote changed after signing', {quote: {after: flipped(300)}}, 'tdx-quote-signature'],
	['another signature', {quote: {after: flipped(640)}}, 'tdx-quote-signature'],
	['a quote signed with another key', {quote: {signer: pck.privateKey}}, 'tdx-quote-signature'],
	['an enclave that vouches for another key', {quote: {qeReportData: Buffer.alloc(64)}}, 'tdx-qe-binding'],
	['an enclave report signed with another key', {quote: {qeSigner: tcbSigner.privateKey}}, 'tdx-qe-signature'],
	['an enclave of another signer', {quote: {enclave: {mrSigner: Buffer.alloc(32)}}}, 'tdx-qe-identity'],
	['another enclave of that signer', {quote: {enclave: {productId: 1}}}, 'tdx-qe-identity'],
	['an enclave that is debugged', {quote: {enclave: {attributes: bytes('1700000000000000e700000000000000')}}}, 'tdx-qe-identity'],
	['an enclave with other MISCSELECT', {quote: {enclave: {miscSelect: bytes('01000000')}}}, 'tdx-qe-identity'],
	['an outdated enclave', {quote: {enclave: {svn: 3}}}, 'tdx-tcb-outdated'],
	['an enclave older than all', {quote: {enclave: {svn: 2}}}, 'tdx-tcb-unknown'],
	['a trust domain that is debugged', attributes('0100001000000000'), 'tdx-debug'],
	['a trust domain that is profiled', attributes('2000001000000000'), 'tdx-debug'],
	['a TDX module of another maker', {quote: {report: {mrSignerSeam: Buffer.alloc(48, 1)}}}, 'tdx-module-identity'],
	['a TDX module with attributes', {quote: {report: {seamAttributes: bytes('0100000000000000')}}}, 'tdx-module-identity'],
	['a TDX module of an unknown version', svn('070203'), 'tdx-module-unknown'],
	['an outdated TDX module', svn('040103'), 'tdx-tcb-outdated'],
	['a TDX module older than all', svn('030103'), 'tdx-tcb-unknown'],
	['a first TDX module older than all', svn('040003'), 'tdx-tcb-unknown'],
	['outdated microcode', svn('070102'), 'tdx-tcb-outdated'],
	['microcode older than all', svn('070101'), 'tdx-tcb-unknown'],
	['an outdated PCE', {quote: {pck: forgePck({}, {...platform, pceSvn: 12})}}, 'tdx-tcb-outdated'],
	[
		'an outdated platform',
		{quote: {pck: forgePck({}, {...platform, components: platform.components.with(0, 2)})}},
		'tdx-tcb-outdated',
	],
	[
		'a platform older than all',
		{quote: {pck: forgePck({}, {...platform, components: platform.components.with(7, 4)})}},
		'tdx-tcb-unknown',
	],
	[
		'statements on another platform',
		{quote: {pck: forgePck({}, {...platform, fmspc: Buffer.alloc(6)})}},
		'tdx-collateral-other-platform',
	],
	[
		'statements on another PCE',
		{quote: {pck: forgePck({}, {...platform, pceId: Buffer.alloc(2, 1)})}},
		'tdx-collateral-other-platform',
	],
	['no certificate of a platform', {quote: {chain: pemOf(platformCa, root)}}, 'tdx-pck-malformed'],
	['two certificates of platforms', {quote: {chain: pemOf(pck, forgePck(), root)}}, 'tdx-pck-malformed'],
	['a certificate with another name', {quote: {pck: forgePck({name: 'Intel SGX Card'})}}, 'tdx-pck-malformed'],
	['a certificate of another authority', {quote: {pck: otherPck, chain: pemOf(otherPck, otherCa, root)}}, 'tdx-pck-malformed'],
	['a platform that is described twice', {quote: {pck: doubledPck}}, 'tdx-pck-malformed'],
	['no certificates', {quote: {chain: ''}}, 'tdx-pck-malformed'],
	['text among the certificates', {quote: {chain: `${pemOf(pck)}#\n${pemOf(platformCa, root)}`}}, 'tdx-pck-malformed'],
	['a platform of another root', {quote: {pck: strangerPck, chain: pemOf(strangerPck, strangerCa, stranger)}}, 'chain-untrusted'],
	['an expired platform', {quote: {pck: forgePck({notAfter: at - day})}}, 'chain-expired'],
	['a platform that was revoked', {collateral: {pckList: {revoked: [pck]}}}, 'chain-revoked'],
	['an authority that was revoked', {collateral: {rootList: {revoked: [platformCa]}}}, 'chain-revoked'],
	['no list for the platform', {collateral: {lists: [forgeRevocationList({issuer: root})]}}, 'revocation-unchecked'],
	['an outdated list', {collateral: {pckList: {nextUpdate: at - day, thisUpdate: at - 2 * day}}}, 'revocation-list-outdated'],
	['no statements', {collateral: 'none', policy: {}}, 'tdx-collateral-missing'],
	['a changed statement', {collateral: {after: text => text.replace('"pcesvn":13', '"pcesvn":12')}}, 'tdx-collateral-signature'],
	[
		'a statement written anew',
		{collateral: {after: text => text.replace('{"tcbInfo":', '{"tcbInfo": ')}},
		'tdx-collateral-signature',
	],
	[
		'a key twice in a statement',
		{collateral: {infoText: JSON.stringify(tcbInfo).replace('{', '{"id":"TDX",')}},
		'tdx-collateral-malformed',
	],
	[
		'something beside the statement',
		{collateral: {after: text => text.replace(',"signature"', ',"more":{},"signature"')}},
		'tdx-collateral-malformed',
	],
	[
		'a statement under another name',
		{collateral: {after: text => text.replace('tcbInfo', 'tcbinfo')}},
		'tdx-collateral-malformed',
	],
	['a signature that is cut', {collateral: {after: text => text.replace(/.{2}"\}$/, '"}')}}, 'tdx-collateral-malformed'],
	['a statement on SGX', {collateral: {info: {id: 'SGX'}}}, 'tdx-collateral-malformed'],
	['a statement of another version', {collateral: {info: {version: 4}}}, 'tdx-collateral-malformed'],
	['a statement that counts in another way', {collateral: {info: {tcbType: 1}}}, 'tdx-collateral-malformed'],
	['an identity of another enclave', {collateral: {identity: {id: 'QE'}}}, 'tdx-collateral-malformed'],
	[
		'fewer than 16 components',
		{collateral: {info: {tcbLevels: [{...tcbInfo.tcbLevels[0], tcb: {...tcbInfo.tcbLevels[0]?.tcb, sgxtcbcomponents: []}}]}}},
		'tdx-collateral-malformed',
	],
	[
		'statements from the platform’s key',
		{collateral: {signer: pck, signerChain: pemOf(pck, platformCa, root)}},
		'tdx-collateral-signature',
	],
	['statements from another key of Intel', {collateral: {signer: signerOfOthers}}, 'tdx-collateral-signature'],
	[
		'statements of another root',
		{collateral: {signer: strangerSigner, signerChain: pemOf(strangerSigner, stranger)}},
		'chain-untrusted',
	],
	['a key for statements that was revoked', {collateral: {rootList: {revoked: [tcbSigner]}}}, 'chain-revoked'],
	['an outdated statement', {collateral: {info: {nextUpdate: timeText(at - 1000)}}}, 'tdx-collateral-outdated'],
	['an outdated identity', {collateral: {identity: {nextUpdate: timeText(at - 1000)}}}, 'tdx-collateral-outdated'],
	['a statement of tomorrow', {collateral: {info: {issueDate: timeText(at + day)}}}, 'tdx-collateral-outdated'],
	['statements older than the policy wants', {policy: {minimumTcbEvaluation: 19}}, 'tdx-collateral-rolled-back'],
	['two keys for statements', {collateral: {signerChain: pemOf(tcbSigner, strangerSigner, root)}}, 'tdx-collateral-signature'],
	[
		'a module version twice in a statement',
		{collateral: {info: {tdxModuleIdentities: [...tcbInfo.tdxModuleIdentities, ...tcbInfo.tdxModuleIdentities]}}},
		'tdx-collateral-malformed',
	],
	['hardening needed', withStatus('SWHardeningNeeded'), 'tdx-tcb-hardening'],
	['configuration needed', withStatus('ConfigurationNeeded'), 'tdx-tcb-configuration'],
	['both needed', withStatus('ConfigurationAndSWHardeningNeeded'), 'tdx-tcb-configuration'],
	['out of date', withStatus('OutOfDate'), 'tdx-tcb-outdated'],
	['out of date, configuration needed', withStatus('OutOfDateConfigurationNeeded'), 'tdx-tcb-outdated'],
	['revoked', withStatus('Revoked'), 'tdx-tcb-revoked'],
	['a state with an unknown name', withStatus('Mostly'), 'tdx-tcb-unknown'],
	['a module that is not listed', {policy: {mrSeam: ['00'.repeat(48)]}}, 'tdx-module-measurement'],
	['a module of another maker than the policy names', {policy: {mrSignerSeam: '01'.repeat(48)}}, 'tdx-module-identity'],
	['other attributes than the policy pins', {policy: {tdAttributes: '0000001080000000'}}, 'tdx-attributes'],
	['other extensions than the policy pins', {policy: {xfam: '0300000000000000'}}, 'tdx-xfam'],
	['another challenge', {nonce: Buffer.alloc(32, 0x12)}, 'tdx-report-data'],
	[
		'a challenge with something behind it',
		{quote: {report: {reportData: Buffer.concat([reportData.subarray(0, 63), Buffer.from([1])])}}},
		'tdx-report-data',
	],
	['other firmware', measured(0, Buffer.alloc(48)), 'register-mismatch'],
	['another image', measured(2, Buffer.alloc(48)), 'register-mismatch'],
	['a member of a cluster', measured(3, Buffer.alloc(48, 1)), 'register-mismatch'],
	[
		'a document with another key',
		{document: document => Buffer.from(document.toString().replace('"UserData"', '"Userdata"'))},
		'document-malformed',
	],
	[
		'a document with a key twice',
		{document: document => Buffer.from(document.toString().replace('{', '{"UserData":"",'))},
		'document-malformed',
	],
	[
		'a document with loose base64',
		{document: document => Buffer.from(document.toString().replace('="}', '"}'))},
		'document-malformed',
	],
	[
		'a document of more than 64 KiB',
		{document: document => Buffer.concat([document, Buffer.alloc(64 * 1024, 0x20)])},
		'document-malformed',
	],
];

for (const [name, given, code] of refused) {
	test(`refused: ${name}`, t => {
		const verdict = judge(given);
		t.false('registers' in verdict, 'must be refused');
		const findings = findingsOf(verdict);
		// One cause may show in several places (each certificate of a chain), but it has one name.
		const codes = new Set(findings.map(finding => finding.code));
		if (given.collateral === 'none') codes.delete('revocation-unchecked');
		t.deepEqual([...codes], [code], JSON.stringify(findings));
		t.true(findings.some(finding => finding.code === code && finding.severity === 'refuse'));
		const {sentence, likely, step} = explain(
			findings.filter(finding => finding.code === code),
			{node: 'worker-2'},
		);
		t.snapshot({sentence, likely, step});
	});
}

test('a key off the curve and a platform key of another kind are refused, not a fault', t => {
	const codesOf = (given: TdxCase): string[] => findingsOf(judge(given)).map(finding => finding.code);
	t.deepEqual(codesOf({quote: {after: flipped(700)}}), ['tdx-qe-binding', 'tdx-quote-signature']);
	t.deepEqual(codesOf({quote: {pck: ed25519Pck, qeSigner: pck.privateKey}}), ['chain-algorithm', 'tdx-qe-signature']);
});
