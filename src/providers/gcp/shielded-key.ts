import {createPublicKey} from 'node:crypto';
import {z} from 'zod';
import {refused} from '../refusals.ts';
import {type Rest, shaped} from '../rest.ts';
import {googleWords} from './sign-in.ts';

const identitySchema = z.object({signingKey: z.object({ekPub: z.string().max(10_000)}).optional()});

/**
 * The key that a shielded machine signs quotes with, DER SubjectPublicKeyInfo (Compute Engine API v1,
 * instances.getShieldedInstanceIdentity). The base of `project` ends with the project. Throws AppError.
 */
export async function shieldedKey(project: Rest, {zone, instance}: {zone: string; instance: string}): Promise<Uint8Array> {
	const what = `the identity of ${instance}`;
	const answer = await project('GET', `zones/${zone}/instances/${instance}/getShieldedInstanceIdentity`);
	const {signingKey} = shaped(identitySchema, answer, googleWords, what);
	if (signingKey === undefined)
		throw refused(googleWords, what, {
			reason: 'unshielded',
			message: 'the machine has no virtual TPM, so no key is known for it',
		});
	try {
		return createPublicKey(signingKey.ekPub).export({type: 'spki', format: 'der'});
	} catch {
		// Node's reason is about its own parser.
		throw refused(googleWords, what, {reason: 'unreadable', message: 'its signing key is no public key'});
	}
}
