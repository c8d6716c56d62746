import {createHash} from 'node:crypto';
import test from 'ava';
import {mintLeaf} from '../../src/atls/leaf.ts';
import {verifyLeaf} from '../../src/atls/verify-leaf.ts';
import type {Collateral, Issuer, Validator} from '../../src/attestation/attested.ts';
import {collateralNeeds} from '../../src/attestation/collateral-needs.ts';
import {AttestationRefused} from '../../src/attestation/findings.ts';
import {formatPolicy, parsePolicy} from '../../src/attestation/policy.ts';
import {azureLayout, openTpm, type TpmChannel} from '../../src/attestation/tpm/commands.ts';
import {handles} from '../../src/attestation/tpm/constants.ts';
import {eventTypes} from '../../src/attestation/tpm/event-log.ts';
import {parsePublicArea, publicKeyOf} from '../../src/attestation/tpm/public-area.ts';
import {documentIssuerOf, validatorOf} from '../../src/attestation/variant.ts';
import {azureIntermediates, azureRoots} from '../../src/attestation/variants/azure/roots.ts';
import {formatTrustedLaunchInstance} from '../../src/attestation/variants/azure/trusted-launch/instance.ts';
import {trustedLaunchSource} from '../../src/attestation/variants/azure/trusted-launch/issue.ts';
import {formatGcpInstance} from '../../src/attestation/variants/gcp/instance.ts';
import {gcpIntermediates, gcpRoots} from '../../src/attestation/variants/gcp/roots.ts';
import {parseTpmDocument} from '../../src/attestation/variants/tpm-document/document.ts';
import {formatTpmDocument} from '../../src/attestation/variants/tpm-document/format.ts';
import type {DocumentSource} from '../../src/attestation/variants/tpm-document/issue.ts';
import {parseCertificate} from '../../src/attestation/x509/certificate.ts';
import {verifyChain} from '../../src/attestation/x509/chain.ts';
import {AppError} from '../../src/errors.ts';
import * as der from '../../src/keys/der-writer.ts';
import {digestsOf} from '../../src/machine/tpm/banks.ts';
import {createSoftwareTpm, type SoftwareTpm} from '../../src/machine/tpm/software-tpm.ts';
import {at, forgeCertificate, forgeRevocationList} from '../helpers/forge-chain.ts';
import {forgeDocument, gceEvents, writeEventLog} from '../helpers/forge-document.ts';
import {
	awsDocument,
	awsWorld,
	azureWorld,
	cloudChain,
	gcpApiWorld,
	gcpInstance,
	gcpWorld,
	instanceExtension,
	listedKey,
	type TpmVariantName,
	text,
	worlds,
} from '../helpers/tpm-worlds.ts';
import {wireCases} from '../helpers/wire.ts';

const variants = Object.keys(worlds) as TpmVariantName[];

test('documents of v2.9 are written byte for byte as its nodes write them', t => {
	for (const {id, document} of wireCases<{id: string; document: string}>('qemu-vtpm/policies.json')) {
		const json = JSON.parse(document) as {
			Attestation: {
				ak_pub: string;
				quotes: {quote: string; raw_sig: string; pcrs: {hash: number; pcrs: Record<string, string>}}[];
				event_log?: string;
			};
			UserData: string;
		};
		const bytes = (value = ''): Uint8Array => Buffer.from(value, 'base64');
		const {Attestation: attestation} = json;
		const written = formatTpmDocument({
			akPublic: bytes(attestation.ak_pub),
			quotes: attestation.quotes.map(({quote, raw_sig: signature, pcrs: {hash, pcrs}}) => ({
				hash,
				attest: bytes(quote),
				signature: bytes(signature),
				pcrs: Object.values(pcrs).map(value => bytes(value)),
			})),
			eventLog: bytes(attestation.event_log),
			userData: bytes(json.UserData),
		});
		t.is(Buffer.from(written).toString(), document, id);
	}
});

/** Azure keeps key and certificate elsewhere than our software TPM: the numbers in every command are exchanged on the way. */
function azureChannel(software: SoftwareTpm): TpmChannel {
	const places = [
		[azureLayout.attestationKey, handles.attestationKey],
		[azureLayout.attestationCertificate, handles.attestationCertificate],
	] as const;
	return {
		send(command) {
			const hex = places.reduce(
				(text, [from, to]) => text.replaceAll(from.toString(16).padStart(8, '0'), to.toString(16).padStart(8, '0')),
				Buffer.from(command).toString('hex'),
			);
			return software.handle(Buffer.from(hex, 'hex'));
		},
		close: () => undefined,
	};
}

const day = 86_400_000;
const issuerUrl = 'http://www.microsoft.com/pkiops/certs/middle.crt';

