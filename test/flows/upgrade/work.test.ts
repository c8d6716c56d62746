import {readFileSync, rmSync} from 'node:fs';
import test from 'ava';
import {formatImageStatement} from '../../../src/attestation/signed-measurements.ts';
import {AppError} from '../../../src/errors.ts';
import type {Event, ReplacementState} from '../../../src/events.ts';
import {runUpgrade} from '../../../src/flows/upgrade/apply.ts';
import {readBackup} from '../../../src/flows/upgrade/backup-manifest.ts';
import {renewBaseObjects} from '../../../src/flows/upgrade/base-objects.ts';
import {refuseApplyBesideUpgrade, refuseBesideUpgrade, refuseDuringRoll} from '../../../src/flows/upgrade/beside.ts';
import {checkForUpgrade} from '../../../src/flows/upgrade/check.ts';
import {decide} from '../../../src/flows/upgrade/decide.ts';
import type {UpgradeDependencies} from '../../../src/flows/upgrade/dependencies.ts';
import {withoutFormerRefusals} from '../../../src/flows/upgrade/former-refusals.ts';
import {upgradeProgress} from '../../../src/flows/upgrade/progress.ts';
import {type RollEntry, rollEvents, rollOf, withLeaving} from '../../../src/flows/upgrade/roll.ts';
import {type RollEnd, rollPhases} from '../../../src/flows/upgrade/roll-phases.ts';
import {stopped} from '../../../src/flows/upgrade/stopped.ts';
import {updateDefinitions} from '../../../src/kubernetes/crds.ts';
import {type Kube, KubeError, type KubeObject} from '../../../src/kubernetes/kube.ts';
import {baseManifests, createMissing} from '../../../src/kubernetes/manifests.ts';
import {inNamespace, resources} from '../../../src/kubernetes/resources.ts';
import {clusterRoles} from '../../../src/kubernetes/roles.ts';
import {upgradeAnnotations} from '../../../src/kubernetes/upgrade-annotations.ts';
import {snapshotStore} from '../../../src/providers/local/snapshot.ts';
import {upgradeFolder} from '../../../src/workspace/upgrade-folder.ts';
import {memoryKube} from '../../helpers/memory-kube.ts';
import {
	clusterObjects,
	finish,
	imageOf,
	kubeOf,
	machine,
	measurementsOf,
	node,
	type Objects,
	world,
} from '../../helpers/upgrade-cluster.ts';

test('beside an upgrade that is not over a cluster is neither planned anew nor scaled; one that stands still may be removed', async t => {
	const annotated = (annotations: Record<string, string>, status: object = {}): Objects => {
		const objects = clusterObjects();
		const [found] = objects['/apis/update.edgeless.systems/v1alpha1/nodeversions'] ?? [];
		if (found !== undefined) Object.assign(found, {metadata: {...found.metadata, annotations}, status});
		return objects;
	};
	const upgrade = (rest: Record<string, string> = {}) =>
		Object.fromEntries(
			Object.entries({upgrade: 'upgrade-1', ...rest}).map(([key, value]) => [
				key === 'upgrade' ? upgradeAnnotations.upgrade : `constellation.edgeless.systems/upgrade-${key}`,
				value,
			]),
		);
	const held = (renewTime: string): Objects => {
		const objects = clusterObjects();
		objects['/apis/coordination.k8s.io/v1/namespaces/kube-system/leases']?.push({
			apiVersion: 'coordination.k8s.io/v1',
			kind: 'Lease',
			metadata: {name: 'constellation-upgrade'},
			spec: {holderIdentity: 'upgrade-1 on there', acquireTime: 'noon', renewTime},
		});
		return objects;
	};
	const outdated = {conditions: [{type: 'Outdated', status: 'True'}]};
	const someLeft = {...outdated, outdated: [{name: 'worker-0'}]};
	const joining = {...outdated, outdated: [], awaitingAnnotation: [{name: 'worker-0'}], mints: [{name: 'worker-1'}]};
	type Row = {what: string; objects: Objects; apply?: string; scale?: string; terminate?: string};
	const [active, busy] = ['upgrade-active', 'upgrade-busy'];
	const rows: readonly Row[] = [
		{what: 'no upgrade', objects: clusterObjects()},
		{what: 'somebody is at it', objects: held('2026-01-02T03:04:00Z'), apply: busy, scale: busy, terminate: busy},
		{what: 'whoever was at it is gone', objects: held('2026-01-02T03:00:00Z')},
		{what: 'a roll', objects: annotated(upgrade(), someLeft), apply: active, scale: active, terminate: active},
		{what: 'paused', objects: annotated(upgrade({paused: 'true'}), someLeft), apply: active, scale: active},
		{what: 'mixed', objects: annotated(upgrade({direction: 'stay'}), someLeft), apply: active, scale: active},
		{what: 'only its records are left', objects: annotated(upgrade()), apply: active, scale: active},
		{what: 'a roll that nobody here began', objects: annotated({}, someLeft), apply: active, scale: active},
		{what: 'nodes on their way in for the first time', objects: annotated({}, joining)},
	];
	for (const {what, objects, ...codes} of rows) {
		const {deps} = await world(t, objects);
		const checks = {apply: refuseApplyBesideUpgrade, scale: refuseBesideUpgrade, terminate: refuseDuringRoll};
		for (const name of ['apply', 'scale', 'terminate'] as const) {
			const found = await checks[name](deps).then(
				() => undefined,
				(error: unknown) => error,
			);
			if (codes[name] === undefined) t.is(found, undefined, `${name}: ${what}`);
			else {
				t.like(found, {code: codes[name], exitCode: 3}, `${name}: ${what}`);
				t.truthy((found as AppError).details['holder'], `${name}: ${what}`);
			}
		}
	}

	// Where nobody answers, a cluster may be completed, but not one whose upgrade was begun here.
	const {deps, workspace} = await world(t);
	const silent = {...deps, kube: () => ({...kubeOf({}), get: () => Promise.reject(new KubeError(0, '', 'no answer'))})};
	await t.notThrowsAsync(refuseApplyBesideUpgrade(silent));
	await deps.journal.intent('upgrade', {resource: 'upgrade-1'});
	await t.throwsAsync(refuseApplyBesideUpgrade(silent), {instanceOf: AppError, code: 'upgrade-active'});
	await deps.journal.done('upgrade', {resource: 'upgrade-1'});
	await t.notThrowsAsync(refuseApplyBesideUpgrade(silent));
	rmSync(workspace.path('kubeconfig'));
	await t.notThrowsAsync(refuseApplyBesideUpgrade(deps), 'it was never initialised');
});

