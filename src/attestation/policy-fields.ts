import {createPublicKey} from 'node:crypto';
import {AppError, type Problem} from '../errors.ts';
import {fromBase64} from './bytes.ts';

/** One JSON object of a policy while it is read: problems are collected, so that one look at the message is enough. */
export type PolicyFields = {json: Readonly<Record<string, unknown>>; problems: Problem[]};

/** Calls `read`; what it throws becomes problems at `path`, and undefined is returned. */
export function attempt<T>(problems: Problem[], path: string, read: () => T): T | undefined {
	try {
		return read();
	} catch (error) {
		if (error instanceof AppError)
			problems.push(...error.problems.map(problem => ({...problem, path: [path, problem.path].filter(Boolean).join('.')})));
		else problems.push({path, message: error instanceof Error ? error.message : String(error)});
		return undefined;
	}
}

/** A P-256 public key: base64 of DER SubjectPublicKeyInfo. */
export function publicKeyField({json, problems}: PolicyFields, field: string): Uint8Array | undefined {
	return attempt(problems, field, () => {
		const value = json[field];
		if (typeof value !== 'string') throw new Error('must be base64 of a public key (DER SubjectPublicKeyInfo)');
		const der = fromBase64(value, 'key');
		const key = createPublicKey({key: Buffer.from(der), format: 'der', type: 'spki'});
		if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('must be an ECDSA P-256 key');
		return der;
	});
}

export function toBase64(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('base64');
}
