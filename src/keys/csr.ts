import {
	childrenOf,
	DerError,
	type DerNode,
	expectTag,
	readDer,
	readObjectIdentifier,
	sequenceOf,
} from '../attestation/x509/der-reader.ts';
import {addressText} from './addresses.ts';
import {type Extension, extensionIds, isSignedBy, readExtension} from './certificate.ts';
import * as der from './der-writer.ts';
import {encodeName, type NameAttribute, readName, type Subject} from './names.ts';
import {alternativeNames, encodeExtensions, type KeyPair, privateKeyOf, signed} from './pki.ts';

/** A PKCS #10 request (RFC 2986) whose own signature is right. Of what it asks for only IP addresses are read. */
export type SigningRequest = {
	subject: NameAttribute[];
	/** DER SubjectPublicKeyInfo. */
	publicKey: Uint8Array;
	addresses: string[];
};

const extensionRequest = '1.2.840.113549.1.9.14';
const maximumSize = 16 * 1024;

/** Makes a request in DER, signed with the key it is for. */
export const createCsr = (keys: KeyPair, subject: Subject, addresses: readonly string[] = []): Uint8Array => {
	const alternatives = alternativeNames(addresses, []);
	const attributes = alternatives
		? [requestAttribute([{oid: extensionIds.subjectAlternativeName, critical: false, value: alternatives}])]
		: [];
	const content = der.sequence(der.integer(Uint8Array.of(0)), encodeName(subject), keys.publicKey, der.context(0, ...attributes));
	return signed(content, privateKeyOf(keys.privateKey));
};

const requestAttribute = (extensions: readonly Extension[]): Uint8Array =>
	der.sequence(der.objectIdentifier(extensionRequest), der.set(encodeExtensions(extensions)));

/** Reads a DER request and checks its signature. Throws DerError. */
export const parseCsr = (bytes: Uint8Array): SigningRequest => {
	if (bytes.length > maximumSize) throw new DerError('the certificate request is too big');
	const [content] = sequenceOf(readDer(bytes));
	const [version, subject, publicKey, attributes] = sequenceOf(content);
	expectTag(version, 0x02);
	const key = expectTag(publicKey, 0x30).raw;
	if (!isSigned(bytes, key)) throw new DerError('the certificate request is not signed by its own key');
	return {subject: readName(subject), publicKey: key, addresses: readAddresses(attributes)};
};

const isSigned = (request: Uint8Array, publicKey: Uint8Array): boolean => {
	try {
		return isSignedBy(request, publicKey);
	} catch (error) {
		throw new DerError('the key of the certificate request cannot be used', {cause: error});
	}
};

const readAddresses = (attributes: DerNode | undefined): string[] => {
	if (!attributes) return [];
	const extensions = childrenOf(expectTag(attributes, 0xa0)).flatMap(attribute => {
		const [type, values] = sequenceOf(attribute);
		if (readObjectIdentifier(type) !== extensionRequest) return [];
		return sequenceOf(childrenOf(expectTag(values, 0x31))[0]).map(readExtension);
	});
	const alternative = extensions.find(({oid}) => oid === extensionIds.subjectAlternativeName);
	if (!alternative) return [];
	return sequenceOf(readDer(alternative.value))
		.filter(name => name.tag === 0x87)
		.map(({content}) => {
			if (content.length !== 4 && content.length !== 16) throw new DerError('an IP address is malformed');
			return addressText(content);
		});
};
