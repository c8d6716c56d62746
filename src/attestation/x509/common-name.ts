import {childrenOf, expectTag, readDer, readObjectIdentifier, readText, sequenceOf} from './der-reader.ts';

const commonNameId = '2.5.4.3';

/** The one common name of a DER Name (RFC 5280 section 4.1.2.4); undefined when there is none or more than one. Throws DerError. */
export const commonNameOf = (name: Uint8Array): string | undefined => {
	const names = sequenceOf(readDer(name))
		.flatMap(set => childrenOf(expectTag(set, 0x31)))
		.map(attribute => sequenceOf(attribute))
		.filter(([id]) => readObjectIdentifier(id) === commonNameId)
		.map(([, value]) => readText(value));
	return names.length === 1 ? names[0] : undefined;
};
