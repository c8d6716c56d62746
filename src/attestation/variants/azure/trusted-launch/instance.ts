import {fromBase64} from '../../../bytes.ts';
import {readInstanceInfo, type TpmDocument, textField} from '../../tpm-document/document.ts';

/** What a node on Azure adds: the certificate of its attestation key and, where it could fetch it, that of the issuer (DER). */
export type TrustedLaunchInstance = {certificate: Uint8Array; issuer?: Uint8Array};

const maximumText = 32 * 1024;

/** Throws MalformedError. */
export function readTrustedLaunchInstance(document: TpmDocument): TrustedLaunchInstance {
	const map = readInstanceInfo(document, ['AkCert', 'CA']);
	const certificate = fromBase64(textField(map, 'AkCert', maximumText), 'InstanceInfo.AkCert');
	const issuer = (map['CA'] ?? '') === '' ? undefined : fromBase64(textField(map, 'CA', maximumText), 'InstanceInfo.CA');
	return {certificate, ...(issuer ? {issuer} : {})};
}

export function formatTrustedLaunchInstance({certificate, issuer}: TrustedLaunchInstance): Uint8Array {
	const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
	return Buffer.from(JSON.stringify({AkCert: text(certificate), CA: issuer ? text(issuer) : null}));
}
