import {MalformedError, toHex} from '../../attestation/bytes.ts';
import {checkChipKey} from '../../attestation/snp/chip-key.ts';
import {productOfName} from '../../attestation/snp/product.ts';
import {rootOf} from '../../attestation/snp/roots.ts';
import {parseTcb, partsDiffering} from '../../attestation/snp/tcb.ts';
import {certificateExpiry, listExpiry} from './dates.ts';
import type {Part} from './part.ts';
import {type Anchors, momentOf, type PartVerdict} from './verdict.ts';
import {problemsOfList} from './verify-list.ts';

/** Certificates of a chip's key: the chain leads to AMD's root, and the key is that of the chip and level in the name. */
export function verifyAmdCertificates({name, blobs}: Part, {now, amdRoot}: Anchors): PartVerdict {
	const [leaf = new Uint8Array(), ...others] = blobs;
	const [productName = '', chipId = '', tcb = ''] = name.split('/');
	const product = productOfName(productName);
	if (product === undefined) return {problems: ['its name names no processor'], expiries: []};
	const expiries = blobs.map(der => certificateExpiry(der));
	// Lists are parts of their own; who uses the key looks it up in them.
	const {findings, endorsement} = checkChipKey(
		{leaf, others, revocationLists: []},
		{revocation: 'warn'},
		{at: momentOf(now, expiries), root: amdRoot ?? rootOf(product)},
	);
	const problems = findings.filter(({severity}) => severity === 'refuse').map(({message}) => message.replace(/\.$/, ''));
	if (endorsement === undefined) return {problems: [...problems, 'its certificate says nothing of a processor'], expiries};
	const isOfChip = endorsement.chipId !== undefined && toHex(endorsement.chipId) === chipId;
	const isOfLevel = partsDiffering(endorsement.tcb, parseTcb(Buffer.from(tcb, 'hex'), product)).length === 0;
	if (!isOfChip || !isOfLevel) problems.push('its certificate is of another chip or level');
	return {problems, expiries};
}

/** AMD's list of revoked intermediates: signed by the root of that generation. */
export function verifyAmdList({name, blobs}: Part, {amdRoot}: Anchors): PartVerdict {
	const [list = new Uint8Array()] = blobs;
	const product = productOfName(name);
	if (product === undefined) throw new MalformedError('its name names no processor');
	return {problems: problemsOfList(list, [amdRoot ?? rootOf(product)]), expiries: [listExpiry(list)]};
}

/** The name of a chip's certificates. `chipId`: 64 bytes; `tcb`: 8 bytes as in the report. */
export function amdPartName(product: string, chipId: Uint8Array, tcb: Uint8Array): string {
	return `${product}/${toHex(chipId)}/${toHex(tcb)}`;
}
