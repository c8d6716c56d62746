import {type Endorsement, makeExtraData} from '../attested.ts';
import {MalformedError} from '../bytes.ts';
import {logMatches} from '../tpm/event-log.ts';
import type {Tpm} from '../tpm/tpm.ts';
import {encodeEvidence} from './local-evidence.ts';

const attempts = 5;

/** Makes local-vtpm evidence. A register extended between quote and log makes them differ; then both are asked for again. */
export function issueLocal(
	tpm: Tpm,
	endorsement?: Endorsement,
): (userData: Uint8Array, nonce: Uint8Array) => Promise<Uint8Array> {
	return async (userData, nonce) => {
		// Also of a reset TPM the key stays the same, but asking costs little and a failed first answer must not stick.
		const key = await tpm.attestationKey();
		for (let attempt = 0; attempt < attempts; attempt++) {
			const quote = await tpm.quote(makeExtraData(userData, nonce));
			const events = await tpm.eventLog();
			if (!logMatches(events, quote.pcrs)) continue;
			return encodeEvidence({
				...quote,
				akPublic: key.public,
				...(key.certificate ? {akCertificate: key.certificate} : {}),
				userData,
				events,
				...(endorsement ? {endorsement} : {}),
			});
		}
		throw new MalformedError('evidence: event log and registers do not agree');
	};
}
