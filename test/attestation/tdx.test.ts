import test from 'ava';
import {at} from '../helpers/forge-chain.ts';
import {pck, pemOf, platformCa, root} from '../helpers/forge-tdx.ts';
import {timeText} from '../helpers/forge-tdx-collateral.ts';
import {
	attributes,
	bytes,
	findingsOf,
	judge,
	measured,
	nonce,
	svn,
	type TdxCase,
	tdxPolicy,
	withStatus,
} from '../helpers/tdx-world.ts';

const accepted: readonly (readonly [name: string, given: TdxCase])[] = [
	['a quote of version 4', {}],
	['a quote of version 5', {quote: {version: 5}}],
	['a quote of version 5 with a body of TDX 1.5', {quote: {version: 5, tdx15: true}}],
	['zeros behind the quote', {quote: {after: quote => Buffer.concat([quote, Buffer.alloc(70)])}}],
	['certificates in another order', {quote: {chain: pemOf(root, platformCa, pck)}}],
	['a TDX module of the first version', svn('050003')],
	['newer versions than any level', svn('ff01ffff')],
	[
		'settings that the policy pins',
		{policy: {tdAttributes: '0000001000000000', xfam: 'e702060000000000', mrSeam: ['5e'.repeat(48)]}},
	],
];

for (const [name, given] of accepted) {
	test(`accepted without a word: ${name}`, t => {
		t.deepEqual(findingsOf(judge(given)), []);
	});
}

const warned: readonly (readonly [name: string, given: TdxCase, codes: readonly string[]])[] = [
	['a trust domain that can be moved', attributes('0000003000000000'), ['tdx-attributes-weak']],
	['memory that the host can take', attributes('0000000000000000'), ['tdx-attributes-weak']],
	['unknown attributes', attributes('0000501000000000'), ['tdx-attributes-unknown']],
	[
		'an agreed state',
		{...withStatus('SWHardeningNeeded'), policy: {tcbStatus: {SWHardeningNeeded: 'warn'}}},
		['tdx-tcb-hardening'],
	],
	['an outdated host, agreed', {...svn('040103'), policy: {tcbStatus: {OutOfDate: 'warn'}}}, ['tdx-tcb-outdated']],
	[
		'outdated statements, agreed',
		{collateral: {info: {nextUpdate: timeText(at - 1000)}}, policy: {collateral: 'warn'}},
		['tdx-collateral-outdated'],
	],
	[
		'no statements, agreed',
		{collateral: 'none', policy: {collateral: 'warn'}},
		['revocation-unchecked', 'tdx-collateral-missing'],
	],
	[
		'a register that is not enforced',
		{
			...measured(2, Buffer.alloc(48)),
			policy: {measurements: {...tdxPolicy.measurements, 2: {expected: '21'.repeat(48), warnOnly: true}}},
		},
		['register-mismatch'],
	],
];

for (const [name, given, codes] of warned) {
	test(`accepted with a warning: ${name}`, t => {
		const verdict = judge(given);
		t.true('registers' in verdict, JSON.stringify(verdict));
		t.deepEqual([...new Set(findingsOf(verdict).map(({code}) => code))], codes);
	});
}

test('agreeing to missing statements does not let a stranger’s enclave or module in', t => {
	const agreed: TdxCase = {collateral: 'none', policy: {collateral: 'warn'}};
	for (const quote of [
		{enclave: {mrSigner: Buffer.alloc(32)}},
		{enclave: {attributes: bytes('1700000000000000e700000000000000')}},
	]) {
		const verdict = judge({...agreed, quote});
		t.false('registers' in verdict);
		t.deepEqual(
			findingsOf(verdict)
				.filter(({severity}) => severity === 'refuse')
				.map(({code}) => code),
			['tdx-qe-identity'],
		);
	}
	const verdict = judge({...agreed, quote: {report: {mrSignerSeam: Buffer.alloc(48, 1)}}});
	t.deepEqual(
		findingsOf(verdict)
			.filter(({severity}) => severity === 'refuse')
			.map(({code}) => code),
		['tdx-module-identity'],
	);
});

test('agreeing to a state does not agree to a worse one', t => {
	for (const status of ['OutOfDate', 'Revoked', 'Mostly'])
		t.false(
			'registers' in
				judge({...withStatus(status), policy: {tcbStatus: {SWHardeningNeeded: 'warn', ConfigurationNeeded: 'warn'}}}),
		);
	const outdated = judge({...withStatus('ConfigurationNeeded'), quote: {enclave: {svn: 3}}});
	t.deepEqual(
		findingsOf(outdated).map(({actual}) => actual),
		['OutOfDateConfigurationNeeded'],
	);
	t.regex(findingsOf(outdated)[0]?.message ?? '', /INTEL-SA-00615, INTEL-SA-00999/);
});

test('everything that is wrong is said at once', t => {
	const verdict = judge({
		quote: {report: {tdAttributes: bytes('0100001000000000'), mrTd: Buffer.alloc(48)}, enclave: {productId: 1}},
		collateral: {info: {nextUpdate: timeText(at - 1000)}},
		nonce: Buffer.concat([nonce, Buffer.alloc(1)]),
		userData: Buffer.alloc(32),
	});
	t.deepEqual(
		findingsOf(verdict).map(({code}) => code),
		[
			'nonce-length',
			'user-data-mismatch',
			'tdx-report-data',
			'tdx-debug',
			'tdx-collateral-outdated',
			'tdx-qe-identity',
			'register-mismatch',
		],
	);
});
