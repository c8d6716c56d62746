import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {
	type AcceptedPolicy,
	narrow,
	type PolicySet,
	policyDigest,
	policySetDigest,
	readPolicySet,
	widen,
	withPolicySet,
} from '../../src/upgrade/policy-set.ts';
import {type PolicyUser, retirement} from '../../src/upgrade/policy-users.ts';
import {reportAnnotations, reportName, reportsIn} from '../../src/upgrade/replica-report.ts';
import {laggingReplicas, reportAgeMs} from '../../src/upgrade/replicas.ts';

const policy = (version: string, salt = 0): AcceptedPolicy => ({
	measurements: Buffer.from(JSON.stringify({version, ref: '-', stream: 'stable', list: [], salt})).toString('base64'),
	signature: 'c2ln',
	attestationConfig: {measurements: {'9': version}},
});
const [old, fresh, third] = [policy('v0.1.0'), policy('v0.2.0'), policy('v0.3.0')];
const setOf = (generation: number, ...policies: [AcceptedPolicy, ...AcceptedPolicy[]]): PolicySet => ({generation, policies});
const joinConfig = (set: unknown, resourceVersion?: string) => ({
	metadata: {name: 'join-config', ...(resourceVersion === undefined ? {} : {resourceVersion})},
	data: {attestationConfig: '{}', other: 'kept', acceptedPolicies: typeof set === 'string' ? set : JSON.stringify(set)},
	binaryData: {measurementSalt: 'c2FsdA=='},
});

test('widening and narrowing: newest first, the generation rises with every change and never falls', t => {
	const first = setOf(1, old);
	const both = widen(first, fresh);
	t.deepEqual(both, setOf(2, fresh, old));
	t.is(widen(both, fresh), both);
	t.deepEqual(widen(both, old), setOf(3, old, fresh), 'going back moves the older one to the front');
	t.deepEqual(widen(first, fresh, 7), setOf(8, fresh, old), 'after what others saw');
	t.deepEqual(widen(both, fresh, 9), setOf(10, fresh, old), 'also where only the generation has to rise');
	t.deepEqual(widen(both, third), setOf(3, third, fresh, old));
	t.deepEqual(narrow(both, [policyDigest(old)]), setOf(3, fresh));
	t.deepEqual(narrow(both, [policyDigest(fresh)]), setOf(3, old), 'an early abort takes the new one back');
	t.is(narrow(both, [policyDigest(third)]), both);
	t.throws(() => narrow(first, [policyDigest(old)]), {instanceOf: AppError, message: /accept nothing/});
	const many = Array.from({length: 16}, (_, index) => policy('v1.0.0', index));
	t.throws(() => widen({generation: 1, policies: many as [AcceptedPolicy]}, old), {message: /more than 16/});
	t.not(policySetDigest(both), policySetDigest(setOf(2, old, fresh)));
	t.not(policyDigest(old), policyDigest(policy('v0.1.0', 1)), 'the digest is of the exact bytes');
});

test('join-config: read strictly, written with the version it was read with', t => {
	const both = setOf(2, fresh, old);
	const before = joinConfig(setOf(1, old), '41');
	const after = withPolicySet(before, both);
	t.deepEqual(readPolicySet(after), both);
	t.is(after.metadata.resourceVersion, '41');
	t.deepEqual(after.binaryData, before.binaryData);
	t.deepEqual(after.data, {
		other: 'kept',
		attestationConfig: JSON.stringify(fresh.attestationConfig),
		attestationConfig_backup: JSON.stringify(old.attestationConfig),
		acceptedPolicies: JSON.stringify(both),
	});
	t.false('attestationConfig_backup' in withPolicySet(after, setOf(3, fresh)).data);
	t.throws(() => withPolicySet(joinConfig(setOf(1, old)), both), {instanceOf: TypeError});
	t.throws(() => withPolicySet(joinConfig(setOf(5, old), '41'), both), {message: /generation would fall/});
	for (const [value, pattern] of [
		['', /JSON/],
		['[]', /no object/],
		['{"generation":1,"generation":2,"policies":[]}', /twice/],
		[{policies: [old]}, /no generation/],
		[{generation: -1, policies: [old]}, /no generation/],
		[{generation: 1, policies: []}, /accepts nothing/],
		[{generation: 1, policies: Array.from({length: 17}, () => old)}, /1 to 16/],
		[{generation: 1, policies: [{...old, signature: 1}]}, /lacks/],
		[{generation: 1, policies: [{...old, measurements: '*'}]}, /base64/],
		[{generation: 1, policies: [{...old, measurements: 'e30='}]}, /names no version/],
		[`${' '.repeat(1024 * 1024)}{}`, /bytes/],
	] as const)
		t.throws(() => readPolicySet(joinConfig(value)), {instanceOf: AppError, message: pattern, code: 'policy-set-invalid'});
	t.throws(() => readPolicySet({metadata: {}}), {instanceOf: AppError});
});