/** A software TPM with its issuer and validator for each variant, as a node and its verifier have them. */
async function nodeOf(variant: TpmVariantName): Promise<{issuer: Issuer; validator: Validator}> {
	const chain = (akPublic: Uint8Array): ReturnType<typeof cloudChain> =>
		cloudChain({
			keys: {publicKey: publicKeyOf(parsePublicArea(akPublic))},
			extensions: [instanceExtension(gcpInstance), issuerAddress(issuerUrl)],
			serial: Uint8Array.of(9),
			notBefore: at - day,
			notAfter: at + day,
		});
	const software = createSoftwareTpm({certify: akPublic => Promise.resolve(chain(akPublic).leaf.der)});
	const isAzure = variant === 'azure-trustedlaunch';
	const plain: TpmChannel = {send: software.handle, close: () => undefined};
	const tpm = isAzure ? openTpm(azureChannel(software), azureLayout) : openTpm(plain);
	const loader = {register: 4, type: eventTypes.ipl, data: Buffer.from('loader')};
	const events = [...(variant === 'gcp-sev-es' ? gceEvents() : []), loader];
	for (const {register, data} of events) software.measure(register, digestsOf(data), 'firmware');
	const firmwareLog = (): Promise<Uint8Array> => Promise.resolve(writeEventLog(events));
	const given = (info: Uint8Array): DocumentSource => ({tpm, firmwareLog, instanceInfo: () => Promise.resolve(info)});
	const {public: akPublic} = await tpm.attestationKey();
	const {middle} = chain(akPublic);
	const sources: Readonly<Record<TpmVariantName, DocumentSource>> = {
		'qemu-vtpm': {tpm, firmwareLog},
		'aws-nitro-tpm': given(text(awsDocument)),
		'gcp-sev-es': {...given(formatGcpInstance(gcpInstance)), withCertificate: true},
		'azure-trustedlaunch': trustedLaunchSource({
			tpm,
			firmwareLog,
			issuerAt: url => Promise.resolve(url === issuerUrl ? middle.der : undefined),
		}),
	};
	const {policy, collateral} = worlds[variant]();
	const registers = await tpm.readPcrs();
	const measurements = new Map([4, 15].map(index => [index, {expected: registers[index] ?? new Uint8Array(), warnOnly: false}]));
	// Where a cloud certifies the key, nothing is listed.
	const isCertified = isAzure || variant === 'gcp-sev-es';
	const listed = createHash('sha256').update(akPublic).digest('hex');
	const roots = 'roots' in policy ? {roots: [chain(akPublic).root.der], requireRevocationLists: false} : {};
	const own = {...policy, measurements, ...roots, attestationKeys: isCertified ? [] : [listed]};
	return {
		issuer: documentIssuerOf(variant, sources[variant]),
		validator: validatorOf(own, {now: () => at, collateral: {...collateral, certificates: [middle.der]}}),
	};
}

test('what our nodes issue is accepted on a connection, and only under its own variant', async t => {
	const nonce = Buffer.alloc(32, 5);
	for (const variant of variants) {
		const {issuer, validator} = await nodeOf(variant);
		const {certificate} = await mintLeaf(issuer, nonce);
		const attested = verifyLeaf(certificate, {validator, nonce});
		t.is(attested.variant, variant);
		t.true(attested.findings.every(({severity}) => severity === 'warn'));
		// Two banks: the document has a quote of each, the SHA-256 one is what counts.
		t.is(
			Buffer.from(attested.document)
				.toString()
				.match(/"raw_sig"/g)?.length,
			2,
		);
		t.is(parseTpmDocument(attested.document).sha256Quotes.length, 1);
		const codesUnder = async (oid: string): Promise<string[]> => {
			const leaf = await mintLeaf({...issuer, oid}, nonce);
			const error = t.throws(() => verifyLeaf(leaf.certificate, {validator, nonce}), {instanceOf: AttestationRefused});
			return error.findings.map(({code}) => code);
		};
		for (const other of [
			'1.3.9900.1.1',
			...variants.filter(name => name !== variant).map(name => validatorOf(worlds[name]().policy).oid),
		])
			t.deepEqual(await codesUnder(other), ['evidence-missing'], `${variant} under ${other}`);
		const dummy = {oid: validator.oid, issue: () => Promise.resolve(Buffer.from('{"UserData":"","Nonce":""}'))};
		const leaf = await mintLeaf(dummy, nonce);
		t.throws(() => verifyLeaf(leaf.certificate, {validator, nonce}), {instanceOf: AttestationRefused});
	}
});