test('a cluster that an older tool made gets the roles and definitions of this one, and keeps what people added', async t => {
	const kube = memoryKube(Date.now);
	await createMissing(kube, baseManifests());
	const told = async () => {
		const {events} = await finish(renewBaseObjects(kube, () => 1));
		return events.map(event => ('detail' in event ? event.detail : undefined))[0];
	};
	const versions = () => JSON.stringify(baseManifests().map(({resource}) => kube.all(resource).map(({metadata}) => metadata)));
	const before = versions();
	t.is(await told(), 'as they should be');
	t.is(versions(), before, 'nothing is written where nothing is missing');

	const [role] = clusterRoles.filter(({kind, rules}) => kind === 'ClusterRole' && Array.isArray(rules) && rules.length > 1);
	const [definition] = updateDefinitions;
	const [roleName, definitionName] = [role?.metadata.name ?? '', definition?.metadata.name ?? ''];
	const rules = (role?.['rules'] ?? []) as unknown[];
	const own = {apiGroups: ['example.org'], resources: ['things'], verbs: ['get']};
	await kube.patch(resources.clusterRoles, roleName, {rules: [own, rules[0]]}, 'merge');
	await kube.patch(resources.customResourceDefinitions, definitionName, {spec: {versions: []}}, 'merge');
	await kube.delete(inNamespace(resources.serviceAccounts, 'kube-system'), 'join-service');
	const detail = await told();
	for (const name of [roleName, definitionName, 'join-service']) t.true(detail?.includes(name), detail);
	t.deepEqual((await kube.get(resources.clusterRoles, roleName))['rules'], [own, ...rules]);
	t.like(await kube.get(resources.customResourceDefinitions, definitionName), {spec: definition?.['spec'] as object});
	await t.notThrowsAsync(kube.get(inNamespace(resources.serviceAccounts, 'kube-system'), 'join-service'));
	t.is(await told(), 'as they should be');
});