test('a policy is retired last: when nobody uses it, and nobody is unknown', t => {
	const both = setOf(2, fresh, old);
	const user = (kind: PolicyUser['kind'], image?: string): PolicyUser => ({kind, name: 'x', image});
	const moved = [user('Node', 'v0.2.0'), user('node group', 'v0.2.0')];
	t.deepEqual(retirement(both, moved).retirable, [policyDigest(old)]);
	for (const kind of ['Node', 'JoiningNode', 'PendingNode', 'machine', 'node group'] as const) {
		t.deepEqual(retirement(both, [...moved, user(kind, 'v0.1.0')]).retirable, [], kind);
		for (const image of [undefined, 'v0.9.0']) {
			const {retirable, unknown} = retirement(both, [...moved, user(kind, image)]);
			t.deepEqual(retirable, [], `${kind} of an unknown image`);
			t.is(unknown.length, 1);
		}
	}
	t.deepEqual(retirement(both, []).retirable, [policyDigest(old)], 'never the newest');
	t.deepEqual(
		retirement(both, [user('Node', 'v0.1.0')]).uses.map(({version, users}) => [version, users.length]),
		[
			['v0.2.0', 0],
			['v0.1.0', 1],
		],
	);
});

test('replicas agree when each reports exactly the set, lately', t => {
	const both = setOf(2, fresh, old);
	const now = 1_000_000;
	const report = (node: string, change = {}) => ({
		node,
		generation: 2,
		digest: policySetDigest(both),
		renewedAt: now - 1000,
		...change,
	});
	const lag = (second: object) => laggingReplicas(both, ['a', 'b'], [report('a'), report('b', second)], now);
	t.deepEqual(lag({}), []);
	t.deepEqual(laggingReplicas(both, ['a'], [report('a'), report('gone', {generation: 1})], now), [], 'only of control planes');
	t.regex(laggingReplicas(both, ['a', 'b'], [report('a')], now)[0]?.reason ?? '', /not reported/);
	for (const [change, pattern] of [
		[{generation: 1, digest: policySetDigest(setOf(1, old))}, /enforces generation 1, not 2/],
		[{generation: 3}, /somebody else/],
		[{digest: policySetDigest(setOf(2, old, fresh))}, /another set/],
		[{digest: undefined}, /no policies/],
		[{generation: undefined}, /no policies/],
		[{renewedAt: now - reportAgeMs - 1}, /stopped reporting/],
	] as const) {
		const [first, ...others] = lag(change);
		t.deepEqual(others, []);
		t.is(first?.node, 'b');
		t.regex(first?.reason ?? '', pattern);
	}
});

test('a report is read as it is written; what says no generation says no policies', t => {
	const lease = (name: string, annotations: Record<string, string>, spec?: object) => ({metadata: {name, annotations}, spec});
	const {generation, digest, refused} = reportAnnotations;
	const [report, ...others] = reportsIn([
		lease(
			reportName('control-plane-0'),
			{[generation]: '2', [digest]: 'ab', [refused]: 'why'},
			{renewTime: '1970-01-01T00:00:01.000000Z'},
		),
		lease('constellation-upgrade', {[generation]: '2'}),
		lease(reportName(''), {[generation]: '2'}),
	]);
	t.deepEqual(report, {node: 'control-plane-0', generation: 2, digest: 'ab', refused: 'why', renewedAt: 1000});
	t.deepEqual(others, []);
	const set = setOf(2, fresh, old);
	for (const unreadable of ['', 'two', '2.5', '-2', '1e3', '9'.repeat(16)]) {
		const given = lease(
			reportName('a'),
			{[generation]: unreadable, [digest]: policySetDigest(set)},
			{renewTime: new Date(0).toISOString()},
		);
		t.regex(laggingReplicas(set, ['a'], reportsIn([given]), 0)[0]?.reason ?? '', /has no policies/, unreadable);
	}
	t.is(reportsIn([lease(reportName('a'), {}, {renewTime: 'soon'})])[0]?.renewedAt, 0, 'never heard of');
});