test('a log that does not lead to the registers, and a document that fits into no certificate, are not issued', async t => {
	const software = createSoftwareTpm({certify: () => Promise.resolve(new Uint8Array())});
	const tpm = openTpm({send: software.handle, close: () => undefined});
	software.measure(4, digestsOf(Buffer.from('loader')), 'loader');
	const other = writeEventLog([{register: 4, type: eventTypes.ipl, data: Buffer.from('x')}]);
	const make = (firmwareLog: Uint8Array): Promise<Uint8Array> =>
		documentIssuerOf('qemu-vtpm', {tpm, firmwareLog: () => Promise.resolve(firmwareLog)}).issue(
			Buffer.alloc(32),
			Buffer.alloc(32),
		);
	await t.throwsAsync(make(other), {message: /do not agree/});
	const long = writeEventLog([
		{register: 4, type: eventTypes.ipl, data: Buffer.from('loader')},
		...Array.from({length: 2}, () => ({register: 5, type: eventTypes.noAction, data: Buffer.alloc(30_000)})),
	]);
	await t.throwsAsync(make(long), {message: /too big/});
	t.true((await documentIssuerOf('qemu-vtpm', {tpm}).issue(Buffer.alloc(32), Buffer.alloc(32))).length > 0);
});

test('policies of every variant are read as they were written', t => {
	for (const variant of variants) {
		const written = formatPolicy(worlds[variant]().policy);
		t.deepEqual(formatPolicy(parsePolicy(variant, JSON.parse(JSON.stringify(written)))), written, variant);
		const {measurements} = written;
		t.deepEqual(formatPolicy(parsePolicy(variant, {measurements})), {measurements}, variant);
	}
});

test('every problem of a policy is named at once, unknown keys too', t => {
	const bad = {
		measurements: {'4': 'x', '77': '00'.repeat(32)},
		attestationKeys: ['xyz', '00'.repeat(32)],
		acceptUnknownKeys: 'yes',
		roots: ['none'],
		requireRevocationLists: 1,
		projects: [],
		accounts: ['12'],
		machineImages: 'ami-1',
		acceptUnknownMachineImages: null,
		minimumFirmwareVersion: 0,
		technology: 'sgx',
		more: true,
	};
	for (const variant of variants) {
		const error = t.throws(() => parsePolicy(variant, bad), {instanceOf: AppError});
		t.snapshot(
			error.problems.map(({path, message}) => `${path}: ${message}`),
			variant,
		);
		const {measurements} = formatPolicy(worlds[variant]().policy);
		const rest = t.throws(() => parsePolicy(variant, {...bad, measurements}), {instanceOf: AppError});
		t.snapshot(
			rest.problems.map(({path, message}) => `${path}: ${message}`),
			`${variant}, apart from the measurements`,
		);
	}
});

test('the pinned roots are the ones that the vendors publish', t => {
	const fingerprint = (certificate: Uint8Array | undefined): string =>
		createHash('sha256')
			.update(certificate ?? '')
			.digest('hex');
	t.deepEqual(azureRoots.map(fingerprint), [
		'ea76599d86897382aa519ff2bc0fa6b9c15d60da2ebe53e72139cd317b0797ed',
		'e6c596b17f8ffefba5c300f714cfb1260c6028704ecf7becc4ab5018efb00e95',
	]);
	t.deepEqual(gcpRoots.map(fingerprint), ['594759594b9b61524f6c8ef668f7177f7b9066bc0674f2f49fe9e052be78beb2']);
	t.is(azureRoots.map(root => parseCertificate(root).notAfter.toISOString().slice(0, 10)).join(), '2026-05-24,2048-06-01');
	const rules = {
		subject: 'the authority',
		signatures: ['rsa-sha256', 'rsa-sha384'],
		curves: [],
		minimumRsaBits: 2048,
		maximumLength: 2,
		revocation: 'warn',
	} as const;
	for (const [leaf, roots] of [
		[azureIntermediates[0], azureRoots],
		[gcpIntermediates[0], gcpRoots],
	] as const) {
		const input = {
			leaf: leaf ?? new Uint8Array(),
			intermediates: [],
			roots,
			at: Date.UTC(2026, 10, 1),
			revocationLists: [],
			rules,
		};
		t.deepEqual(
			verifyChain(input).map(({code}) => code),
			['chain-authority', 'revocation-unchecked'],
		);
	}
});

const issuerAddress = (url: string): {oid: string; critical: boolean; value: Uint8Array} => ({
	oid: '1.3.6.1.5.5.7.1.1',
	critical: false,
	value: der.sequence(der.sequence(der.objectIdentifier('1.3.6.1.5.5.7.48.2'), der.contextPrimitive(6, Buffer.from(url)))),
});
const listAddress = (url: string): {oid: string; critical: boolean; value: Uint8Array} => ({
	oid: '2.5.29.31',
	critical: false,
	value: der.sequence(der.sequence(der.context(0, der.context(0, der.contextPrimitive(6, Buffer.from(url)))))),
});

