import {constants, generateKeyPairSync, type KeyObject, randomBytes, sign} from 'node:crypto';
import type {Extension} from '../../src/attestation/x509/certificate.ts';
import {extensionIds} from '../../src/attestation/x509/extensions.ts';
import type {SignatureAlgorithm} from '../../src/attestation/x509/signature.ts';
import * as der from '../../src/keys/der-writer.ts';
import {encodeName} from '../../src/keys/names.ts';
import {encodeExtensions} from '../../src/keys/pki.ts';

export type KeyKind = 'rsa-1024' | 'rsa-2048' | 'rsa-4096' | 'p256' | 'p384' | 'p521';
export type Keys = {privateKey: KeyObject; publicKey: KeyObject};

/** A certificate with the key that it is for, so that it can issue others. */
export type Forged = Keys & {der: Uint8Array; subject: Uint8Array; serial: Uint8Array};

const day = 86_400_000;
/** Where forged chains are looked at, unless a test says otherwise. */
export const at = Date.UTC(2030, 0, 15);

const curves = {p256: 'prime256v1', p384: 'secp384r1', p521: 'secp521r1'} as const;

export function newKeys(kind: KeyKind): Keys {
	return kind === 'p256' || kind === 'p384' || kind === 'p521'
		? generateKeyPairSync('ec', {namedCurve: curves[kind]})
		: generateKeyPairSync('rsa', {modulusLength: Number(kind.slice(4))});
}

const made = new Map<string, Keys>();

/** One key pair for each name and kind: RSA keys take long to make. */
export function keysOf(name: string, kind: KeyKind): Keys {
	const id = `${name} ${kind}`;
	const keys = made.get(id) ?? newKeys(kind);
	made.set(id, keys);
	return keys;
}

/** Everything left alone is as an honest authority would write it. */
export type CertificateKnobs = {
	name: string;
	/** Absent: it certifies itself. */
	issuer?: Forged;
	kind?: KeyKind;
	keys?: Pick<Keys, 'publicKey'> & Partial<Keys>;
	algorithm?: SignatureAlgorithm;
	/** The algorithm it says inside; the outer one stays. */
	claims?: SignatureAlgorithm;
	notBefore?: number;
	notAfter?: number;
	/** Of basic constraints; undefined leaves the extension out. */
	authority?: boolean | undefined;
	pathLength?: number | undefined;
	/** Bits of key usage, first byte; undefined leaves the extension out. */
	keyUsage?: number | undefined;
	extensions?: readonly Extension[];
	serial?: Uint8Array;
	/** Who signs it in truth. */
	signer?: KeyObject;
	subject?: Uint8Array;
};

export const usage = {digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02} as const;

/** DER of AlgorithmIdentifiers. */
export function algorithmIdentifier(algorithm: SignatureAlgorithm): Uint8Array {
	const bits = algorithm.slice(-3);
	const index = ['256', '384', '512'].indexOf(bits);
	const hash = der.sequence(der.objectIdentifier(`2.16.840.1.101.3.4.2.${index + 1}`), der.element(0x05));
	if (algorithm.startsWith('ecdsa')) return der.sequence(der.objectIdentifier(`1.2.840.10045.4.3.${index + 2}`));
	if (!algorithm.startsWith('rsa-pss'))
		return der.sequence(der.objectIdentifier(`1.2.840.113549.1.1.${index + 11}`), der.element(0x05));
	const mask = der.sequence(der.objectIdentifier('1.2.840.113549.1.1.8'), hash);
	const salt = der.integer(Uint8Array.of(Number(bits) / 8));
	return der.sequence(
		der.objectIdentifier('1.2.840.113549.1.1.10'),
		der.sequence(der.context(0, hash), der.context(1, mask), der.context(2, salt)),
	);
}

function defaultAlgorithm(key: KeyObject): SignatureAlgorithm {
	if (key.asymmetricKeyType === 'rsa') return 'rsa-sha256';
	return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ecdsa-sha256' : 'ecdsa-sha384';
}

