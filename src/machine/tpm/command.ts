import {join, MalformedError, type Reader, readerOf, u16, u32} from '../../attestation/bytes.ts';
import {handles, responseCodes, tags} from '../../attestation/tpm/constants.ts';

/** A TPM_RC to answer with. */
export class ResponseError extends Error {
	override readonly name = 'ResponseError';
	readonly code: number;

	constructor(code: number) {
		super(`TPM_RC 0x${code.toString(16)}`);
		this.code = code;
	}
}

export const headerSize = 10;

/** Format-one codes: which handle, parameter or session is meant (TPM 2.0 part 2, 6.6.3). */
export const onHandle = (code: number, position: number): number => code | (position << 8);
export const onParameter = (code: number, position: number): number => code | 0x40 | (position << 8);
export const onSession = (code: number, position: number): number => code | 0x800 | (position << 8);

export type Command = {code: number; authorized: boolean; body: Reader};

/** Reads tag, size and code. Throws ResponseError. */
export function parseCommand(bytes: Uint8Array): Command {
	if (bytes.length < headerSize) throw new ResponseError(responseCodes.commandSize);
	const body = readerOf(bytes);
	const tag = body.u16('tag');
	if (tag !== tags.noSessions && tag !== tags.sessions) throw new ResponseError(responseCodes.badTag);
	if (body.u32('size') !== bytes.length) throw new ResponseError(responseCodes.commandSize);
	return {code: body.u32('code'), authorized: tag === tags.sessions, body};
}

/** Reads the authorization area: exactly one password session with an empty password, as all our objects have. */
export function readAuthorization(command: Command): void {
	if (!command.authorized) throw new ResponseError(responseCodes.authMissing);
	const size = command.body.u32('authorizationSize');
	if (size < 9 || size > command.body.remaining()) throw new ResponseError(responseCodes.authSize);
	const area = readerOf(command.body.take(size, 'authorization'));
	const handle = area.u32('sessionHandle');
	const nonce = area.sized(64, 'nonce');
	area.u8('sessionAttributes');
	const password = area.sized(64, 'hmac');
	if (handle !== handles.passwordSession || nonce.length > 0) throw new ResponseError(onSession(responseCodes.value, 1));
	if (password.length > 0) throw new ResponseError(onSession(responseCodes.authFail, 1));
	if (area.remaining() > 0) throw new ResponseError(responseCodes.authContext);
}

export function successResponse(parameters: Uint8Array, authorized: boolean): Uint8Array {
	if (!authorized) return join(u16(tags.noSessions), u32(headerSize + parameters.length), u32(responseCodes.success), parameters);
	// Answer of a password session: empty nonce, continueSession, empty acknowledgement.
	const acknowledgement = Uint8Array.of(0, 0, 1, 0, 0);
	const body = join(u32(parameters.length), parameters, acknowledgement);
	return join(u16(tags.sessions), u32(headerSize + body.length), u32(responseCodes.success), body);
}

export function errorResponse(code: number): Uint8Array {
	return join(u16(tags.noSessions), u32(headerSize), u32(code));
}

/** The code to answer for whatever a handler threw: bytes that end early or exceed their limit are a size error. */
export function responseCodeOf(error: unknown): number {
	if (error instanceof ResponseError) return error.code;
	return error instanceof MalformedError ? onParameter(responseCodes.size, 1) : responseCodes.failure;
}
