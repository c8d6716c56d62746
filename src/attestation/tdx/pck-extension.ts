import {MalformedError} from '../bytes.ts';
import type {Certificate} from '../x509/certificate.ts';
import {type DerNode, expectTag, readDer, readObjectIdentifier, readSmallInteger, sequenceOf} from '../x509/der-reader.ts';
import {extensionOf} from '../x509/extensions.ts';

/** What a PCK certificate says of the platform that it was issued for. */
export type PlatformFacts = {
	/** Family, model, stepping, platform type and custom SKU: 6 bytes. */
	fmspc: Uint8Array;
	/** Which provisioning certification enclave: 2 bytes. */
	pceId: Uint8Array;
	pceSvn: number;
	/** The 16 component versions of the platform, as Intel decomposes CPUSVN. */
	components: readonly number[];
};

const extension = '1.2.840.113741.1.13.1';
const componentCount = 16;

/** Whether the certificate describes a platform: only PCK certificates do. */
export function isPlatformCertificate(certificate: Pick<Certificate, 'extensions'>): boolean {
	return extensionOf(certificate, extension) !== undefined;
}

/**
 * Reads the SGX extension of a PCK certificate (Intel SGX PCK Certificate and CRL Profile, section 1.3.5): a list of OID and value.
 * Values that are not used here may be there. Throws MalformedError.
 */
export function parsePlatformFacts(certificate: Pick<Certificate, 'extensions'>): PlatformFacts {
	const value = extensionOf(certificate, extension);
	if (!value) throw new MalformedError('the certificate does not describe a platform');
	const fields = pairsOf(readDer(value));
	const tcb = pairsOf(field(fields, `${extension}.2`));
	return {
		fmspc: octets(field(fields, `${extension}.4`), 6),
		pceId: octets(field(fields, `${extension}.3`), 2),
		pceSvn: version(field(tcb, `${extension}.2.17`), 0xffff),
		components: Array.from({length: componentCount}, (_, index) => version(field(tcb, `${extension}.2.${index + 1}`), 0xff)),
	};
}

function pairsOf(node: DerNode): Map<string, DerNode> {
	const pairs = new Map<string, DerNode>();
	for (const pair of sequenceOf(node)) {
		const [id, value, ...more] = sequenceOf(pair);
		const oid = readObjectIdentifier(id);
		if (!value || more.length > 0 || pairs.has(oid)) throw new MalformedError('the description of the platform is malformed');
		pairs.set(oid, value);
	}
	return pairs;
}

function field(fields: ReadonlyMap<string, DerNode>, oid: string): DerNode {
	const node = fields.get(oid);
	if (!node) throw new MalformedError(`the description of the platform lacks ${oid}`);
	return node;
}

function octets(node: DerNode, length: number): Uint8Array {
	const {content} = expectTag(node, 0x04);
	if (content.length !== length)
		throw new MalformedError(`the description of the platform has a field of ${content.length} bytes`);
	return content;
}

function version(node: DerNode, maximum: number): number {
	const value = readSmallInteger(node);
	if (value > maximum) throw new MalformedError('the description of the platform has a version that is too big');
	return value;
}
