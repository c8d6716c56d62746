import {join, MalformedError, readerOf, sized, u32} from '../../attestation/bytes.ts';
import {maxCommandSize, responseCodes} from '../../attestation/tpm/constants.ts';
import {Secret} from '../../secret.ts';
import {type AttestationKey, createAttestationKey, loadAttestationKey} from './attestation-key.ts';
import {type BankDigest, createRegisters} from './banks.ts';
import {errorResponse, parseCommand, ResponseError, readAuthorization, responseCodeOf, successResponse} from './command.ts';
import {createEventLog} from './event-log.ts';
import {handlers, type TpmState} from './handlers.ts';

/** A TPM 2.0 in software, for one machine. It proves nothing about the hardware; it speaks and signs as a real one does. */
export type SoftwareTpm = {
	/** Answers one command; commands run one after the other, in the order of the calls. Never rejects. */
	handle: (command: Uint8Array) => Promise<Uint8Array>;
	/** The launcher's own extend; nodes have TPM2_PCR_Event. */
	measure(register: number, digests: readonly BankDigest[], description: string): void;
	/** As switching the machine off and on: registers and event log start anew, the key stays. */
	reset(): void;
	/** Key, certificate and reset count, to keep in a 0600 file. */
	save(): Promise<Secret>;
};

export type SoftwareTpmOptions = {
	/** Certifies the key (TPMT_PUBLIC) of a new TPM: X.509 DER. */
	certify: (akPublic: Uint8Array) => Promise<Uint8Array>;
	/** What `save` gave: the same TPM again. */
	saved?: Secret;
	now?: () => number;
};

/** A new TPM answers at once; its key is made in the background and only commands that need it wait for it. */
export function createSoftwareTpm({certify, saved, now = Date.now}: SoftwareTpmOptions): SoftwareTpm {
	const registers = createRegisters();
	const log = createEventLog();
	const started = now();
	const restored = saved && readSaved(saved);
	let resetCount = (restored?.resetCount ?? 0) + 1;
	let key: Promise<AttestationKey> | undefined;

	function keyOnce(): Promise<AttestationKey> {
		key ??= (restored ? Promise.resolve(restored.key) : createAttestationKey(certify)).catch((error: unknown) => {
			// The next command tries again; a maker that is not ready yet must not spoil the TPM.
			key = undefined;
			throw error;
		});
		return key;
	}

	const state: TpmState = {
		registers,
		log,
		key: keyOnce,
		clock: () => ({clock: BigInt(Math.max(0, now() - started)), resetCount, restartCount: 0}),
	};
	let last: Promise<unknown> = Promise.resolve();
	// Nobody waits for this first attempt; whoever needs the key gets its error.
	keyOnce().catch(() => undefined);

	return {
		handle(command) {
			const answer = last.then(async () => runCommand(state, command));
			last = answer;
			return answer;
		},
		measure(register, digests, description) {
			if (!log.hasRoom(description)) throw new RangeError('the event log is full');
			registers.extend(register, digests);
			log.append(register, digests, description);
		},
		reset() {
			registers.reset();
			log.reset();
			resetCount += 1;
		},
		async save() {
			const {exportPrivate, certificate} = await keyOnce();
			return new Secret(join(Uint8Array.of(1), u32(resetCount), sized(exportPrivate().reveal()), sized(certificate)));
		},
	};
}

async function runCommand(state: TpmState, bytes: Uint8Array): Promise<Uint8Array> {
	try {
		if (bytes.length > maxCommandSize) throw new ResponseError(responseCodes.commandSize);
		const command = parseCommand(bytes);
		const handler = handlers.get(command.code);
		if (!handler) throw new ResponseError(responseCodes.commandCode);
		const handleValues = Array.from({length: handler.handles}, () => command.body.u32('handle'));
		if (handler.authorized) readAuthorization(command);
		else if (command.authorized) throw new ResponseError(responseCodes.authContext);
		const parameters = await handler.run(state, handleValues, command.body);
		return successResponse(parameters, command.authorized);
	} catch (error) {
		return errorResponse(responseCodeOf(error));
	}
}

function readSaved(saved: Secret): {resetCount: number; key: AttestationKey} {
	const reader = readerOf(saved.reveal());
	if (reader.u8('format') !== 1) throw new MalformedError('TPM state: unknown format');
	const resetCount = reader.u32('reset count');
	const pkcs8 = new Secret(reader.sized(4096, 'key'));
	const certificate = Uint8Array.from(reader.sized(4096, 'certificate'));
	reader.end('TPM state');
	return {resetCount, key: loadAttestationKey(pkcs8, certificate)};
}
