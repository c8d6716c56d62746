import type {Collateral, CollateralNeed} from '../../attested.ts';
import {MalformedError, sameBytes} from '../../bytes.ts';
import {type Certificate, parseCertificate} from '../../x509/certificate.ts';
import {issuerUrls, revocationListUrls} from '../../x509/locations.ts';
import {parseRevocationList} from '../../x509/revocation-list.ts';

const maximumLength = 5;

/**
 * What is missing between a certificate and the pinned roots: issuers that nobody brought along and revocation lists. Addresses come
 * from certificates that are not checked yet, so only the vendor's own ones are given. Ask again with what was fetched: an issuer may
 * name the next one.
 */
export function chainNeeds(
	leaf: Uint8Array,
	known: {intermediates: readonly Uint8Array[]; roots: readonly Uint8Array[]; have: Collateral; isVendor: (url: URL) => boolean},
): CollateralNeed[] {
	const {have, isVendor} = known;
	const read = (der: Uint8Array): Certificate[] => readable(() => parseCertificate(der));
	const roots = known.roots.flatMap(read);
	const others = [...roots, ...known.intermediates.flatMap(read), ...(have.certificates ?? []).flatMap(read)];
	const lists = (have.revocationLists ?? []).flatMap(der => readable(() => parseRevocationList(der)));
	const needs: CollateralNeed[] = [];
	let [current] = read(leaf);
	for (
		let length = 1;
		current && length < maximumLength && !roots.some(({raw}) => sameBytes(raw, current?.raw ?? raw));
		length++
	) {
		const certificate: Certificate = current;
		const issuer = others.find(({subject}) => sameBytes(subject, certificate.issuer));
		if (!issuer)
			needs.push(...vendorUrls(() => issuerUrls(certificate), isVendor).map(url => ({kind: 'certificate', url}) as const));
		if (!lists.some(list => sameBytes(list.issuer, certificate.issuer)))
			needs.push(
				...vendorUrls(() => revocationListUrls(certificate), isVendor).map(url => ({kind: 'revocation-list', url}) as const),
			);
		current = issuer;
	}
	return needs;
}

/** At most one of each kind for a certificate: the first that may be asked. */
function vendorUrls(read: () => string[], isVendor: (url: URL) => boolean): string[] {
	const [urls = []] = readable(read);
	return urls.filter(url => URL.canParse(url) && isVendor(new URL(url))).slice(0, 1);
}

function readable<T>(read: () => T): T[] {
	try {
		return [read()];
	} catch (error) {
		// What cannot be read needs nothing; the validator says what is wrong with it.
		if (error instanceof MalformedError) return [];
		throw error;
	}
}
