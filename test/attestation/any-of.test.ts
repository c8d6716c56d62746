import {randomBytes} from 'node:crypto';
import test from 'ava';
import {validatorOfAny} from '../../src/attestation/any-of.ts';
import {AttestationRefused} from '../../src/attestation/findings.ts';
import {bootNode, type ImageFiles, image, policyOf} from '../helpers/join-world.ts';

const newer: ImageFiles = {...image, bundle: 'newer', version: 'v1.1.0'};
const userData = Buffer.from('user data');

test('either image is accepted, no mixture of both, and what is refused is measured against the newest', async t => {
	const validator = validatorOfAny([policyOf(newer), policyOf(image)]);
	const evidence = async (files: ImageFiles) => {
		const nonce = randomBytes(32);
		return {nonce, document: await (await bootNode({}, {files})).issuer.issue(userData, nonce)};
	};
	for (const files of [image, newer]) {
		const {document, nonce} = await evidence(files);
		t.notThrows(() => validator.validate(document, nonce, userData));
		t.throws(() => validator.validate(document, randomBytes(32), userData), {instanceOf: AttestationRefused});
	}
	const policies = [policyOf({...newer, launcher: 'other'}), policyOf(image)];
	const {document, nonce} = await evidence({...image, launcher: 'other'});
	const error = t.throws(() => validatorOfAny(policies).validate(document, nonce, userData), {instanceOf: AttestationRefused});
	t.regex(error.message, /Register 9/);
	t.throws(() => validatorOfAny([]).validate(document, nonce, userData), {message: /No policy/});
});
