import type {KeyObject} from 'node:crypto';
import {MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {type Certificate, parseCertificate} from '../x509/certificate.ts';
import {verifyChain} from '../x509/chain.ts';
import {publicKeyFrom} from '../x509/signature.ts';
import {type Endorsement, readEndorsement} from './endorsement.ts';
import {providerIntermediates} from './intermediates.ts';
import {products} from './product.ts';
import {rootOf} from './roots.ts';
import type {SnpRules} from './rules.ts';

/** Certificates that came with a report or were fetched for it, DER, in any order. */
export type ChipCertificates = {
	/** VCEK or VLEK. */
	leaf?: Uint8Array;
	/** ASK or ASVK, and whatever else came along. */
	others: readonly Uint8Array[];
	revocationLists: readonly Uint8Array[];
};

/** A key that may sign reports, after its chain was checked. `key` and `endorsement` are there as far as they could be read. */
export type ChipKey = {findings: readonly Finding[]; key?: KeyObject; endorsement?: Endorsement};

/**
 * Checks the chain of a VCEK or VLEK up to AMD's pinned root keys, or up to the policy's own root, and reads what it certifies. The
 * result holds for every report that this key signs until the certificates change or expire.
 */
export function checkChipKey(
	{leaf, others, revocationLists}: ChipCertificates,
	rules: Pick<SnpRules, 'revocation'>,
	{at, root}: {at: number; root?: Uint8Array},
): ChipKey {
	if (!leaf) return {findings: [refusal('snp-certificate-missing', 'No certificate for the key of the processor is there.')]};
	const findings = verifyChain({
		leaf,
		intermediates: [...others, ...providerIntermediates],
		roots: root ? [root] : products.map(rootOf),
		at,
		revocationLists,
		rules: {
			subject: 'the processor’s key',
			signatures: ['rsa-pss-sha384'],
			curves: ['secp384r1'],
			minimumRsaBits: 4096,
			maximumLength: 3,
			revocation: rules.revocation,
			// AMD's lists are signed by the root and name its intermediates.
			listsOf: 'authorities',
		},
	});
	const certificate = readLeaf(leaf);
	if (!certificate) return {findings};
	const key = publicKeyFrom(certificate.publicKey);
	const {endorsement, problems} = readEndorsement(new Map(certificate.extensions.map(({oid, value}) => [oid, value])));
	for (const problem of problems)
		findings.push(refusal('snp-certificate-extensions', `In the certificate of the processor’s key, ${problem}.`));
	return {findings, ...(key ? {key} : {}), ...(endorsement ? {endorsement} : {})};
}

/** What cannot be read was reported by the chain already. */
function readLeaf(der: Uint8Array): Certificate | undefined {
	try {
		return parseCertificate(der);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return undefined;
	}
}
