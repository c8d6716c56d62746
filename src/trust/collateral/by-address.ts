import type {CollateralNeed} from '../../attestation/attested.ts';
import {maximumCertificateSize} from '../../attestation/x509/certificate.ts';
import {maximumListSize} from '../../attestation/x509/revocation-list.ts';
import type {Part} from '../bundle/part.ts';
import {bodyOf, type Get} from '../net/get.ts';

const limits = {certificate: maximumCertificateSize, 'revocation-list': maximumListSize} as const;

/** An issuer or a list from its vendor's address (RFC 5280 sections 4.2.1.13 and 4.2.2.1). Both are signed, so http will do. */
export async function fetchSigned(
	{kind, url}: Extract<CollateralNeed, {kind: 'certificate' | 'revocation-list'}>,
	{get, now}: {get: Get; now: number},
): Promise<Part> {
	const blob = bodyOf(await get(url, {limit: limits[kind], redirects: 'refuse', plain: true}));
	return {kind, name: url, at: Math.floor(now / 1000), blobs: [blob]};
}
