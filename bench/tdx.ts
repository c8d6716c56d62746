// What checking TDX evidence costs, against the ECDSA signature checks that are unavoidable in it.
import {verify} from 'node:crypto';
import {p256Key} from '../src/attestation/tdx/ecdsa.ts';
import {parseTdxQuote} from '../src/attestation/tdx/quote.ts';
import {judgeSignatures} from '../src/attestation/tdx/signatures.ts';
import {parsePolicy, validatorOf} from '../src/attestation/variant.ts';
import {at} from '../test/helpers/forge-chain.ts';
import {forgeTdxQuote, pck, signature} from '../test/helpers/forge-tdx.ts';
import {collateralOf, documentOf, nonce, tdxPolicy, userData} from '../test/helpers/tdx-world.ts';
import {medianSeconds, report} from './measure.ts';

const bytes = forgeTdxQuote();
const {attestationKey, signed, signature: quoted} = parseTdxQuote(bytes);
const document = documentOf({});
const validator = validatorOf(parsePolicy('qemu-tdx', tdxPolicy), {now: () => at, collateral: collateralOf({})});
const content = Buffer.alloc(632);
const own = signature(content, pck.privateKey);

// The attestation key comes with the quote, so reading it is part of its verification; the platform's key is known by then.
const one = await medianSeconds(() => verify('sha256', content, {key: pck.publicKey, dsaEncoding: 'ieee-p1363'}, own));
const unread = await medianSeconds(() => {
	const key = p256Key(attestationKey);
	return key && verify('sha256', signed, {key, dsaEncoding: 'ieee-p1363'}, quoted);
});
const quote = await medianSeconds(() => judgeSignatures(parseTdxQuote(bytes), pck.publicKey));
const evidence = await medianSeconds(() => validator.validate(document, nonce, userData));
report('quote and enclave report', quote, 'their two ECDSA verifications', one + unread, '<= 2');
// Quote and enclave report, two certificates of the platform's chain, two statements with the key for each, four looks into lists.
report('whole TDX evidence', evidence, 'twelve ECDSA verifications', 12 * one, 'none');
