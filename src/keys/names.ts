import {childrenOf, type DerNode, expectTag, readObjectIdentifier, readText, sequenceOf} from '../attestation/x509/der-reader.ts';
import {objectIdentifier, printableString, sequence, set, utf8String} from './der-writer.ts';

/** The attributes of a distinguished name that our certificates use. */
export type Subject = {
	organization?: string;
	organizationalUnit?: string;
	commonName: string;
	/** The serialNumber attribute (2.5.4.5), not the certificate's number. */
	serialNumber?: string;
};

/** One attribute of a name, in the order of the encoding. */
export type NameAttribute = {type: string; value: string};

export const attributeTypes = {
	commonName: '2.5.4.3',
	serialNumber: '2.5.4.5',
	organization: '2.5.4.10',
	organizationalUnit: '2.5.4.11',
} as const;

const printable = /^[A-Za-z0-9 '()+,./:=?-]*$/;

/** DER of a name: one attribute a set, in the order of the members of `subject`. */
export const encodeName = (subject: Subject): Uint8Array =>
	sequence(
		...(Object.keys(subject) as (keyof Subject)[]).flatMap(key => {
			const value = subject[key];
			return value === undefined ? [] : [set(encodeAttribute(attributeTypes[key], value))];
		}),
	);

const encodeAttribute = (type: string, value: string): Uint8Array =>
	sequence(objectIdentifier(type), printable.test(value) ? printableString(value) : utf8String(value));

/** Attributes of a DER name, in order. Throws DerError. */
export const readName = (node: DerNode | undefined): NameAttribute[] =>
	sequenceOf(node).flatMap(relative =>
		childrenOf(expectTag(relative, 0x31)).map(attribute => {
			const [type, value] = sequenceOf(attribute);
			return {type: readObjectIdentifier(type), value: readText(value)};
		}),
	);

/** All values of one attribute type. */
export const valuesOf = (name: readonly NameAttribute[], type: keyof typeof attributeTypes): string[] =>
	name.filter(attribute => attribute.type === attributeTypes[type]).map(attribute => attribute.value);