test('collateral is asked for until nothing is left, at addresses of the vendor only', t => {
	const microsoft = 'http://www.microsoft.com/pkiops';
	const root = forgeCertificate({name: 'cloud root', kind: 'rsa-2048'});
	const middle = forgeCertificate({
		name: 'cloud middle',
		kind: 'rsa-2048',
		issuer: root,
		authority: true,
		extensions: [listAddress(`${microsoft}/crl/root.crl`)],
	});
	const addresses = [issuerAddress(`${microsoft}/certs/middle.crt`), listAddress(`${microsoft}/crl/middle.crl`)];
	const leaf = cloudChain({extensions: addresses}).leaf.der;
	const world = azureWorld();
	const policy = {...world.policy, roots: [root.der]};
	const document = forgeDocument({instanceInfo: formatTrustedLaunchInstance({certificate: leaf})});
	const first = collateralNeeds(policy, document);
	t.deepEqual(first, [
		{kind: 'certificate', url: `${microsoft}/certs/middle.crt`},
		{kind: 'revocation-list', url: `${microsoft}/crl/middle.crl`},
	]);
	const have: Collateral = {certificates: [middle.der]};
	t.deepEqual(collateralNeeds(policy, document, have), [
		{kind: 'revocation-list', url: `${microsoft}/crl/middle.crl`},
		{kind: 'revocation-list', url: `${microsoft}/crl/root.crl`},
	]);
	const all = {...have, revocationLists: [forgeRevocationList({issuer: root}), forgeRevocationList({issuer: middle})]};
	t.deepEqual(collateralNeeds(policy, document, all), []);
	for (const url of [
		'http://169.254.169.254/x',
		'file:///etc/passwd',
		'http://www.microsoft.com.evil.example/',
		'http://www.microsoft.com@evil.example/',
		'x',
	]) {
		const hostile = cloudChain({extensions: [issuerAddress(url), listAddress(url)]}).leaf.der;
		t.deepEqual(
			collateralNeeds(policy, forgeDocument({instanceInfo: formatTrustedLaunchInstance({certificate: hostile})})),
			[],
			url,
		);
	}
	const malformed = cloudChain({extensions: [{oid: '2.5.29.31', critical: false, value: Buffer.from('x')}]}).leaf.der;
	t.deepEqual(collateralNeeds(policy, forgeDocument({instanceInfo: formatTrustedLaunchInstance({certificate: malformed})})), []);
});

test('what the clouds have to be asked follows from the document, and from names of their forms only', t => {
	const aws = awsWorld();
	const awsNeed = {kind: 'machine-image', region: awsDocument.region, image: awsDocument.imageId};
	t.deepEqual(collateralNeeds(aws.policy, forgeDocument(aws.knobs)), [awsNeed]);
	t.deepEqual(collateralNeeds(aws.policy, forgeDocument(aws.knobs), aws.collateral), []);
	t.deepEqual(collateralNeeds({...aws.policy, acceptUnknownMachineImages: true}, forgeDocument(aws.knobs)), []);
	t.deepEqual(collateralNeeds(aws.policy, forgeDocument({instanceInfo: text({...awsDocument, region: 'a/../b'})})), []);
	const api = gcpApiWorld();
	const {project, zone, name: instance} = gcpInstance;
	t.deepEqual(collateralNeeds(api.policy, forgeDocument(api.knobs)), [{kind: 'shielded-key', project, zone, instance}]);
	t.deepEqual(collateralNeeds(api.policy, forgeDocument(api.knobs), api.collateral), []);
	// Whose key the policy lists, and whose machine it does not, nobody needs to ask about.
	t.deepEqual(collateralNeeds({...api.policy, attestationKeys: [listedKey]}, forgeDocument(api.knobs)), []);
	t.is(collateralNeeds({...api.policy, attestationKeys: ['00'.repeat(32)]}, forgeDocument(api.knobs)).length, 1);
	t.deepEqual(collateralNeeds({...api.policy, projects: ['their-project']}, forgeDocument(api.knobs)), []);
	t.deepEqual(collateralNeeds(gcpWorld().policy, forgeDocument(gcpWorld().knobs)), []);
	t.deepEqual(collateralNeeds(api.policy, Buffer.from('x')), []);
	t.deepEqual(collateralNeeds(worlds['qemu-vtpm']().policy, forgeDocument()), []);
});
