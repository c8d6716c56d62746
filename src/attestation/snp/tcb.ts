import {MalformedError} from '../bytes.ts';
import type {Product} from './product.ts';

/** Security patch levels of the parts of a platform (AMD SEV-SNP firmware ABI, TCB_VERSION). `fmc` exists from Turin on. */
export type Tcb = {fmc?: number; bootloader: number; tee: number; snp: number; microcode: number};

export type TcbPart = keyof Tcb;

/** The order in which parts are named to people. */
export const tcbParts: readonly TcbPart[] = ['fmc', 'bootloader', 'tee', 'snp', 'microcode'];

const layouts: Readonly<Record<'first' | 'turin', Readonly<Partial<Record<TcbPart, number>>>>> = {
	first: {bootloader: 0, tee: 1, snp: 6, microcode: 7},
	turin: {fmc: 0, bootloader: 1, tee: 2, snp: 3, microcode: 7},
};

/** Reads the 8 bytes of a TCB_VERSION; their order depends on the processor. Throws MalformedError for another length. */
export function parseTcb(bytes: Uint8Array, product: Product): Tcb {
	if (bytes.length !== 8) throw new MalformedError(`TCB version: ${bytes.length} bytes instead of 8`);
	const layout = layouts[product === 'Turin' ? 'turin' : 'first'];
	const at = (part: TcbPart): number => bytes[layout[part] ?? -1] ?? 0;
	return {
		...(layout.fmc === undefined ? {} : {fmc: at('fmc')}),
		bootloader: at('bootloader'),
		tee: at('tee'),
		snp: at('snp'),
		microcode: at('microcode'),
	};
}

/** Parts of `actual` below `minimum`; parts without a minimum are not compared. */
export function partsBelow(actual: Tcb, minimum: Partial<Tcb>): TcbPart[] {
	return tcbParts.filter(part => (actual[part] ?? 0) < (minimum[part] ?? 0));
}

/** Parts in which the two differ; a part that only one of them has counts as a difference. */
export function partsDiffering(left: Tcb, right: Tcb): TcbPart[] {
	return tcbParts.filter(part => left[part] !== right[part]);
}

/** As people read it: `bootloader 2, tee 0, snp 6, microcode 93`. */
export function tcbText(tcb: Partial<Tcb>): string {
	return tcbParts.flatMap(part => (tcb[part] === undefined ? [] : [`${part} ${tcb[part]}`])).join(', ');
}
