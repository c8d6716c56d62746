import test from 'ava';
import type {Policy, QemuPolicy} from '../../src/attestation/policy.ts';
import {AppError} from '../../src/errors.ts';
import {judgeKubernetes, type KubernetesFacts, ticketKubernetes} from '../../src/upgrade/kubernetes-rules.ts';
import {diffPolicies} from '../../src/upgrade/measurement-diff.ts';
import {chooseTarget, type PartVersions} from '../../src/upgrade/target.ts';
import {judgeImage, judgeServices, newestFirst, stepRule} from '../../src/upgrade/versions.ts';
import {wireCases} from '../helpers/wire.ts';

type Pair = {id: string; from: string; to: string; upgradeRule: string; binaryRule: string; validUpgrade: boolean};

test('steps between versions: the vectors of v2.9', t => {
	const pairs = wireCases<Pair>('versions/pairs.json');
	t.true(pairs.length > 40);
	for (const {id, from, to, upgradeRule, validUpgrade} of pairs) {
		t.is(stepRule(from, to), upgradeRule as ReturnType<typeof stepRule>, id);
		t.is(stepRule(from, to) === 'ok', validUpgrade, id);
	}
	t.is(stepRule('v1.25.11', 'v1.27.3'), 'minor-drift');
	t.is(stepRule('v2.9.1', 'v2.9.1'), 'not-newer');
});

test('images: the step, what is wrong with the image, and whether this tool knows it', t => {
	const judge = (version: string, running: string, tool: string, change = {}) =>
		judgeImage({version, ownProgram: false, ...change}, running, tool);
	for (const [version, running, tool, rule] of [
		['v0.1.1', 'v0.1.0', '0.1.0', undefined],
		['v0.2.0', 'v0.1.0', '0.2.0', undefined],
		['v0.1.0', 'v0.1.0', '0.1.0', 'not-newer'],
		['v0.3.0', 'v0.1.0', '0.3.0', 'minor-drift'],
		['v1.0.0', 'v0.1.0', '1.0.0', 'major-differs'],
		['v0.2', 'v0.1.0', '0.2.0', undefined],
		['nonsense', 'v0.1.0', '0.2.0', 'not-semver'],
		['v0.2.0', 'v0.1.0', '0.1.0', 'tool-older'],
		['v0.2.0', 'v0.1.0', '0.4.0', 'tool-newer'],
		['v2.9.1', 'v2.8.3', '0.1.0', undefined],
		['v2.10.0', 'v2.8.3', '0.1.0', 'minor-drift'],
	] as const) {
		const {rule: found, reason = '', possible} = judge(version, running, tool);
		t.is(found, rule, `${running} to ${version} with ${tool}`);
		t.is(possible, rule === undefined);
		if (rule !== undefined) t.true(reason.includes(version), reason);
	}
	t.true(judge('v0.2.0', 'v0.1.0', '0.1.0', {ownProgram: true}).possible, 'a stamped copy of this very tool');
	t.like(judge('v0.2.0', 'v0.1.0', '0.2.0', {problem: 'its signature does not hold'}), {
		rule: 'image-unusable',
		reason: 'its signature does not hold',
	});
	t.like(judge('v0.1.0', 'v0.2.0', '0.2.0', {problem: 'x'}), {rule: 'not-newer'}, 'the step comes first');
	t.true(judgeServices('v0.2.0', 'v0.1.0', '0.2.0').possible);
	t.is(judgeServices('v0.2.0', 'v0.1.0', '0.2.1').rule, 'services-not-tool');
	t.is(judgeServices('v0.2.0', 'v0.2.0', '0.2.0').rule, 'not-newer');
	t.deepEqual(['v0.9.0', 'x', 'v0.10.0', 'v0.10.0-pre'].sort(newestFirst), ['v0.10.0', 'v0.10.0-pre', 'v0.9.0', 'x']);
});

test('Kubernetes: supported, one minor version, API servers together, no kubelet ahead', t => {
	const servers = (...versions: string[]) => versions.map((version, index) => ({node: `control-plane-${index}`, version}));
	const facts: KubernetesFacts = {
		running: 'v1.31.13',
		apiServers: servers('v1.31.13', 'v1.31.13'),
		kubelets: [{node: 'worker-0', version: 'v1.31.13'}],
		supported: ['v1.30.14', 'v1.31.13', 'v1.32.9'],
	};
	t.deepEqual(judgeKubernetes('v1.32.9', facts), {version: 'v1.32.9', possible: true});
	for (const [version, change, rule] of [
		['v1.31.13', {}, 'not-newer'],
		['v1.30.14', {}, 'not-newer'],
		['v1.32.9', {running: 'v1.30.14'}, 'minor-drift'],
		['v1.32.10', {}, 'kubernetes-unsupported'],
		['v1.32.9', {apiServers: servers('v1.31.13', 'v1.30.14')}, 'api-servers-apart'],
		['v1.32.9', {kubelets: [{node: 'worker-0', version: 'v1.32.9'}]}, 'kubelet-newer'],
		['v1.32.9', {kubelets: [{node: 'worker-0', version: ''}]}, 'kubelet-newer'],
	] as const)
		t.is(judgeKubernetes(version, {...facts, ...change}).rule, rule, `${version} ${rule}`);
	const [old, next] = ['v1.31.13', 'v1.32.9'].map(version => ({version, components: `set of ${version}`}));
	if (old === undefined || next === undefined) throw new Error('two versions');
	t.is(ticketKubernetes('control-plane', next, [old, old]), next);
	t.is(ticketKubernetes('worker', next, [old, next]), old, 'not newer than the oldest control plane');
	t.is(ticketKubernetes('worker', next, [next, next]), next);
	t.is(ticketKubernetes('worker', old, [next]), old);
	t.is(ticketKubernetes('worker', next, []), next);
});

