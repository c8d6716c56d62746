import {createHash} from 'node:crypto';
import test from 'ava';
import {withClusterId} from '../../src/attestation/cluster-register.ts';
import {collateralNeeds} from '../../src/attestation/collateral-needs.ts';
import {AttestationRefused} from '../../src/attestation/findings.ts';
import {memberRegister, tdxBank} from '../../src/attestation/registers.ts';
import {formatPolicy, parsePolicy, validatorOf} from '../../src/attestation/variant.ts';
import {tdxIssuer} from '../../src/attestation/variants/tdx/issue.ts';
import {AppError} from '../../src/errors.ts';
import {type AzureCase, azureDocument, azurePolicy} from '../helpers/azure-tdx-world.ts';
import {nonce as tpmNonce, userData as tpmUserData} from '../helpers/forge.ts';
import {at} from '../helpers/forge-chain.ts';
import {forgeTdxQuote, platform, tdReport} from '../helpers/forge-tdx.ts';
import {forgeTdxCollateral} from '../helpers/forge-tdx-collateral.ts';
import {
	clusterId,
	collateralOf,
	documentOf,
	findingsOf,
	judge,
	memberPolicy,
	nonce,
	reportData,
	tdxPolicy,
	userData,
} from '../helpers/tdx-world.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const runtimeWithId = tdReport.runtime.with(2, memberRegister(tdxBank, clusterId));

test('RTMR2 of a member follows from the cluster ID as v2.9 publishes it', t => {
	const id = Buffer.from('128c164378fe8767f998fbdfe4b4d6463ec5ae1b664ea5999bc27417607ae9b6', 'hex');
	const published = '894927a8d9fda1b23231f7a1a9505fd67f41cfe6b8cb66e7a15fcc04529aeae2708795d00dbfc191bf1b5d88a97f55d9';
	t.is(hex(memberRegister(tdxBank, id)), published);
	const policy = withClusterId(parsePolicy('qemu-tdx', tdxPolicy), id);
	t.is(hex(policy.measurements.get(3)?.expected ?? new Uint8Array()), published);
});

test('a member is accepted under the policy of members only', t => {
	const member = {quote: {report: {runtime: runtimeWithId}}};
	t.true('registers' in judge({...member, policy: {measurements: memberPolicy.measurements}}));
	t.deepEqual(
		findingsOf(judge(member)).map(({register}) => register),
		[3],
	);
	t.false('registers' in judge({policy: {measurements: memberPolicy.measurements}}));
});

test('an issuer asks its guest for the challenge and zeros, and the validator accepts that', async t => {
	const issuer = tdxIssuer({
		quote(asked) {
			t.is(hex(asked), hex(reportData));
			return Promise.resolve(forgeTdxQuote({report: {reportData: asked}}));
		},
	});
	const policy = parsePolicy('qemu-tdx', tdxPolicy);
	const validator = validatorOf(policy, {now: () => at, collateral: forgeTdxCollateral()});
	t.is(issuer.oid, '1.3.9900.5.99');
	t.is(validator.oid, issuer.oid);
	const attested = validator.validate(await issuer.issue(userData, nonce), nonce, userData);
	t.is(attested.variant, 'qemu-tdx');
	t.deepEqual(attested.registers.map(hex), [tdReport.mrTd, ...tdReport.runtime].map(hex));
});

test('a policy that holds nothing accepts nothing, wherever it comes from', t => {
	const policy = {...parsePolicy('qemu-tdx', tdxPolicy), measurements: new Map()};
	const validator = validatorOf(policy, {now: () => at, collateral: forgeTdxCollateral()});
	const error = t.throws(() => validator.validate(documentOf({}), nonce, userData), {instanceOf: AttestationRefused});
	t.deepEqual(
		error.findings.map(({code}) => code),
		['policy-empty', 'policy-register-missing', 'policy-register-missing'],
	);
});

const badPolicies: readonly (readonly [name: string, policy: Readonly<Record<string, unknown>>, paths: readonly string[]])[] = [
	['an unknown key', {tcbstatus: {}}, ['tcbstatus']],
	['a state that is not to be decided', {tcbStatus: {Revoked: 'warn'}}, ['tcbStatus.Revoked']],
	['another word', {tcbStatus: {OutOfDate: 'accept'}, collateral: 'ignore'}, ['tcbStatus.OutOfDate', 'collateral']],
	[
		'lengths',
		{mrSeam: ['00'], mrSignerSeam: '00', tdAttributes: '00', xfam: 1},
		['mrSeam.0', 'mrSignerSeam', 'tdAttributes', 'xfam'],
	],
	['no root', {intelRootKey: 'none', minimumTcbEvaluation: -1}, ['minimumTcbEvaluation', 'intelRootKey']],
	['TPM registers', {measurements: {0: {expected: '00'.repeat(32)}, 9: '00'.repeat(48)}}, ['measurements.0', 'measurements.9']],
	[
		'firmware that is not enforced',
		{measurements: {...tdxPolicy.measurements, 0: {expected: '10'.repeat(48), warnOnly: true}}},
		['measurements'],
	],
	['silence about the cluster', {measurements: {0: '10'.repeat(48)}}, ['measurements']],
];