test('a fault before the policies leaves the cluster and the config as they are, and nobody locked out', async t => {
	const full = new AppError('The disk is full: control-plane.snapshot.', {code: 'disk-full', exitCode: 3});
	const cut = () => Promise.reject(new KubeError(0, '', 'connect ECONNREFUSED'));
	const faults: readonly [
		what: string,
		code: string,
		exitCode: number,
		change: Partial<UpgradeDependencies>,
		api: Partial<Kube>,
	][] = [
		['a full disk', 'disk-full', 3, {snapshot: () => Promise.reject(full)}, {}],
		['a store that cannot be copied', 'snapshot-failed', 3, {snapshot: (_, file) => snapshotStore('/nowhere', file)}, {}],
		['a network that is cut', 'cluster-unreachable', 7, {}, {list: cut}],
		['somebody who was faster', 'upgrade-busy', 3, {}, {create: () => Promise.reject(new KubeError(409, 'AlreadyExists', ''))}],
	];
	for (const [what, code, exitCode, change, api] of faults) {
		const {deps, workspace} = await world(t);
		const {proposal} = await checkForUpgrade(deps, {});
		if (proposal === undefined) return t.fail('there is a proposal');
		const file = await decide(deps, proposal, {measurements: proposal.target.measurements, concerns: []});
		const config = readFileSync(workspace.path('config'), 'utf8');
		const written: string[] = [];
		const kube: Kube = {
			...kubeOf(clusterObjects()),
			create: async ({plural}, object) => {
				written.push(plural);
				return object;
			},
			patch: async ({plural}, name, patch) => {
				written.push(`${plural} ${JSON.stringify(patch)}`);
				return node(name);
			},
			...api,
		};
		const going = finish(runUpgrade({...deps, kube: () => kube, ...change}, file, new AbortController().signal));
		t.like(await t.throwsAsync(going, {instanceOf: AppError}, what), {code, exitCode}, what);
		t.deepEqual(written, code === 'upgrade-busy' ? [] : ['leases', 'leases {"spec":{"holderIdentity":""}}'], what);
		t.is(readFileSync(workspace.path('config'), 'utf8'), config, what);
		t.is(await readBackup(upgradeFolder(workspace, file.id)), undefined, what);
	}
});

test('an image that was made anew after the consent is another one: nothing is accepted that nobody agreed to', async t => {
	const {deps, workspace} = await world(t);
	const {proposal} = await checkForUpgrade(deps, {});
	if (proposal === undefined) return t.fail('there is a proposal');
	const file = await decide(deps, proposal, {measurements: proposal.target.measurements, concerns: []});
	const text = readFileSync(workspace.path('config'), 'utf8');
	const again = formatImageStatement({version: 'v0.2.0', arguments: [], measurements: measurementsOf(3)});
	const kube: Kube = {...kubeOf(clusterObjects()), create: async (_, object) => object, patch: async () => ({...node('any')})};
	const later: UpgradeDependencies = {
		...deps,
		kube: () => kube,
		intactImage: version => Promise.resolve({...imageOf(version), measurements: again}),
	};
	const error = await t.throwsAsync(finish(runUpgrade(later, file, new AbortController().signal)), {instanceOf: AppError});
	t.like(error, {code: 'measurements-not-accepted', exitCode: 5});
	t.is(readFileSync(workspace.path('config'), 'utf8'), text);
});

test('the steps of a roll are told in their order, and the retirement of the old policy also where nobody saw it happen', t => {
	const told = (looks: readonly [states: string, narrowed: boolean][], end: RollEnd): string[] => {
		const phases = rollPhases(() => 0);
		const seen = ([states, narrowed]: readonly [string, boolean]) => {
			const [controlPlane, worker] = states.split(' ') as [ReplacementState, ReplacementState];
			const roll = new Map([
				['a', {role: 'control-plane' as const, state: controlPlane}],
				['b', {role: 'worker' as const, state: worker}],
			]);
			return [...phases.after(roll, narrowed)];
		};
		const events = [...looks.flatMap(seen), ...phases.end(end)];
		return events.map(event => (event.type === 'phase' ? `${event.id} ${event.detail ?? event.state}` : event.type));
	};
	const rolled = ['control-planes started', 'control-planes done', 'workers started', 'workers done'];
	const retired = ['retire started', 'retire done'];
	const looks: [string, boolean][] = [
		['outdated outdated', false],
		['draining outdated', false],
		['current outdated', false],
	];
	const nothing = ['control-planes', 'workers', 'retire'].map(id => `${id} nothing left to do`);
	t.deepEqual(told([...looks, ['current current', true]], 'done'), [...rolled, ...nothing.slice(2)]);
	t.deepEqual(told([['current current', false]], 'done'), [...nothing.slice(0, 2), ...retired], 'whoever attaches late');
	t.deepEqual(told([...looks, ['current current', false], ['current current', true]], 'done'), [...rolled, ...retired]);
	t.deepEqual(told(looks, 'paused'), rolled.slice(0, -1), 'a roll that stands still has not finished its step');
	t.deepEqual(told([], 'done'), nothing);
});

