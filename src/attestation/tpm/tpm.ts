/** What a node does with its TPM 2.0; implemented over a command channel (TPM 2.0 part 3). */
export type Tpm = {
	/** Values of all 24 registers of the SHA-256 bank. */
	readPcrs(): Promise<Uint8Array[]>;
	/** TPM2_PCR_Event: extends every bank with its hash of `data`. */
	extend(register: number, data: Uint8Array): Promise<void>;
	/** Quote over all 24 registers of the SHA-256 bank with `extraData` (at most 64 bytes). */
	quote(extraData: Uint8Array): Promise<TpmQuote>;
	/** The TPMT_PUBLIC of the attestation key and its certificate (DER X.509), if it has one. */
	attestationKey(): Promise<{public: Uint8Array; certificate?: Uint8Array}>;
	/** The event log since start: what was extended, in order. */
	eventLog(): Promise<TpmEvent[]>;
};

/** What v2.9 documents need beyond that: all banks, and the event log as the firmware wrote it. */
export type BankedTpm = Tpm & {
	/** Algorithms of the banks that have all 24 registers, in the TPM's order. */
	banks(): Promise<number[]>;
	/** As `quote`, over another bank. */
	quoteBank(algorithm: number, extraData: Uint8Array): Promise<TpmQuote>;
	/** TCG PC client log, crypto agile; empty where the TPM keeps none. */
	firmwareLog(): Promise<Uint8Array>;
};

/** TPMS_ATTEST and TPMT_SIGNATURE exactly as the TPM gave them, and the register values they cover. */
export type TpmQuote = {attest: Uint8Array; signature: Uint8Array; pcrs: Uint8Array[]};

/** `description` is the node's own word; `digest` is SHA-256. */
export type TpmEvent = {register: number; digest: Uint8Array; description: string};