for (const [name, policy, paths] of badPolicies) {
	test(`a policy is refused for ${name}`, t => {
		const error = t.throws(() => parsePolicy('qemu-tdx', {...tdxPolicy, ...policy}), {instanceOf: AppError});
		t.deepEqual(
			error.problems.map(({path}) => path),
			paths,
		);
	});
}

test('policies are written as they are read; Intel’s root and refusal are the defaults', t => {
	const full = {
		...tdxPolicy,
		tcbStatus: {OutOfDate: 'warn'},
		collateral: 'warn',
		minimumTcbEvaluation: 17,
		mrSeam: ['5e'.repeat(48)],
		mrSignerSeam: '00'.repeat(48),
		tdAttributes: '0000001000000000',
		xfam: 'e702060000000000',
	};
	t.deepEqual(formatPolicy(parsePolicy('qemu-tdx', full)), full);
	const azure = {...full, measurements: azurePolicy.measurements, mrTd: azurePolicy.mrTd, acceptUnknownParavisor: true};
	t.deepEqual(formatPolicy(parsePolicy('azure-tdx', azure)), azure);
	const policy = parsePolicy('qemu-tdx', {measurements: tdxPolicy.measurements});
	if (policy.variant !== 'qemu-tdx') throw new Error('another variant');
	t.like(policy.tdx, {tcbStatus: {}, collateral: 'require'});
	t.is(
		createHash('sha256').update(policy.tdx.intelRootKey).digest('hex'),
		'44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3',
	);
	const validator = validatorOf(policy, {now: () => at, collateral: collateralOf({})});
	const error = t.throws(() => validator.validate(documentOf({}), nonce, userData), {instanceOf: AttestationRefused});
	t.deepEqual([...new Set(error.findings.map(({code}) => code))], ['chain-untrusted']);
});

function azureCodes(given: AzureCase): string[] {
	const policy = parsePolicy('azure-tdx', {...azurePolicy, ...given.policy});
	const validator = validatorOf(policy, {now: () => at, collateral: forgeTdxCollateral()});
	try {
		return validator
			.validate(azureDocument(given), tpmNonce, tpmUserData)
			.findings.map(({code, severity}) => `${severity} ${code}`);
	} catch (error) {
		if (error instanceof AttestationRefused) return error.findings.map(({code}) => code);
		throw error;
	}
}

const azureCases: readonly (readonly [name: string, given: AzureCase, codes: readonly string[]])[] = [
	['an honest machine', {}, []],
	['another paravisor', {quote: {report: {mrTd: Buffer.alloc(48)}}}, ['tdx-paravisor']],
	['any paravisor, agreed', {policy: {mrTd: undefined, acceptUnknownParavisor: true}}, ['warn tdx-paravisor']],
	['no paravisor named', {policy: {mrTd: undefined}}, ['tdx-paravisor']],
	['runtime data of another machine', {runtimeData: json => json.replace('true', 'false')}, ['runtime-data-mismatch']],
	['a report made for something else', {quote: {report: {reportData: Buffer.alloc(64)}}}, ['runtime-data-mismatch']],
	['a debugged machine', {quote: {report: {tdAttributes: Buffer.from('0100001000000000', 'hex')}}}, ['tdx-debug']],
	[
		'a quote of an unknown version',
		{instance: {AttestationReport: Buffer.alloc(700, 7).toString('base64')}},
		['tdx-quote-unknown'],
	],
	['an instance with another key', {instance: {MAAToken: ''}}, ['instance-malformed']],
];

for (const [name, given, codes] of azureCases) {
	test(`azure-tdx: ${name}`, t => {
		t.deepEqual(azureCodes(given), codes);
	});
}

test('a quote says which statements it needs, until they are there', t => {
	const need = [{kind: 'tdx' as const, fmspc: platform.fmspc, ca: 'platform' as const}];
	const qemu = parsePolicy('qemu-tdx', tdxPolicy);
	t.deepEqual(
		collateralNeeds(qemu, documentOf({})).map(each => ({
			...each,
			...(each.kind === 'tdx' ? {fmspc: Buffer.from(each.fmspc)} : {}),
		})),
		need,
	);
	t.deepEqual(collateralNeeds(qemu, documentOf({}), forgeTdxCollateral()), []);
	t.is(collateralNeeds(parsePolicy('azure-tdx', azurePolicy), azureDocument({})).length, 1);
	t.deepEqual(collateralNeeds(qemu, Buffer.from('{}')), []);
});