test('one target: what was asked for and nothing else; else the newest possible image', t => {
	const part = (running: string, possible: string[], impossible: string[] = []): PartVersions => ({
		running,
		included: false,
		versions: [
			...possible.map(version => ({version, possible: true})),
			...impossible.map(version => ({version, possible: false, rule: 'minor-drift' as const, reason: `${version} is too far`})),
		],
	});
	const image = part('v0.1.0', ['v0.1.1', 'v0.2.0'], ['v0.3.0']);
	const parts = {image, services: image, kubernetes: part('v1.31.13', ['v1.32.9'], ['v1.33.1'])};
	t.deepEqual(chooseTarget(parts), {image: 'v0.2.0', kubernetes: 'v1.31.13'});
	t.deepEqual(chooseTarget(parts, {image: 'v0.1.1'}), {image: 'v0.1.1', kubernetes: 'v1.31.13'});
	t.deepEqual(chooseTarget(parts, {kubernetes: 'v1.32.9'}), {image: 'v0.1.0', kubernetes: 'v1.32.9'});
	t.deepEqual(chooseTarget(parts, {image: 'v0.2.0', kubernetes: 'v1.32.9'}), {image: 'v0.2.0', kubernetes: 'v1.32.9'});
	t.is(chooseTarget(parts, {image: 'v0.1.0'}), undefined, 'runs already');
	t.is(chooseTarget({...parts, image: part('v0.2.0', [])}), undefined, 'nothing to do');
	const error = t.throws(() => chooseTarget(parts, {image: 'v0.3.0', kubernetes: 'v1.33.1'}), {instanceOf: AppError});
	t.like(error, {code: 'upgrade-impossible', exitCode: 3});
	t.deepEqual(
		error.problems.map(({path, message}) => [path, message]),
		[
			['image', 'v0.3.0 is too far (rule minor-drift)'],
			['kubernetes', 'v1.33.1 is too far (rule minor-drift)'],
		],
	);
	t.throws(() => chooseTarget(parts, {image: 'v7.0.0'}), {message: /cannot be upgraded/});
});

test('measurements: each register before and after; what is weaker is a concern of its own', t => {
	const local = (registers: Record<number, [number, boolean?]>, change = {}): Policy => ({
		variant: 'local-vtpm',
		measurements: new Map(
			Object.entries(registers).map(([register, [fill, warnOnly = false]]) => [
				Number(register),
				{expected: new Uint8Array(32).fill(fill), warnOnly},
			]),
		),
		makerKey: Uint8Array.of(1),
		releaseKey: Uint8Array.of(2),
		...change,
	});
	const origin = {source: 'image v0.2.0', signer: 'release key'};
	const diff = (old: Policy, next: Policy) => diffPolicies(old, next, origin);
	const old = local({4: [4], 9: [9], 11: [11, true], 15: [0]});
	const same = diff(old, old);
	t.deepEqual(same.concerns, []);
	t.true(same.rows.every(({change}) => change === 'same'));

	const next = diff(old, local({4: [4], 8: [8], 9: [7], 11: [11], 15: [0]}));
	t.deepEqual(
		next.rows.map(({what, change}) => `${what} ${change}`),
		['4 same', '8 added', '9 changed', '11 stricter', '15 same'],
	);
	t.like(next.rows[2], {old: '09'.repeat(32), new: '07'.repeat(32), enforcedBefore: true, enforcedAfter: true, ...origin});
	t.deepEqual(next.concerns, []);

	const codes = (policy: Policy) => diff(old, policy).concerns.map(({code}) => code);
	t.deepEqual(codes(local({4: [4], 11: [11], 15: [0]})), ['policy-weaker'], 'a register is gone');
	t.deepEqual(codes(local({4: [4], 9: [9, true], 11: [11], 15: [0]})), ['policy-weaker'], 'a register only warns');
	t.deepEqual(codes(local({4: [4], 9: [9], 15: [0]})), [], 'what only warned may go');
	t.deepEqual(codes(local({4: [4], 9: [9], 11: [11]})), ['policy-weaker', 'cluster-register-missing']);
	t.deepEqual(codes(local({4: [4], 9: [9], 15: [0, true]})), ['policy-weaker', 'cluster-register-missing']);
	t.deepEqual(codes(local({4: [4], 9: [9], 15: [0]}, {releaseKey: Uint8Array.of(9)})), ['signer-differs']);
	const other: QemuPolicy = {
		variant: 'qemu-vtpm',
		measurements: old.measurements,
		acceptUnknownKeys: true,
		attestationKeys: [],
	};
	t.true(codes(other).includes('variant-differs'));
	t.true(codes(other).includes('signer-differs'));
	const strict: QemuPolicy = {...other, acceptUnknownKeys: false};
	t.deepEqual(
		diffPolicies(strict, other, origin).concerns.map(({code}) => code),
		['policy-weaker'],
	);
});
