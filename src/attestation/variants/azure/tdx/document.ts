import {fromBase64, MalformedError} from '../../../bytes.ts';
import {readInstanceInfo, type TpmDocument} from '../../tpm-document/document.ts';

/** InstanceInfo of an azure-tdx document: the quote that the host made of the paravisor's report, and the runtime data beside it. */
export type AzureTdxInstance = {
	quote: Uint8Array;
	/** JSON, exact bytes. */
	runtimeData: Uint8Array;
};

/** Reads `{"AttestationReport":b64,"RuntimeData":b64}`, named as for azure-sev-snp. Throws MalformedError. */
export function readAzureTdxInstance(document: TpmDocument): AzureTdxInstance {
	const info = readInstanceInfo(document, ['AttestationReport', 'RuntimeData']);
	const bytes = (key: 'AttestationReport' | 'RuntimeData'): Uint8Array => {
		const value = info[key];
		if (typeof value !== 'string') throw new MalformedError(`InstanceInfo.${key}: not base64 text`);
		return fromBase64(value, `InstanceInfo.${key}`);
	};
	return {quote: bytes('AttestationReport'), runtimeData: bytes('RuntimeData')};
}
