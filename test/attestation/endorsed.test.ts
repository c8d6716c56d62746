import {generateKeyPairSync} from 'node:crypto';
import test from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {AttestationRefused, type FindingCode} from '../../src/attestation/findings.ts';
import {localRegisters} from '../../src/attestation/registers.ts';
import {formatImageStatement} from '../../src/attestation/signed-measurements.ts';
import {type Endorsement, issuerOf} from '../../src/attestation/variant.ts';
import {endorsedValidator} from '../../src/attestation/variants/local/endorsed.ts';
import {
	clusterRegisterOf,
	expectedMeasurements,
	localParameters,
	measuredCommandLine,
	sha256,
} from '../../src/attestation/variants/local/measured-boot.ts';
import {digestsOf} from '../../src/machine/tpm/banks.ts';
import {newMachine, newMaker} from '../helpers/local-machine.ts';

const nonce = Buffer.alloc(32, 1);
const userData = Buffer.alloc(32, 2);
const clusterId = Buffer.alloc(32, 3);
const maker = newMaker();
const release = generateKeyPairSync('ec', {namedCurve: 'prime256v1'});
const releaseKey = release.publicKey.export({format: 'der', type: 'spki'});
const roots = {makerDigest: sha256(maker.publicKey), releaseDigest: sha256(releaseKey)};
const content = {launcher: Buffer.from('launcher'), bundle: Buffer.from('bundle'), runtime: Buffer.from('runtime')};
const args = ['--disable-sigusr1'];

function endorsement(
	change: {bundle?: Uint8Array; arguments?: readonly string[]; signer?: typeof release.privateKey} = {},
): Endorsement {
	const digests = {
		launcher: sha256(content.launcher),
		bundle: sha256(change.bundle ?? content.bundle),
		runtime: sha256(content.runtime),
	};
	const all = expectedMeasurements(digests, '');
	const measurements = new Map([...all].filter(([register]) => register !== localRegisters.commandLine));
	const statement = formatImageStatement({version: 'v1.0.0', arguments: change.arguments ?? args, measurements});
	return {
		measurements: statement,
		signature: signBlob(statement, change.signer ?? release.privateKey),
		releaseKey,
		makerKey: maker.publicKey,
	};
}

async function judged(
	presented: Endorsement | undefined,
	change: {makerKey?: typeof maker; commandLine?: string; joined?: boolean} = {},
): Promise<FindingCode[] | string> {
	const {software, tpm} = newMachine(change.makerKey ?? maker, {name: 'control-plane-1', role: 'control-plane'});
	const commandLine = measuredCommandLine(args, localParameters(maker.publicKey, releaseKey));
	software.measure(localRegisters.launcher, digestsOf(content.launcher), 'launcher');
	software.measure(localRegisters.bundle, digestsOf(content.bundle), 'bundle');
	software.measure(localRegisters.runtime, digestsOf(content.runtime), 'runtime');
	software.measure(localRegisters.commandLine, digestsOf(Buffer.from(change.commandLine ?? commandLine)), 'command line');
	if (change.joined !== false) await tpm.extend(localRegisters.cluster, clusterId);
	const document = await issuerOf('local-vtpm', tpm, presented).issue(userData, nonce);
	try {
		const attested = endorsedValidator(roots).validate(document, nonce, userData);
		return Buffer.from(attested.registers[localRegisters.cluster] ?? []).toString('hex');
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings.map(({code}) => code);
		throw error;
	}
}

test('a node accepts a service whose image its own release key signed, and learns its register 15', async t => {
	t.is(await judged(endorsement()), Buffer.from(clusterRegisterOf(clusterId)).toString('hex'));
});

test('a node refuses every service that is not such an image of its own cluster', async t => {
	const stranger = generateKeyPairSync('ec', {namedCurve: 'prime256v1'});
	const strangerKey = stranger.publicKey.export({format: 'der', type: 'spki'});
	const bySelf = endorsement({signer: stranger.privateKey});
	const otherMaker = newMaker();
	t.deepEqual(await judged(undefined), ['endorsement-missing']);
	t.deepEqual(await judged(bySelf), ['endorsement-untrusted']);
	t.deepEqual(await judged({...bySelf, releaseKey: strangerKey}), ['endorsement-untrusted']);
	t.deepEqual(await judged({...endorsement(), makerKey: otherMaker.publicKey}, {makerKey: otherMaker}), [
		'endorsement-untrusted',
	]);
	t.deepEqual(await judged(endorsement(), {makerKey: otherMaker}), ['key-certificate-untrusted']);
	t.deepEqual(await judged(endorsement({bundle: Buffer.from('changed')})), ['register-mismatch']);
	t.deepEqual(await judged(endorsement({arguments: ['--inspect']})), ['register-mismatch']);
	t.deepEqual(
		await judged(endorsement(), {commandLine: measuredCommandLine(args, localParameters(otherMaker.publicKey, releaseKey))}),
		['register-mismatch'],
	);
	t.deepEqual(await judged(endorsement(), {joined: false}), ['not-initialised']);
	const notJson = Buffer.from('{}');
	t.deepEqual(await judged({...endorsement(), measurements: notJson, signature: signBlob(notJson, release.privateKey)}), [
		'endorsement-malformed',
	]);
});

test('the cluster ID reaches register 15 as v2.9 marks a node', t => {
	const id = Buffer.from('128c164378fe8767f998fbdfe4b4d6463ec5ae1b664ea5999bc27417607ae9b6', 'hex');
	t.is(Buffer.from(clusterRegisterOf(id)).toString('hex'), '23400370357e846478cce7cc0c76cdfe4da077cc57b36dee0f665ede2c8b3f2f');
});
