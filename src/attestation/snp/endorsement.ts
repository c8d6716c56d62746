import {MalformedError} from '../bytes.ts';
import {expectTag, readDer, readSmallInteger, readText} from '../x509/der-reader.ts';
import {type Product, productOfName} from './product.ts';
import {type Tcb, type TcbPart, tcbParts} from './tcb.ts';

/** What AMD's certificate extensions say of a VCEK or VLEK. */
export type Endorsement = {
	/** As written, such as `Milan-B0`. */
	productName: string;
	product?: Product;
	tcb: Tcb;
	/** Chip that a VCEK belongs to, 64 bytes as reports name it; a VLEK has none. */
	chipId?: Uint8Array;
	/** Cloud provider that a VLEK belongs to; a VCEK has none. */
	provider?: string;
};

const arc = '1.3.6.1.4.1.3704.1';
const oids = {product: `${arc}.2`, chipId: `${arc}.4`, provider: `${arc}.5`} as const;
/** Every VCEK and VLEK has this extension, and no other certificate. */
export const levelExtension = `${arc}.3.1`;

const levels: Readonly<Record<TcbPart, string>> = {
	bootloader: `${arc}.3.1`,
	tee: `${arc}.3.2`,
	snp: `${arc}.3.3`,
	microcode: `${arc}.3.8`,
	fmc: `${arc}.3.9`,
};
const chipIdSize = 64;
/** From Turin on, the chip's identifier is shorter and reports fill up with zeros. */
const shortChipIdSize = 8;

/**
 * Reads the extensions of a VCEK or VLEK (AMD 57230, VCEK certificate and KDS interface): product, patch levels, and chip or
 * provider. What is missing or malformed is named in `problems`; then there is no endorsement.
 */
export function readEndorsement(extensions: ReadonlyMap<string, Uint8Array>): {endorsement?: Endorsement; problems: string[]} {
	const problems: string[] = [];
	function read<T>(what: string, oid: string, parse: (value: Uint8Array) => T, optional = false): T | undefined {
		const value = extensions.get(oid);
		if (value === undefined) {
			if (!optional) problems.push(`${what} is missing`);
			return undefined;
		}
		try {
			return parse(value);
		} catch (error) {
			if (!(error instanceof MalformedError) && !(error instanceof TypeError)) throw error;
			problems.push(`${what} is malformed`);
			return undefined;
		}
	}
	const productName = read('the product name', oids.product, value => readText(expectTag(readDer(value), 0x16)));
	const product = productName === undefined ? undefined : productOfName(productName);
	const isOptional = (part: TcbPart): boolean => part === 'fmc' && product !== 'Turin';
	const parts = tcbParts.map(part => [part, read(`the ${part} level`, levels[part], readLevel, isOptional(part))] as const);
	const chipId = read('the chip identifier', oids.chipId, readChipId, true);
	const provider = read('the provider', oids.provider, value => readText(readDer(value)), true);
	const {fmc, ...found} = Object.fromEntries(parts.filter(([, level]) => level !== undefined)) as Partial<Tcb>;
	const {bootloader, tee, snp, microcode} = found;
	if (productName === undefined || bootloader === undefined || tee === undefined || snp === undefined || microcode === undefined)
		return {problems};
	if (problems.length > 0) return {problems};
	return {
		endorsement: {
			productName,
			...(product ? {product} : {}),
			tcb: {...(fmc === undefined ? {} : {fmc}), bootloader, tee, snp, microcode},
			...(chipId ? {chipId} : {}),
			...(provider === undefined ? {} : {provider}),
		},
		problems,
	};
}

function readLevel(value: Uint8Array): number {
	const level = readSmallInteger(readDer(value));
	if (level > 255) throw new MalformedError('level: more than a byte');
	return level;
}

/** The bytes themselves, or an OCTET STRING of them: both occur. The sizes do not overlap. */
function readChipId(value: Uint8Array): Uint8Array {
	const sizes = [chipIdSize, shortChipIdSize];
	const content = sizes.includes(value.length) ? value : expectTag(readDer(value), 0x04).content;
	if (!sizes.includes(content.length)) throw new MalformedError('chip identifier: length');
	return Buffer.concat([content, Buffer.alloc(chipIdSize - content.length)]);
}
