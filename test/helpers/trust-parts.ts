import {signBlob} from '../../src/attestation/blob-signature.ts';
import type {Part} from '../../src/trust/bundle/part.ts';
import type {Anchors} from '../../src/trust/bundle/verdict.ts';
import {amdPartName} from '../../src/trust/bundle/verify-amd.ts';
import {at, forgeCertificate, forgeRevocationList} from './forge-chain.ts';
import {answerBytes, leafOf, newLog, newSigner} from './forge-log.ts';
import {ark, ask, chipId, forgeChipCertificate, tcb} from './forge-snp.ts';
import {pemOf, platformCa, root} from './forge-tdx.ts';
import {type CollateralKnobs, forgeTdxCollateral} from './forge-tdx-collateral.ts';
import {fileJson} from './measurements-world.ts';

export const day = 86_400_000;
export const signer = newSigner();
export const log = newLog();
export const cloudRoot = forgeCertificate({name: 'EK/AK CA Root'});
export const cloudIssuer = forgeCertificate({name: 'EK/AK CA Intermediate', issuer: cloudRoot, authority: true});

/** What a machine of the tests has pinned. */
export const anchors = (now = at): Anchors => ({
	now,
	signersOf: () => [{name: 'key of the test', key: signer.key, pinned: true}],
	log: log.log,
	amdRoot: ark().der,
	intelRoot: root.der,
	cloudRoots: [cloudRoot.der],
});

const seconds = Math.floor(at / 1000);

export function measurementsPart(json: unknown = fileJson(), {by = signer, logged = true, name = 'v2.9.1'} = {}): Part {
	const content = Buffer.from(JSON.stringify(json));
	const signature = signBlob(content, by.privateKey);
	const entry = answerBytes(log.answer(log.partsOf(leafOf({content, signature, publicKey: by.pem}))));
	return {kind: 'measurements', name, at: seconds, blobs: logged ? [content, signature, entry] : [content, signature]};
}

export function amdPart(certificate: Parameters<typeof forgeChipCertificate>[1] = {}): Part {
	const blobs = [forgeChipCertificate({}, certificate), ask().der, ark().der];
	return {kind: 'amd-certificates', name: amdPartName('Genoa', chipId, tcb), at: seconds, blobs};
}

export function amdListPart(knobs: Partial<Parameters<typeof forgeRevocationList>[0]> = {}): Part {
	const list = forgeRevocationList({issuer: ark(), algorithm: 'rsa-pss-sha384', ...knobs});
	return {kind: 'amd-revocation-list', name: 'Genoa', at: seconds, blobs: [list]};
}

const bytes = (value: Uint8Array | undefined): Uint8Array => value ?? new Uint8Array();

export function tdxPart(knobs: CollateralKnobs = {}): Part {
	const {tdx, revocationLists = []} = forgeTdxCollateral(knobs);
	const statements = [tdx?.tcbInfo, tdx?.tcbInfoChain, tdx?.qeIdentity, tdx?.qeIdentityChain].map(bytes);
	const lists = [bytes(revocationLists[1]), Buffer.from(pemOf(platformCa, root)), bytes(revocationLists[0])];
	return {kind: 'tdx', name: '90c06f000000/platform', at: seconds, blobs: [...statements, ...lists]};
}

export const issuerAddress = 'http://pki.test/issuer.crt';
export const listAddress = 'http://pki.test/issuer.crl';
export const issuerPart = (der = cloudIssuer.der): Part => ({
	kind: 'certificate',
	name: issuerAddress,
	at: seconds,
	blobs: [der],
});
export const cloudListPart = (issuer = cloudIssuer): Part => ({
	kind: 'revocation-list',
	name: listAddress,
	at: seconds,
	blobs: [forgeRevocationList({issuer})],
});
