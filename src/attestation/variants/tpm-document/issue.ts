import {type Issuer, makeExtraData} from '../../attested.ts';
import {MalformedError} from '../../bytes.ts';
import {algorithms} from '../../tpm/constants.ts';
import {logMatches, parseEventLog} from '../../tpm/event-log.ts';
import type {BankedTpm} from '../../tpm/tpm.ts';
import {maximumDocumentSize} from './document.ts';
import {formatTpmDocument, type TpmDocumentContent} from './format.ts';

/** Where a node gets the parts of its document. */
export type DocumentSource = {
	tpm: Pick<BankedTpm, 'attestationKey' | 'banks' | 'quoteBank' | 'firmwareLog'>;
	/** The firmware's event log (TCG PC client); on a real machine the kernel has it. The TPM's own by default. */
	firmwareLog?: () => Promise<Uint8Array>;
	/** What the variant says of the machine, for this challenge; absent for variants that say nothing. */
	instanceInfo?: (extraData: Uint8Array) => Promise<Uint8Array>;
	/** Whether the TPM's certificate goes along as `ak_cert`, as on Google Cloud. */
	withCertificate?: boolean;
};

const attempts = 5;
/** Room for the certificate around it, which a TLS peer counts too. */
const room = 2048;

/** Makes v2.9 TPM documents: a quote for every bank, and a log that leads to the quoted registers. */
export function issueTpmDocument(source: DocumentSource): Issuer['issue'] {
	const {tpm, firmwareLog = async () => tpm.firmwareLog()} = source;
	return async (userData, nonce) => {
		const extraData = makeExtraData(userData, nonce);
		const key = await tpm.attestationKey();
		const instanceInfo = await source.instanceInfo?.(extraData);
		for (let attempt = 0; attempt < attempts; attempt++) {
			const quotes = await quoteAll(tpm, extraData);
			const eventLog = await firmwareLog();
			if (!leadsTo(eventLog, quotes)) continue;
			const document = formatTpmDocument({
				akPublic: key.public,
				quotes,
				eventLog,
				...(source.withCertificate && key.certificate ? {akCertificate: key.certificate} : {}),
				...(instanceInfo ? {instanceInfo} : {}),
				userData,
			});
			if (document.length > maximumDocumentSize - room) throw new MalformedError('document: too big for a TLS certificate');
			return document;
		}
		throw new MalformedError('document: event log and registers do not agree');
	};
}

async function quoteAll(tpm: DocumentSource['tpm'], extraData: Uint8Array): Promise<TpmDocumentContent['quotes']> {
	const banks = await tpm.banks();
	if (!banks.includes(algorithms.sha256)) throw new MalformedError('document: the TPM has no SHA-256 bank');
	const quotes: TpmDocumentContent['quotes'][number][] = [];
	// One TPM answers one command at a time.
	for (const hash of banks) quotes.push({hash, ...(await tpm.quoteBank(hash, extraData))});
	return quotes;
}

/** A register extended between quote and log makes them differ; then both are asked for again. */
function leadsTo(eventLog: Uint8Array, quotes: TpmDocumentContent['quotes']): boolean {
	if (eventLog.length === 0) return true;
	const {events, locality} = parseEventLog(eventLog);
	const registers = quotes.find(({hash}) => hash === algorithms.sha256)?.pcrs ?? [];
	return logMatches(events, registers, locality);
}
