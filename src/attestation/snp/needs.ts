import type {Collateral, CollateralNeed} from '../attested.ts';
import {MalformedError, sameBytes} from '../bytes.ts';
import {parseCertificate} from '../x509/certificate.ts';
import {parseRevocationList} from '../x509/revocation-list.ts';
import {chipCertificates} from './chip-certificates.ts';
import {checkChipKey} from './chip-key.ts';
import type {SnpPolicy} from './judge-report.ts';
import {type Product, productOfModel} from './product.ts';
import type {SnpReport} from './report.ts';
import {rootOf} from './roots.ts';

/**
 * What AMD's key distribution service has to add to a report and the certificates that came with it: the certificates of the chip's
 * key where they are missing (a VLEK is only to be had from the provider), and the revocation list of the generation.
 */
export function chipNeeds(
	report: SnpReport,
	own: readonly Uint8Array[],
	policy: Pick<SnpPolicy, 'root'>,
	have: Collateral,
): CollateralNeed[] {
	const certificates = chipCertificates(own, have);
	const {endorsement} = checkChipKey(certificates, {revocation: 'warn'}, {at: 0});
	// Reports of version 2 do not name a processor; those that come without a certificate are from the first generation.
	const product = endorsement?.product ?? (report.cpu ? productOfModel(report.cpu) : 'Milan');
	if (!product) return [];
	const isComplete = report.signer !== 'vcek' || (certificates.leaf !== undefined && certificates.others.length > 0);
	return [
		...(isComplete ? [] : [{kind: 'amd-certificates', product, chipId: report.chipId, tcb: report.reportedTcb} as const]),
		...(hasList(product, policy, have) ? [] : [{kind: 'amd-revocation-list', product} as const]),
	];
}

/** Whether a list of the root is there; whether it is current and rightly signed is for the check to say. */
function hasList(
	product: Product,
	{root = rootOf(product)}: Pick<SnpPolicy, 'root'>,
	{revocationLists = []}: Collateral,
): boolean {
	try {
		const {subject} = parseCertificate(root);
		return revocationLists.some(list => sameBytes(parseRevocationList(list).issuer, subject));
	} catch (error) {
		// What cannot be read is found by the check; another list may still help.
		if (!(error instanceof MalformedError)) throw error;
		return false;
	}
}
