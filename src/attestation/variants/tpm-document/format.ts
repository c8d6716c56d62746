/** What goes into a v2.9 TPM document; quotes in the order of the TPM's banks. */
export type TpmDocumentContent = {
	akPublic: Uint8Array;
	quotes: readonly {hash: number; attest: Uint8Array; signature: Uint8Array; pcrs: readonly Uint8Array[]}[];
	eventLog: Uint8Array;
	/** DER. */
	akCertificate?: Uint8Array;
	intermediates?: readonly Uint8Array[];
	instanceInfo?: Uint8Array;
	userData: Uint8Array;
};

/** Writes the v2.9 JSON byte for byte as its nodes do: order of keys, what is left out when empty, register numbers in text order. */
export function formatTpmDocument(content: TpmDocumentContent): Uint8Array {
	const {akPublic, quotes, eventLog, akCertificate, intermediates = [], instanceInfo, userData} = content;
	const attestation = [
		`"ak_pub":${base64(akPublic)}`,
		`"quotes":[${quotes.map(quote => formatQuote(quote)).join()}]`,
		...(eventLog.length > 0 ? [`"event_log":${base64(eventLog)}`] : []),
		...(akCertificate ? [`"ak_cert":${base64(akCertificate)}`] : []),
		...(intermediates.length > 0 ? [`"intermediate_certs":[${intermediates.map(der => base64(der)).join()}]`] : []),
		'"TeeAttestation":null',
	];
	const info = instanceInfo ? base64(instanceInfo) : 'null';
	return Buffer.from(`{"Attestation":{${attestation.join()}},"InstanceInfo":${info},"UserData":${base64(userData)}}`);
}

function formatQuote({hash, attest, signature, pcrs}: TpmDocumentContent['quotes'][number]): string {
	// An object would put the numbers into numeric order.
	const registers = pcrs
		.map((value, index) => ({index: String(index), value}))
		.sort((left, right) => (left.index < right.index ? -1 : 1))
		.map(({index, value}) => `"${index}":${base64(value)}`);
	return `{"quote":${base64(attest)},"raw_sig":${base64(signature)},"pcrs":{"hash":${hash},"pcrs":{${registers.join()}}}}`;
}

function base64(bytes: Uint8Array): string {
	return JSON.stringify(Buffer.from(bytes).toString('base64'));
}
