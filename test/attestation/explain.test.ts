import test from 'ava';
import {findingCodes} from '../../src/attestation/advice/table.ts';
import {explain} from '../../src/attestation/explain.ts';
import {type Finding, refusal} from '../../src/attestation/findings.ts';

const mismatch = (register: number): Finding => ({
	code: 'register-mismatch',
	severity: 'refuse',
	message: `Register ${register} has another value than the policy expects.`,
	register,
	expected: 'aa',
	actual: 'bb',
});

test('every finding has a sentence, a likely cause and a step', t => {
	for (const code of findingCodes) {
		const view = explain([refusal(code, 'Something differs.')], {node: 'worker-2'});
		t.is(view.code, code);
		t.is(view.sentence, 'worker-2 was refused: something differs.');
		t.true(view.likely.endsWith('.') && view.step.endsWith('.'));
	}
});

test('registers are explained by what they measure', t => {
	for (const register of [4, 9, 11, 12, 15, 7])
		t.snapshot(explain([mismatch(register)], {node: 'worker-2', imageVersion: 'v1.2.3'}), `register ${register}`);
});

test('the most telling finding leads, the number of the others follows, warnings do not count', t => {
	const findings = [
		mismatch(9),
		mismatch(11),
		{...mismatch(4), severity: 'warn' as const},
		refusal('key-certificate-untrusted', 'The key is not certified.'),
	];
	t.snapshot(explain(findings, {node: 'worker-2'}));
	t.snapshot(explain([], {node: 'worker-2'}));
});
