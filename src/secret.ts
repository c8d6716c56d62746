import {inspect} from 'node:util';

const mask = '[secret]';

/** Bytes that must never be printed: every way of showing a Secret gives `[secret]`; only `reveal` gives the bytes. */
export class Secret {
	readonly #bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	/** The bytes themselves; call it where they are used, keep the result nowhere. */
	reveal(): Uint8Array {
		return this.#bytes;
	}

	/** Overwrites the bytes. Copies made by the runtime are out of reach. */
	erase(): void {
		this.#bytes.fill(0);
	}

	toString(): string {
		return mask;
	}

	toJSON(): string {
		return mask;
	}

	[inspect.custom](): string {
		return mask;
	}
}
