import type {Collateral} from '../attested.ts';
import {MalformedError} from '../bytes.ts';
import {parseCertificate} from '../x509/certificate.ts';
import type {ChipCertificates} from './chip-key.ts';
import {levelExtension} from './endorsement.ts';

/**
 * Finds the certificate of the processor's key among those that a node brought and those that were fetched: the first that names
 * patch levels, the node's own first. All others may complete its chain.
 */
export function chipCertificates(own: readonly Uint8Array[], collateral: Collateral): ChipCertificates {
	const all = [...own, ...(collateral.certificates ?? [])];
	const leaf = all.find(namesLevels);
	return {
		...(leaf ? {leaf} : {}),
		others: all.filter(certificate => certificate !== leaf),
		revocationLists: collateral.revocationLists ?? [],
	};
}

function namesLevels(der: Uint8Array): boolean {
	try {
		return parseCertificate(der).extensions.some(({oid}) => oid === levelExtension);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return false;
	}
}
