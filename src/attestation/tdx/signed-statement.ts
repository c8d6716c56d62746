import {fromHex, MalformedError} from '../bytes.ts';
import {parseStrictJson} from '../strict-json.ts';

/** A statement that Intel signed: the exact bytes of the inner JSON value and the signature over them (r ‖ s, 64 bytes). */
export type SignedStatement = {body: Uint8Array; signature: Uint8Array; json: unknown};

export const maxStatementSize = 256 * 1024;

/**
 * Takes apart what Intel's provisioning certification service answers (API v4): `{"NAME":BODY,"signature":"HEX"}` in exactly this form,
 * because the signature covers BODY as it was sent. The JSON inside may have no key twice. Throws MalformedError.
 */
export function parseStatement(bytes: Uint8Array, name: 'tcbInfo' | 'enclaveIdentity'): SignedStatement {
	if (bytes.length > maxStatementSize)
		throw new MalformedError(`${name}: ${bytes.length} bytes, at most ${maxStatementSize} are allowed`);
	const head = `{"${name}":`;
	const tail = /,"signature":"([0-9a-fA-F]{128})"\}\s*$/.exec(Buffer.from(bytes.subarray(-256)).toString('latin1'));
	if (Buffer.from(bytes.subarray(0, head.length)).toString('latin1') !== head || tail?.[1] === undefined)
		throw new MalformedError(`${name}: not a signed statement`);
	const body = bytes.subarray(head.length, bytes.length - tail[0].length);
	const json = parseStrictJson(body, {bytes: maxStatementSize, depth: 10});
	return {body, signature: fromHex(tail[1], 'signature'), json};
}
