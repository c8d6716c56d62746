// What checking evidence costs, against the RSA signature check that is unavoidable in it.
import {generateKeyPairSync, verify} from 'node:crypto';
import {makeExtraData} from '../src/attestation/attested.ts';
import {openTpm} from '../src/attestation/tpm/commands.ts';
import {parsePublicArea, publicKeyOf} from '../src/attestation/tpm/public-area.ts';
import {verifyQuote} from '../src/attestation/tpm/quote.ts';
import {parseSignature} from '../src/attestation/tpm/structures.ts';
import {documentIssuerOf, formatPolicy, issuerOf, parsePolicy, validatorOf} from '../src/attestation/variant.ts';
import {expectedMeasurements, sha256} from '../src/attestation/variants/local/measured-boot.ts';
import {akCertifier} from '../src/machine/tpm/certify.ts';
import {createSoftwareTpm} from '../src/machine/tpm/software-tpm.ts';
import {Secret} from '../src/secret.ts';
import {fastestSeconds, report} from './measure.ts';

const {privateKey, publicKey} = generateKeyPairSync('ec', {namedCurve: 'prime256v1'});
const spki = publicKey.export({format: 'der', type: 'spki'});
const maker = {privateKey: new Secret(Buffer.from(privateKey.export({format: 'pem', type: 'pkcs8'})))};
const machine = {name: 'worker-0', role: 'worker', diskUuid: 'f0e1d2c3-b4a5-6978-8796-a5b4c3d2e1f0'} as const;
const software = createSoftwareTpm({certify: akCertifier(maker, machine)});
const tpm = openTpm({send: command => software.handle(command), close: () => undefined});

const nonce = new Uint8Array(32).fill(7);
const userData = new Uint8Array(32).fill(9);
const document = await issuerOf('local-vtpm', tpm).issue(userData, nonce);
const quote = await tpm.quote(makeExtraData(userData, nonce));
const akPublic = (await tpm.attestationKey()).public;

const signature = parseSignature(quote.signature).value;
const zeros = {launcher: new Uint8Array(32), bundle: new Uint8Array(32), runtime: new Uint8Array(32)};
const policy = {variant: 'local-vtpm', measurements: expectedMeasurements(zeros, ''), makerKey: spki, releaseKey: spki} as const;
const measurements = new Map(
	[...policy.measurements].map(([register]) => [register, {expected: new Uint8Array(32), warnOnly: false}]),
);
const validator = validatorOf(parsePolicy('local-vtpm', formatPolicy({...policy, measurements})));

const document29 = await documentIssuerOf('qemu-vtpm', {tpm}).issue(userData, nonce);
const registers = await tpm.readPcrs();
const own = new Map([4, 15].map(index => [index, {expected: registers[index] ?? new Uint8Array(), warnOnly: false}]));
const qemu = validatorOf({variant: 'qemu-vtpm', measurements: own, attestationKeys: [], acceptUnknownKeys: true});

const [rsa = 0, check = 0, evidence = 0, tpmDocument = 0, hash = 0] = await fastestSeconds([
	// The key comes with the evidence, so reading it is part of the verification; a known key would be twice as fast.
	() => verify('sha256', quote.attest, publicKeyOf(parsePublicArea(akPublic)), signature),
	() => verifyQuote({akPublic, ...quote}, makeExtraData(userData, nonce)),
	() => validator.validate(document, nonce, userData),
	() => qemu.validate(document29, nonce, userData),
	() => sha256(document),
]);
report('quote check', check, 'RSA-2048 verification', rsa, '<= 2');
report('whole TPM document', tpmDocument, 'RSA-2048 verification', rsa, 'none');
report('whole local evidence', evidence, 'RSA-2048 verification', rsa, 'none');
report('whole local evidence', evidence, 'SHA-256 of the document', hash, 'none');
