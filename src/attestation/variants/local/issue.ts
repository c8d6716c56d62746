import {type Endorsement, makeExtraData} from '../../attested.ts';
import {MalformedError} from '../../bytes.ts';
import {logMatches} from '../../tpm/event-log.ts';
import type {Tpm, TpmEvent} from '../../tpm/tpm.ts';
import {encodeEvidence} from './evidence.ts';

const attempts = 5;

/** Makes local-vtpm evidence. A register extended between quote and log makes them differ; then both are asked for again. */
export function issueLocal(
	tpm: Tpm,
	endorsement?: Endorsement,
): (userData: Uint8Array, nonce: Uint8Array) => Promise<Uint8Array> {
	// The key of a TPM stays the same for as long as a machine runs; only a complete answer is kept.
	let known: Awaited<ReturnType<Tpm['attestationKey']>> | undefined;
	let log: readonly TpmEvent[] = [];
	return async (userData, nonce) => {
		const key = known ?? (await tpm.attestationKey());
		if (key.certificate) known = key;
		for (let attempt = 0; attempt < attempts; attempt++) {
			const quote = await tpm.quote(makeExtraData(userData, nonce));
			// The log grows with every extend and only then: one that leads to these values is this one.
			const events = logMatches(log, quote.pcrs) ? log : await tpm.eventLog();
			if (!logMatches(events, quote.pcrs)) continue;
			log = events;
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