function signWith(content: Uint8Array, algorithm: SignatureAlgorithm, key: KeyObject): Uint8Array {
	const isPss = algorithm.startsWith('rsa-pss');
	const padding = isPss ? {padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST} : {};
	return sign(algorithm.slice(-6), content, {key, ...padding});
}

export function forgeCertificate(knobs: CertificateKnobs): Forged {
	const keys = {...keysOf(knobs.name, knobs.kind ?? 'p256'), ...knobs.keys};
	const subject = knobs.subject ?? encodeName({commonName: knobs.name});
	const signer = knobs.signer ?? knobs.issuer?.privateKey ?? keys.privateKey;
	const algorithm = knobs.algorithm ?? defaultAlgorithm(signer);
	const serial = knobs.serial ?? Uint8Array.of(0x40, ...randomBytes(8));
	const {authority = knobs.issuer === undefined, pathLength} = knobs;
	const keyUsage = 'keyUsage' in knobs ? knobs.keyUsage : authority ? usage.keyCertSign | usage.cRLSign : usage.digitalSignature;
	const constraints = [
		...(authority ? [der.boolean(true)] : []),
		...(pathLength === undefined ? [] : [der.integer(Uint8Array.of(pathLength))]),
	];
	const extensions: Extension[] = [
		...('authority' in knobs && knobs.authority === undefined
			? []
			: [{oid: extensionIds.basicConstraints, critical: true, value: der.sequence(...constraints)}]),
		...(keyUsage === undefined
			? []
			: [{oid: extensionIds.keyUsage, critical: true, value: der.bitString(Uint8Array.of(keyUsage), 1)}]),
		...(knobs.extensions ?? []),
	];
	const content = der.sequence(
		der.context(0, der.integer(Uint8Array.of(2))),
		der.integer(serial),
		algorithmIdentifier(knobs.claims ?? algorithm),
		knobs.issuer?.subject ?? subject,
		der.sequence(der.time(new Date(knobs.notBefore ?? at - 30 * day)), der.time(new Date(knobs.notAfter ?? at + 30 * day))),
		subject,
		keys.publicKey.export({format: 'der', type: 'spki'}),
		...(extensions.length > 0 ? [der.context(3, encodeExtensions(extensions))] : []),
	);
	const signature = signWith(content, algorithm, signer);
	return {...keys, subject, serial, der: der.sequence(content, algorithmIdentifier(algorithm), der.bitString(signature))};
}

export type ListKnobs = {
	issuer: Forged;
	revoked?: readonly Forged[];
	thisUpdate?: number;
	nextUpdate?: number;
	signer?: KeyObject;
	extensions?: readonly Extension[];
	algorithm?: SignatureAlgorithm;
};

/** A revocation list of version 2. */
export function forgeRevocationList(knobs: ListKnobs): Uint8Array {
	const {issuer, revoked = [], extensions = []} = knobs;
	const signer = knobs.signer ?? issuer.privateKey;
	const algorithm = knobs.algorithm ?? defaultAlgorithm(signer);
	const thisUpdate = knobs.thisUpdate ?? at - day;
	const entries = revoked.map(({serial}) => der.sequence(der.integer(serial), der.time(new Date(thisUpdate))));
	const content = der.sequence(
		der.integer(Uint8Array.of(1)),
		algorithmIdentifier(algorithm),
		issuer.subject,
		der.time(new Date(thisUpdate)),
		der.time(new Date(knobs.nextUpdate ?? at + day)),
		...(entries.length > 0 ? [der.sequence(...entries)] : []),
		...(extensions.length > 0 ? [der.context(0, encodeExtensions(extensions))] : []),
	);
	return der.sequence(content, algorithmIdentifier(algorithm), der.bitString(signWith(content, algorithm, signer)));
}
