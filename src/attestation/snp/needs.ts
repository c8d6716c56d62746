import type {CollateralNeed} from '../attested.ts';
import {chipCertificates} from './chip-certificates.ts';
import {checkChipKey} from './chip-key.ts';
import {productOfModel} from './product.ts';
import type {SnpReport} from './report.ts';

/**
 * What AMD's key distribution service has to add to a report and the certificates that came with it: the certificates of the chip's
 * key where they are missing (a VLEK is only to be had from the provider), and the revocation list of the generation.
 */
export function chipNeeds(report: SnpReport, own: readonly Uint8Array[]): CollateralNeed[] {
	const certificates = chipCertificates(own, {});
	const {endorsement} = checkChipKey(certificates, {revocation: 'warn'}, {at: 0});
	// Reports of version 2 do not name a processor; those that come without a certificate are from the first generation.
	const product = endorsement?.product ?? (report.cpu ? productOfModel(report.cpu) : 'Milan');
	if (!product) return [];
	const isComplete = certificates.leaf !== undefined && certificates.others.length > 0;
	return [
		...(isComplete ? [] : [{kind: 'amd-certificates', product, chipId: report.chipId, tcb: report.reportedTcb} as const]),
		{kind: 'amd-revocation-list', product},
	];
}
