import type {CollateralNeed} from '../../attestation/attested.ts';
import {MalformedError, toHex} from '../../attestation/bytes.ts';
import {type Product, productOfName} from '../../attestation/snp/product.ts';
import {parseTcb, type Tcb, type TcbPart, tcbParts} from '../../attestation/snp/tcb.ts';
import {maximumCertificateSize} from '../../attestation/x509/certificate.ts';
import {certificatesInPem} from '../../attestation/x509/pem.ts';
import {maximumListSize} from '../../attestation/x509/revocation-list.ts';
import type {Part} from '../bundle/part.ts';
import {amdPartName} from '../bundle/verify-amd.ts';
import {bodyOf, type Get} from '../net/get.ts';
import {type Addresses, addressOf} from './addresses.ts';

const levelNames: Readonly<Record<TcbPart, string>> = {
	fmc: 'fmcSPL',
	bootloader: 'blSPL',
	tee: 'teeSPL',
	snp: 'snpSPL',
	microcode: 'ucodeSPL',
};

type Asked<Kind> = Extract<CollateralNeed, {kind: Kind}>;

/** The certificate of a chip's key at a patch level, and AMD's chain above it. Throws MalformedError or AppError. */
export async function fetchAmdCertificates(
	{product: name, chipId, tcb}: Asked<'amd-certificates'>,
	{get, addresses, now}: {get: Get; addresses: Addresses; now: number},
): Promise<Part> {
	const product = known(name);
	const values = {product, chip: chipText(chipId, product), levels: levelText(parseTcb(tcb, product))};
	const leaf = bodyOf(await get(addressOf(addresses.amdCertificate, values), {limit: maximumCertificateSize}));
	const limits = {bytes: 4 * maximumCertificateSize, count: 3};
	const chain = bodyOf(await get(addressOf(addresses.amdChain, {product}), {limit: limits.bytes}));
	const blobs = [leaf, ...certificatesInPem(chain, limits)];
	return {kind: 'amd-certificates', name: amdPartName(product, chipId, tcb), at: Math.floor(now / 1000), blobs};
}

/** What AMD revoked of a generation. Throws AppError. */
export async function fetchAmdList(
	{product: name}: Asked<'amd-revocation-list'>,
	{get, addresses, now}: {get: Get; addresses: Addresses; now: number},
): Promise<Part> {
	const product = known(name);
	const list = bodyOf(await get(addressOf(addresses.amdList, {product}), {limit: maximumListSize}));
	return {kind: 'amd-revocation-list', name: product, at: Math.floor(now / 1000), blobs: [list]};
}

function known(name: string): Product {
	const product = productOfName(name);
	if (product !== undefined) return product;
	throw new MalformedError('AMD has no such processor');
}

/** From Turin on the identifier has 8 bytes; reports fill it up with zeros. */
function chipText(chipId: Uint8Array, product: Product): string {
	return toHex(product === 'Turin' ? chipId.subarray(0, 8) : chipId);
}

function levelText(tcb: Tcb): string {
	return tcbParts.flatMap(part => (tcb[part] === undefined ? [] : [`${levelNames[part]}=${tcb[part]}`])).join('&');
}
