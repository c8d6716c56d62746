import {type Issuer, makeExtraData, variantOids} from '../../attested.ts';
import {join} from '../../bytes.ts';
import {formatTdxDocument} from './document.ts';

/** What a trust domain can ask of its platform (on Linux configfs-tsm or the guest device). `reportData`: 64 bytes. */
export type TdxGuest = {quote(reportData: Uint8Array): Promise<Uint8Array>};

/** Makes v2.9 qemu-tdx evidence: report data is the challenge and zeros. */
export function tdxIssuer(guest: TdxGuest): Issuer {
	return {
		oid: variantOids['qemu-tdx'],
		async issue(userData, nonce) {
			const quote = await guest.quote(join(makeExtraData(userData, nonce), new Uint8Array(32)));
			return formatTdxDocument({quote, userData});
		},
	};
}
