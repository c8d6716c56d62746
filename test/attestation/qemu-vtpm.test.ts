import test from 'ava';
import {AttestationRefused, type Finding} from '../../src/attestation/findings.ts';
import type {Measurements} from '../../src/attestation/measurements.ts';
import {parseMeasurements} from '../../src/attestation/measurements.ts';
import {type Attested, validatorOf} from '../../src/attestation/variant.ts';
import {weaknesses} from '../../src/attestation/weaknesses.ts';
import {AppError} from '../../src/errors.ts';
import {hex, wireCases} from '../helpers/wire.ts';

type Case = {
	id: string;
	document: string;
	nonceHex: string;
	/** Only where v2.9 accepted: what its validator gave back. */
	userDataHex?: string;
	measurements: Record<string, unknown>;
	verdict: 'accept' | 'warn' | 'refuse' | 'crash';
	upstreamGap?: true;
};
type PolicyCase = {
	id: string;
	document: string;
	nonceHex: string;
	userDataHex: string;
	pcrsSha256: Record<string, string>;
	isBootstrapped: boolean;
	policies: {
		id: string;
		measurements: Record<string, unknown>;
		userDataHex: string;
		verdict: 'accept' | 'warn' | 'refuse';
		refusedIndices?: number[];
		warnedIndices?: number[];
	}[];
};

function judge(
	input: {document: string; nonceHex: string; userDataHex: string},
	measurements: Measurements,
): Attested | readonly Finding[] {
	const validator = validatorOf({variant: 'qemu-vtpm', measurements, attestationKeys: [], acceptUnknownKeys: true});
	try {
		return validator.validate(Buffer.from(input.document), hex(input.nonceHex), hex(input.userDataHex));
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings;
		throw error;
	}
}

function isAccepted(verdict: Attested | readonly Finding[]): verdict is Attested {
	return 'registers' in verdict;
}

const registersOf = (findings: readonly Finding[], severity: Finding['severity']): (number | undefined)[] =>
	findings.filter(finding => finding.code === 'register-mismatch' && finding.severity === severity).map(({register}) => register);

/** Policies that v2.9 lets pass although they enforce nothing or speak of registers that do not exist. */
const refusedPolicies = new Set(['empty', 'all-warn-all-wrong', 'length-0-index-24', 'pcr15-zero-warn', 'length-0', 'pcr17-ff']);

for (const wire of wireCases<PolicyCase>('qemu-vtpm/policies.json')) {
	test(`v2.9 policies: ${wire.id}`, t => {
		for (const policy of wire.policies) {
			const input = {document: wire.document, nonceHex: wire.nonceHex, userDataHex: wire.userDataHex};
			let measurements: Measurements;
			try {
				measurements = parseMeasurements(policy.measurements);
			} catch (error) {
				t.true(error instanceof AppError);
				t.true(policy.verdict === 'refuse' || refusedPolicies.has(policy.id), policy.id);
				continue;
			}
			const verdict = judge(input, measurements);
			const findings = isAccepted(verdict) ? verdict.findings : verdict;
			if (wire.id === 'short-nonce') {
				t.true(
					findings.some(({code}) => code === 'nonce-length'),
					'a challenge is 32 bytes, also where v2.9 took fewer',
				);
				continue;
			}
			if (weaknesses(measurements).length > 0) {
				t.false(isAccepted(verdict), policy.id);
				t.true(refusedPolicies.has(policy.id) || policy.verdict === 'refuse', policy.id);
			} else {
				t.is(isAccepted(verdict), policy.verdict !== 'refuse', policy.id);
			}
			t.deepEqual(registersOf(findings, 'refuse'), policy.refusedIndices ?? [], policy.id);
			// The original stops at the first refusal, so it lists warnings only for what it accepts.
			if (policy.verdict !== 'refuse') t.deepEqual(registersOf(findings, 'warn'), policy.warnedIndices ?? [], policy.id);
			if (isAccepted(verdict))
				t.is(
					Buffer.concat(verdict.registers).toString('hex'),
					Array.from({length: 24}, (_, index) => wire.pcrsSha256[index]).join(''),
				);
		}
	});
}

/** Documents that v2.9 accepts and we refuse: no honest peer sends them. */
const stricter = new Set([
	'instance-info-present',
	'sha256-quote-twice-bad-second',
	'bank-confusion-384-matching-policy',
	'quotes-null-element-last',
	'attestation-null',
	'empty-object',
	'upper-case-keys',
	'ak-pub-trailing',
	'ak-pub-attributes',
	'signature-trailing',
	'duplicate-userdata-last-good',
]);

const userDataOf = ({document}: Case): string => {
	const text = /"UserData":"([^"]*)"/.exec(document)?.[1] ?? '';
	return Buffer.from(text, 'base64').toString('hex');
};

for (const wire of [...wireCases<Case>('qemu-vtpm/altered-documents.json'), ...wireCases<Case>('qemu-vtpm/event-logs.json')]) {
	test(`v2.9 document: ${wire.id}`, t => {
		const verdict = judge({...wire, userDataHex: wire.userDataHex ?? userDataOf(wire)}, parseMeasurements(wire.measurements));
		t.is(isAccepted(verdict), wire.verdict === 'accept' && !stricter.has(wire.id), JSON.stringify(verdict));
		if (stricter.has(wire.id)) t.true(wire.upstreamGap);
	});
}

test('a machine whose key nobody vouches for is refused unless that was agreed to, and then it is said', t => {
	const [wire] = wireCases<Case>('qemu-vtpm/altered-documents.json');
	if (!wire) throw new Error('no vector');
	const measurements = parseMeasurements(wire.measurements);
	const validator = validatorOf({variant: 'qemu-vtpm', measurements, attestationKeys: [], acceptUnknownKeys: false});
	const error = t.throws(() => validator.validate(Buffer.from(wire.document), hex(wire.nonceHex), hex(userDataOf(wire))), {
		instanceOf: AttestationRefused,
	});
	t.deepEqual(
		error.findings.map(({code}) => code),
		['key-certificate-missing'],
	);
	const accepted = judge({...wire, userDataHex: userDataOf(wire)}, measurements);
	t.true(isAccepted(accepted));
	t.is(isAccepted(accepted) ? accepted.findings[0]?.message : '', 'Nothing here proves that a genuine TPM made this report.');
});

test('registers cut elsewhere have the quoted digest and are refused', t => {
	const [wire] = wireCases<Case>('qemu-vtpm/altered-documents.json');
	if (!wire) throw new Error('no vector');
	const values = [...wire.document.matchAll(/"(\d+)":"([A-Za-z0-9+/]{43}=)"/g)].map(([text, index, value]) => ({
		text,
		index,
		bytes: Buffer.from(value ?? '', 'base64'),
	}));
	const [one, two] = ['2', '3'].map(index => values.findLast(value => value.index === index));
	if (!one || !two) throw new Error('no registers');
	const recut = wire.document
		.replace(one.text, `"2":"${Buffer.concat([one.bytes, two.bytes.subarray(0, 1)]).toString('base64')}"`)
		.replace(two.text, `"3":"${two.bytes.subarray(1).toString('base64')}"`);
	const verdict = judge({...wire, document: recut, userDataHex: userDataOf(wire)}, parseMeasurements(wire.measurements));
	t.false(isAccepted(verdict));
	t.true(
		!isAccepted(verdict) && verdict.every(({code, severity}) => severity === 'warn' || code === 'registers-malformed'),
		JSON.stringify(verdict),
	);
});
