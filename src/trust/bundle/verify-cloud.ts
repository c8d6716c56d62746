import {azureIntermediates, azureRoots} from '../../attestation/variants/azure/roots.ts';
import {gcpIntermediates, gcpRoots} from '../../attestation/variants/gcp/roots.ts';
import {parseCertificate} from '../../attestation/x509/certificate.ts';
import {basicConstraints} from '../../attestation/x509/extensions.ts';
import {certificateExpiry, listExpiry} from './dates.ts';
import type {Part} from './part.ts';
import type {Anchors, PartVerdict} from './verdict.ts';
import {isIssuedBy, problemsOfList} from './verify-list.ts';

/** An issuer of attestation keys on Google's or Microsoft's machines: an authority that a pinned one made. */
export function verifyIssuer({blobs}: Part, anchors: Anchors): PartVerdict {
	const [der = new Uint8Array()] = blobs;
	const certificate = parseCertificate(der);
	const problems = isIssuedBy(certificate, authoritiesIn(anchors), 'keyCertSign') ? [] : ['no pinned authority issued it'];
	if (!basicConstraints(certificate).authority) problems.push('it is no authority');
	return {problems, expiries: [certificateExpiry(der)]};
}

/** A list of a pinned authority, or of one that was checked. */
export function verifyCloudList({blobs}: Part, anchors: Anchors): PartVerdict {
	const [list = new Uint8Array()] = blobs;
	return {problems: problemsOfList(list, authoritiesIn(anchors)), expiries: [listExpiry(list)]};
}

function authoritiesIn({cloudRoots, issuers = []}: Anchors): Uint8Array[] {
	return [...(cloudRoots ?? [...gcpRoots, ...gcpIntermediates, ...azureRoots, ...azureIntermediates]), ...issuers];
}
