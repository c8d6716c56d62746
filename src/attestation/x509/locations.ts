import {type Certificate, type Extension} from './certificate.ts';
import {DerError, type DerNode, readDer, readObjectIdentifier, sequenceOf} from './der-reader.ts';
import {extensionOf} from './extensions.ts';

const authorityInformation = '1.3.6.1.5.5.7.1.1';
const caIssuers = '1.3.6.1.5.5.7.48.2';
const distributionPoints = '2.5.29.31';
/** Implicit tag of a URI inside GeneralName. */
const uri = 0x86;

type WithExtensions = {extensions: readonly Extension[]};

/** Where the certificate says that its issuer's certificate can be had (RFC 5280 section 4.2.2.1). Throws DerError. */
export function issuerUrls(certificate: Pick<Certificate, 'extensions'>): string[] {
	return entries(certificate, authorityInformation).flatMap(entry => {
		const [method, location] = sequenceOf(entry);
		return readObjectIdentifier(method) === caIssuers && location?.tag === uri ? [textOf(location)] : [];
	});
}

/** Where the certificate says that it would be listed when it is revoked (RFC 5280 section 4.2.1.13). Throws DerError. */
export function revocationListUrls(certificate: WithExtensions): string[] {
	return entries(certificate, distributionPoints).flatMap(point => uris(point, 3));
}

function entries(certificate: WithExtensions, oid: string): DerNode[] {
	const value = extensionOf(certificate, oid);
	return value ? sequenceOf(readDer(value)) : [];
}

/** A distribution point wraps its names twice. */
function uris(node: DerNode, depth: number): string[] {
	if (node.tag === uri) return [textOf(node)];
	if (depth === 0 || (node.tag & 0x20) === 0) return [];
	return sequenceOf({...node, tag: 0x30}).flatMap(child => uris(child, depth - 1));
}

function textOf({content}: DerNode): string {
	const text = Buffer.from(content).toString('latin1');
	if (text.length > 512 || !/^[\x21-\x7e]+$/.test(text)) throw new DerError('an address is malformed');
	return text;
}
