import {MalformedError} from '../../../bytes.ts';
import type {BankedTpm} from '../../../tpm/tpm.ts';
import {parseCertificate} from '../../../x509/certificate.ts';
import {issuerUrls} from '../../../x509/locations.ts';
import type {DocumentSource} from '../../tpm-document/issue.ts';
import {formatTrustedLaunchInstance} from './instance.ts';

/** What a node on Azure reaches. */
export type TrustedLaunchNode = {
	/** Opened with Azure's layout. */
	tpm: BankedTpm;
	/** The certificate at an address that the attestation key's certificate names; undefined where it cannot be had. */
	issuerAt: (url: string) => Promise<Uint8Array | undefined>;
	firmwareLog?: () => Promise<Uint8Array>;
};

/** Where a node on Azure gets the parts of its document. Without the issuer's certificate the verifier has to bring it along. */
export function trustedLaunchSource({tpm, issuerAt, firmwareLog}: TrustedLaunchNode): DocumentSource {
	return {
		tpm,
		...(firmwareLog ? {firmwareLog} : {}),
		async instanceInfo() {
			const {certificate} = await tpm.attestationKey();
			if (!certificate) throw new MalformedError('InstanceInfo: the TPM has no certificate of its attestation key');
			const issuer = await firstIssuer(certificate, issuerAt);
			return formatTrustedLaunchInstance({certificate, ...(issuer ? {issuer} : {})});
		},
	};
}

async function firstIssuer(certificate: Uint8Array, issuerAt: TrustedLaunchNode['issuerAt']): Promise<Uint8Array | undefined> {
	for (const url of issuerUrls(parseCertificate(certificate))) {
		const issuer = await issuerAt(url);
		if (issuer) return issuer;
	}
	return undefined;
}
