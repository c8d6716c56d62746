import {readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {formatMeasurements} from '../../../src/attestation/measurements.ts';
import {type Policy, parsePolicy} from '../../../src/attestation/policy.ts';
import {proposalLines} from '../../../src/commands/upgrade-words.ts';
import {editConfig} from '../../../src/config/load.ts';
import {AppError} from '../../../src/errors.ts';
import type {Event, ReplacementState} from '../../../src/events.ts';
import {checkForUpgrade, strandsNode} from '../../../src/flows/upgrade/check.ts';
import {decide} from '../../../src/flows/upgrade/decide.ts';
import {acceptedConcerns} from '../../../src/flows/upgrade/finish.ts';
import {observe, recoverable} from '../../../src/flows/upgrade/observe.ts';
import {pairRecorder} from '../../../src/flows/upgrade/pair-times.ts';
import {KubeError, type KubeObject} from '../../../src/kubernetes/kube.ts';
import {diffPolicies} from '../../../src/upgrade/measurement-diff.ts';
import {measurementsDigest} from '../../../src/upgrade/policy-set.ts';
import {openJournal} from '../../../src/workspace/journal.ts';
import {newUpgradeId, readPlan, upgradeFolder} from '../../../src/workspace/upgrade-folder.ts';
import {
	clusterObjects,
	components,
	filesIn,
	imageOf,
	kubeOf,
	machine,
	measurementsOf,
	policyOf,
	spki,
	world,
} from '../../helpers/upgrade-cluster.ts';

test('upgrade check: target, measurements and plan, and nothing is written', async t => {
	const {deps, folder} = await world(t);
	const before = filesIn(folder);
	const {parts, proposal, busy} = await checkForUpgrade(deps, {});
	t.false(busy);
	t.deepEqual(
		parts.image.versions.map(({version, rule}) => [version, rule]),
		[
			['v0.3.0', 'minor-drift'],
			['v0.2.0', undefined],
		],
	);
	t.true(parts.services.included && parts.kubernetes.included);
	t.deepEqual(proposal?.target, {
		image: 'v0.2.0',
		measurements: measurementsDigest(imageOf('v0.2.0').measurements),
		services: 'v0.2.0',
		kubernetes: 'v1.32.9',
		components,
	});
	t.deepEqual(
		proposal?.measurements.rows.filter(({change}) => change !== 'same').map(({what}) => what),
		['9'],
	);
	t.deepEqual(proposal?.measurements.concerns, []);
	t.is(proposal?.strand.counterexample, undefined);
	t.is((await checkForUpgrade(deps, {image: 'v0.1.0'})).proposal, undefined, 'nothing to do');
	for (const [asked, pattern] of [
		[{image: 'v0.3.0'}, /minor-drift/],
		[{image: 'v0.2.9'}, /image make --version v0.2.9/],
		[{image: 'v0.0.1'}, /not-newer/],
		[{kubernetes: 'v1.31.13'}, /not-newer/],
		[{kubernetes: 'v1.33.0'}, /kubernetes-unsupported/],
	] as const) {
		const error = await t.throwsAsync(checkForUpgrade(deps, asked), {instanceOf: AppError});
		t.is(error.exitCode, 3);
		t.regex(error.problems[0]?.message ?? '', pattern);
	}
	t.deepEqual(filesIn(folder), before);
	for (const [code, expected] of [
		[0, 7],
		[503, 7],
	] as const) {
		const list = () => Promise.reject(new KubeError(code, '', 'no answer'));
		const silent = {...deps, kube: () => ({...kubeOf({}), get: list, list})};
		t.is((await t.throwsAsync(checkForUpgrade(silent, {}), {instanceOf: AppError})).exitCode, expected);
	}
});

test('upgrade check: what is wrong now is a counterexample; machines that are off or on their way count', async t => {
	const objects = clusterObjects();
	const off = [machine('control-plane-0'), machine('worker-0', 'v0.0.9', 'stopped'), machine('worker-7', 'v0.1.0', 'creating')];
	const {deps} = await world(t, objects, off);
	const {observed, users, replicas} = await observe(deps);
	t.like(observed.nodes[1], {name: 'worker-0', image: 'v0.0.9', stopped: true});
	t.deepEqual(observed.recoverable, ['v0.1.0']);
	t.deepEqual(recoverable(observed.policies, [policyOf(2)]), [], 'the workspace pins another image');
	t.deepEqual(observed.inFlight, [{kind: 'machine', name: 'worker-7', role: 'worker', image: 'v0.1.0'}]);
	t.is(users.length, 2 + 1 + 3 + 2);
	t.is(replicas.length, 1);
	t.like(replicas[0], {node: 'control-plane-0', generation: 1, digest: 'ab', renewedAt: Date.parse('2026-01-02T03:04:05Z')});
	const {proposal} = await checkForUpgrade(deps, {});
	const counterexample = proposal?.strand.counterexample;
	t.like(counterexample, {step: 'start', mishap: {kind: 'restarted', node: 'worker-0'}, condition: 'service-accepts-node'});
	if (counterexample !== undefined) t.like(strandsNode(counterexample), {exitCode: 3, code: 'upgrade-strands-node'});
});

test('pods, budgets, nodes on their way in and a running upgrade are read from the objects', async t => {
	const objects = clusterObjects();
	const owner = (kind: string, uidOf: string) => [{kind, name: 'front', uid: uidOf, controller: true}];
	const pod = (name: string, metadata: object, spec: object = {}, phase = 'Running'): KubeObject => ({
		apiVersion: 'v1',
		kind: 'Pod',
		metadata: {name, namespace: 'web', labels: {app: 'front'}, ...metadata},
		spec: {nodeName: 'worker-0', ...spec},
		status: {phase},
	});
	objects['/api/v1/pods'] = [
		pod('a', {ownerReferences: owner('ReplicaSet', '1')}),
		pod('b', {ownerReferences: owner('ReplicaSet', '1')}, {volumes: [{name: 'v', emptyDir: {}}]}),
		pod('mirror', {annotations: {'kubernetes.io/config.mirror': 'x'}}),
		pod('daemon', {ownerReferences: owner('DaemonSet', '2')}),
		pod('over', {}, {}, 'Succeeded'),
		pod('waiting', {}, {nodeName: undefined}),
	];
	objects['/apis/policy/v1/poddisruptionbudgets'] = [
		{
			apiVersion: 'policy/v1',
			kind: 'PodDisruptionBudget',
			metadata: {name: 'front', namespace: 'web'},
			spec: {selector: {matchLabels: {app: 'front'}}},
		},
	];
	const joining = (name: string): KubeObject => ({
		apiVersion: 'x',
		kind: 'JoiningNode',
		metadata: {name, annotations: {'constellation.edgeless.systems/attested-image': 'v0.2.0'}},
		spec: {name: 'worker-5', iscontrolplane: false},
	});
	objects['/apis/update.edgeless.systems/v1alpha1/joiningnodes'] = [joining('worker-5')];
	const pending = (name: string, goal: string): KubeObject => ({
		apiVersion: 'x',
		kind: 'PendingNode',
		metadata: {name},
		spec: {goal, nodeName: name},
	});
	objects['/apis/update.edgeless.systems/v1alpha1/pendingnodes'] = [pending('worker-6', 'Join'), pending('worker-1', 'Leave')];
	const [nodeVersion] = objects['/apis/update.edgeless.systems/v1alpha1/nodeversions'] ?? [];
	if (nodeVersion !== undefined) nodeVersion['status'] = {conditions: [{type: 'Outdated', status: 'True'}]};
	const {deps} = await world(t, objects);
	const {observed} = await observe(deps);
	t.deepEqual(
		observed.pods.map(({name, replicas, localData, owner: of}) => [name, replicas, localData, of?.kind]),
		[
			['a', 2, false, 'ReplicaSet'],
			['b', 2, true, 'ReplicaSet'],
		],
	);
	t.like(observed.budgets[0], {allowed: 0, name: 'front'});
	t.deepEqual(observed.inFlight, [
		{kind: 'JoiningNode', name: 'worker-5', role: 'worker', image: 'v0.2.0'},
		{kind: 'PendingNode', name: 'worker-6', role: 'worker', image: undefined},
	]);
	t.true(observed.busy);
});

test('how long each replacement took is noted, and is what the next plan goes by', async t => {
	const {deps, workspace} = await world(t);
	let now = 0;
	const journal = await openJournal(workspace, () => now);
	await journal.intent('scale');
	now = 900;
	await journal.done('scale');
	t.deepEqual((await observe({...deps, journal})).observed.durations, [900], 'as long as to add one, for want of better');
	const record = pairRecorder(journal);
	const moved = (node: string, state: ReplacementState, partner?: string): Event => ({
		type: 'replacement',
		node,
		role: 'worker',
		state,
		...(partner === undefined ? {} : {partner}),
		at: 0,
	});
	const seen = async (at: number, ...events: Event[]) => {
		now = at;
		await record(events);
	};
	await seen(1000, moved('heir-0', 'joining', 'worker-0'), moved('worker-1', 'outdated'));
	await seen(2000, moved('worker-0', 'removed'), moved('heir-1', 'joining', 'worker-1'));
	await seen(2500, moved('heir-1', 'joining', 'worker-1'), {type: 'waiting', message: 'something', at: 0});
	await seen(5000, moved('worker-1', 'removed'), moved('heir-2', 'joining', 'worker-2'));
	// Killed here; whoever attaches goes on with what is open in the journal only from the next node on.
	const again = pairRecorder(journal);
	now = 9000;
	await again([moved('heir-2', 'joining', 'worker-2')]);
	await again([moved('worker-2', 'removed')]);
	const {observed} = await observe({...deps, journal: await openJournal(workspace, () => now)});
	t.deepEqual(observed.durations, [3000]);
	t.deepEqual((await checkForUpgrade({...deps, journal}, {})).proposal?.plan.time.basis, 'recorded');
});

test('measurements take a consent of their own, and so does each way in which the policy would be weaker', async t => {
	const {deps, workspace, folder} = await world(t);
	const text = readFileSync(workspace.path('config'), 'utf8');
	const value = {expected: '07'.repeat(32), warnOnly: false};
	writeFileSync(workspace.path('config'), editConfig(text, [{path: ['attestation', 'localVTPM', 'measurements', '7'], value}]));
	const before = filesIn(folder);
	const {proposal} = await checkForUpgrade(deps, {});
	if (proposal === undefined) return t.fail('there is a proposal');
	t.deepEqual(
		proposal.measurements.concerns.map(({code, message}) => [code, message]),
		[['policy-weaker', 'Register 7 would not be checked any more.']],
	);
	const {measurements} = proposal.target;
	const refused = [
		[{measurements: `sha256:${'0'.repeat(64)}`, concerns: ['policy-weaker']}, 'measurements-not-accepted'],
		[{measurements, concerns: []}, 'policy-concerns'],
		[{measurements, concerns: ['cluster-register-missing', 'variant-differs', 'signer-differs']}, 'policy-concerns'],
	] as const;
	for (const [consent, code] of refused)
		t.like(await t.throwsAsync(decide(deps, proposal, consent), {instanceOf: AppError}), {code, exitCode: 5});
	t.deepEqual(filesIn(folder), before);
	const {id} = await decide(deps, proposal, {measurements, concerns: ['policy-weaker']});
	t.regex((await readPlan(upgradeFolder(workspace, id), 1_000_000)) ?? '', /"concerns":\s*\[\s*"policy-weaker"/);

	t.deepEqual(await acceptedConcerns(deps, id), ['Accepted when the upgrade was planned: policy-weaker.']);
	t.deepEqual(await acceptedConcerns(deps, newUpgradeId(new Date(0), new Uint8Array(4))), []);

	// What no image of this tool can bring about is told all the same.
	const open = new Map([...policyOf(2).measurements].filter(([register]) => register !== 15));
	const origin = {source: 'there', signer: 'somebody'};
	const codesOf = (next: Policy) => diffPolicies(policyOf(1), next, origin).concerns.map(({code}) => code);
	t.deepEqual(codesOf({...policyOf(2), measurements: open}), ['policy-weaker', 'cluster-register-missing']);
	t.true(codesOf(parsePolicy('qemu-vtpm', {measurements: formatMeasurements(measurementsOf(2))})).includes('variant-differs'));
	t.deepEqual(codesOf({...policyOf(2), releaseKey: spki()}), ['signer-differs']);
});

test('who else vouches for the image stands beside its measurements; who does not ends the look with 5', async t => {
	const {deps, folder} = await world(t);
	const before = filesIn(folder);
	const vouched = {
		flags: ['--measurements-from', 'bundle'],
		source: 'what was imported',
		digest: `sha256:${'5e'.repeat(32)}`,
		signer: {name: 'key 1 of the config', fingerprint: `sha256:${'77'.repeat(32)}`, pinned: false},
		log: {state: 'not-checked', why: 'no proof came'} as const,
		logWords: 'no log was asked',
	};
	const {proposal} = await checkForUpgrade({...deps, vouch: () => Promise.resolve(vouched)}, {});
	t.is(proposal?.vouched, vouched);
	for (const {source, signer} of proposal?.measurements.rows ?? []) {
		t.is(source, 'what was imported, the same as in image v0.2.0 on this machine');
		t.regex(signer, /^key 1 of the config sha256:7777/);
	}
	const lines = proposal === undefined ? '' : proposalLines(proposal).join('\n');
	for (const part of ['from       what was imported', 'signed by  key 1', vouched.digest, vouched.logWords])
		t.true(lines.includes(part), part);
	const differs = new AppError('not the same', {code: 'measurements-differ', exitCode: 5});
	t.is(await t.throwsAsync(checkForUpgrade({...deps, vouch: () => Promise.reject(differs)}, {})), differs);
	t.deepEqual(filesIn(folder), before);
});