test('each node leaves once, whatever tells of it, and is gone when its machine is', t => {
	const image = 'v0.2.0';
	const leaving = (name: string): KubeObject => ({
		...node(name),
		apiVersion: 'update.edgeless.systems/v1alpha1',
		kind: 'PendingNode',
		spec: {goal: 'Leave'},
	});
	const old = node('worker-0', {[upgradeAnnotations.nodeImage]: 'v0.1.0', [upgradeAnnotations.heir]: 'worker-1'});
	const none = {nodes: [], pending: [], maintenances: [], machines: [machine('worker-0')]};
	const maintenance: KubeObject = {
		...node('drain'),
		kind: 'NodeMaintenance',
		spec: {nodeName: 'worker-0'},
		status: {pendingPods: ['a', 'b']},
	};
	let shown = new Map<string, RollEntry>();
	const told = [
		{...none, nodes: [old], maintenances: [maintenance]},
		{...none, nodes: [old], pending: [leaving('worker-0')]},
		{...none, pending: [leaving('worker-0')]},
		none,
		{...none, machines: []},
		{...none, machines: []},
	].map(objects => {
		const roll = withLeaving(shown, rollOf(objects, image), objects.machines);
		const events = rollEvents(shown, roll, 0);
		shown = roll;
		return events.map(event => (event.type === 'replacement' ? event.state : event.type));
	});
	t.deepEqual(told, [['draining'], ['leaving'], [], [], ['removed'], []]);
});

test('a roll that stopped names the node, the step, both values, who serves and the smallest step that is safe', t => {
	const failure = {node: 'worker-9', donor: 'worker-0', message: 'Something.', at: 0};
	const roll = new Map([
		['worker-0', {node: 'worker-0', state: 'replacing' as const}],
		['worker-9', {node: 'worker-9', state: 'joining' as const}],
	]);
	const exits = {create: 4, attest: 5, ready: 6, drain: 6, remove: 4} as const;
	for (const [step, exitCode] of Object.entries(exits) as [keyof typeof exits, 4 | 5 | 6][]) {
		const {message, problems, next, ...rest} = stopped({...failure, step}, 'v0.2.0', roll);
		t.is(rest.exitCode, exitCode, step);
		t.is(message, 'The upgrade stopped at worker-9: Something.');
		t.deepEqual(
			problems.map(problem => problem.path),
			['worker-9', 'still serving'],
		);
		t.is(problems[1]?.message, 'worker-0');
		t.is(next[0], 'worker-0 was not taken away: it goes on serving.');
		t.is(
			next.some(line => line.includes('image check v0.2.0')),
			step === 'attest',
		);
	}
	const {problems} = stopped({...failure, step: 'attest', expected: 'aa', actual: 'bb'}, 'v0.2.0', roll);
	t.is(problems[0]?.message, 'its evidence was refused: expected aa, got bb');
});

test('an upgrade that was killed before the cluster knew of it is seen all the same, until it is over', async t => {
	const {deps} = await world(t);
	const {proposal} = await checkForUpgrade(deps, {});
	if (proposal === undefined) return t.fail('there is a proposal');
	const {id} = await decide(deps, proposal, {measurements: proposal.target.measurements, concerns: []});
	t.is(await upgradeProgress(deps), undefined, 'agreed to, not begun');
	await deps.journal.intent('upgrade', {resource: id});
	t.like(await upgradeProgress(deps), {id, image: 'v0.2.0', state: 'begun', left: []});
	t.true((await checkForUpgrade(deps, {})).busy);
	await deps.journal.done('upgrade', {resource: id});
	t.is(await upgradeProgress(deps), undefined);
	t.false((await checkForUpgrade(deps, {})).busy);
});

test('whom a JoinService refused before this roll is told only while that machine is there', async t => {
	const refused = (name: string, at: number): Event => ({
		type: 'lane-refused',
		node: name,
		role: 'worker',
		refusal: {code: 'register-mismatch', sentence: '', likely: '', step: ''},
		count: 1,
		at,
	});
	const events = [
		refused('gone', 5),
		refused('worker-0', 5),
		refused('gone', 10),
		{type: 'waiting', message: 'any', at: 1} as const,
	];
	const source = async function* () {
		yield* events;
	};
	const told = withoutFormerRefusals(source, 10, () => Promise.resolve([machine('worker-0')]));
	const seen: Event[] = [];
	for await (const event of told(new AbortController().signal)) seen.push(event);
	t.deepEqual(seen, events.slice(1));
});
