import type {NodeRole} from '../../src/events.ts';
import type {Kube, KubeObject} from '../../src/kubernetes/kube.ts';
import {changeMachineRecords} from '../../src/kubernetes/machine-records.ts';
import {inNamespace, resources} from '../../src/kubernetes/resources.ts';
import type {Machine, NodeGroup, NodeGroups} from '../../src/providers/node-groups.ts';
import {replacementRound} from '../../src/services/operator/replacement/main.ts';
import {UnixHttpError} from '../../src/unix-http.ts';
import {type AcceptedPolicy, policySetDigest, readPolicySet} from '../../src/upgrade/policy-set.ts';
import {memoryKube} from './memory-kube.ts';

const prefix = 'constellation.edgeless.systems';
const system = {
	configMaps: inNamespace(resources.configMaps, 'kube-system'),
	leases: inNamespace(resources.leases, 'kube-system'),
};
export const systemEvents = inNamespace(resources.events, 'kube-system');
export const pods = inNamespace(resources.pods, 'default');
const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';
export const controlPlanes = 'control_plane_default';
export const workers = 'worker_default';

export const policyOf = (version: string): AcceptedPolicy => ({
	measurements: Buffer.from(JSON.stringify({version})).toString('base64'),
	signature: '',
	attestationConfig: {of: version},
});

/** Thrown in the place of an operator that is killed. */
export class Killed extends Error {
	override readonly name = 'Killed';
}

type SimulatedMachine = Machine & {token?: string};
/** What becomes of machines that are made from now on. */
export type Fate = 'joins' | 'refused' | 'never-ready' | 'does-not-boot' | 'attested-as-old';

/**
 * A cluster without processes: objects in memory, a provider, and nodes that join, become Ready, register again while they live, and go,
 * one step a tick of one second. `guard` is told before each write of the operator and may throw Killed; `check` after each.
 */
export const rollWorld = (sizes: {controlPlanes: number; workers: number}) => {
	let now = Date.parse('2026-01-01T00:00:00Z');
	const plain = memoryKube(() => now);
	let guard = (_what: string): void => undefined;
	let check = (_what: string): void => undefined;
	let fate: Fate = 'joins';
	const lagging = new Set<string>();
	const fates = new Map<string, Fate>();
	const groups = new Map<string, NodeGroup>([
		[controlPlanes, {name: controlPlanes, role: 'control-plane', image: 'v1.0.0', size: sizes.controlPlanes}],
		[workers, {name: workers, role: 'worker', image: 'v1.0.0', size: sizes.workers}],
	]);
	const machines = new Map<string, SimulatedMachine>();
	const named: Record<NodeRole, number> = {'control-plane': 0, worker: 0};

	const written = async <T>(what: string, write: () => T | Promise<T>): Promise<T> => {
		guard(what);
		const result = await write();
		check(what);
		// Killed right after is another boundary than right before.
		guard(`after ${what}`);
		return result;
	};
	const kube: Kube = {
		...plain,
		create: (resource, object) =>
			written(`create ${resource.plural} ${object.metadata.name}`, () => plain.create(resource, object)),
		update: (resource, object, sub) =>
			written(`update ${resource.plural} ${object.metadata.name}`, () => plain.update(resource, object, sub)),
		patch: (resource, name, ...rest) => written(`patch ${resource.plural} ${name}`, () => plain.patch(resource, name, ...rest)),
		delete: (resource, name) => written(`delete ${resource.plural} ${name}`, () => plain.delete(resource, name)),
		post: (path, body) => written(`post ${path}`, () => plain.post(path, body)),
	};
	const make = (group: NodeGroup, token?: string): SimulatedMachine => {
		const name = `${group.role}-${named[group.role]++}`;
		const machine: SimulatedMachine = {
			name,
			group: group.name,
			role: group.role,
			image: group.image,
			address: '',
			state: 'creating',
			...(token !== undefined && {token}),
		};
		machines.set(name, machine);
		fates.set(name, fate);
		return machine;
	};
	const groupOf = (name: string): NodeGroup => {
		const group = groups.get(name);
		if (group === undefined) throw new UnixHttpError(404, 'no-such-group', name);
		return group;
	};
	const provider: NodeGroups = {
		list: () => Promise.resolve([...groups.values()].map(group => ({...group}))),
		get: name => Promise.resolve({...groupOf(name)}),
		setImage: (name, image) => written(`image ${name}`, () => void groups.set(name, {...groupOf(name), image})),
		setSize: () => Promise.reject(new Error('the operator resizes no group')),
		createNode: (name, token) =>
			written(`machine of ${name}`, () => {
				const known = [...machines.values()].find(machine => machine.token === token && token !== undefined);
				return (known ?? make(groupOf(name), token)).name;
			}),
		deleteNode: name =>
			written(`remove ${name}`, () => {
				const machine = machines.get(name);
				if (machine === undefined) throw new UnixHttpError(404, 'no-such-machine', name);
				machine.state = 'terminating';
			}),
		setDraining: (name, draining) =>
			written(`draining ${name}`, () => {
				const machine = machines.get(name);
				if (machine !== undefined) machine.draining = draining;
			}),
		machines: () => Promise.resolve([...machines.values()].map(machine => ({...machine}))),
	};

	const join = async (machine: SimulatedMachine) => {
		const version = plain.all(resources.nodeVersions)[0]?.['spec'] as {
			kubernetesComponentsReference?: string;
			kubernetesClusterVersion?: string;
		};
		const image = fates.get(machine.name) === 'attested-as-old' ? 'v1.0.0' : machine.image;
		// Registering again takes no ticket, and changes no record.
		await changeMachineRecords(plain, records =>
			records.has(`key-of-${machine.name}`)
				? undefined
				: new Map([
						...records,
						[`key-of-${machine.name}`, {diskUuid: machine.name, name: machine.name, role: machine.role, since: '', image}],
					]),
		);
		const labels = machine.role === 'control-plane' ? {[controlPlaneLabel]: ''} : {};
		await plain.create(resources.nodes, {
			apiVersion: 'v1',
			kind: 'Node',
			metadata: {
				name: machine.name,
				labels,
				annotations: {
					[`${prefix}/node-image`]: machine.image,
					[`${prefix}/kubernetes-components`]: version.kubernetesComponentsReference ?? '',
				},
			},
			status: {nodeInfo: {kubeletVersion: version.kubernetesClusterVersion}},
		});
	};
	const refuse = async ({name}: SimulatedMachine) => {
		const refusal = {
			node: name,
			role: '',
			code: 'register-mismatch',
			message: 'Register 9 differs.',
			expected: 'aa',
			actual: 'bb',
			count: 1,
			first: now,
			last: now,
		};
		const metadata = {
			name: `join-refused.${name}`,
			namespace: 'kube-system',
			annotations: {[`${prefix}/join-refusal`]: JSON.stringify(refusal)},
		};
		await plain.create(systemEvents, {apiVersion: 'v1', kind: 'Event', metadata, reason: 'JoinRefused'}).catch(() => undefined);
	};
	const nodeOf = (name: string) => plain.all(resources.nodes).find(({metadata}) => metadata.name === name);
	const isReady = (name: string) => JSON.stringify(nodeOf(name)?.status ?? {}).includes('"Ready","status":"True"');
	const renew = async () => {
		const set = readPolicySet(
			plain.all(system.configMaps).find(({metadata}) => metadata.name === 'join-config') ?? {metadata: {}},
		);
		for (const {name, role, state} of machines.values()) {
			if (role !== 'control-plane' || state !== 'running' || nodeOf(name) === undefined || lagging.has(name)) continue;
			const annotations = {
				[`${prefix}/policy-generation`]: String(set.generation),
				[`${prefix}/policy-digest`]: policySetDigest(set),
			};
			const lease = {
				apiVersion: 'coordination.k8s.io/v1',
				kind: 'Lease',
				metadata: {name: `join-service-${name}`, namespace: 'kube-system', annotations},
				spec: {renewTime: new Date(now).toISOString()},
			};
			await plain.patch(system.leases, lease.metadata.name, lease, 'merge').catch(() => plain.create(system.leases, lease));
		}
	};
	const tick = async () => {
		now += 1000;
		for (const machine of [...machines.values()]) {
			const {name, state} = machine;
			const way = fates.get(name) ?? 'joins';
			if (state === 'terminating') machines.delete(name);
			else if (state === 'creating') machine.state = way === 'does-not-boot' ? 'failed' : 'running';
			else if (state !== 'running') continue;
			else if (way === 'refused') await refuse(machine);
			else if (nodeOf(name) === undefined) await join(machine);
			else if (!isReady(name) && way !== 'never-ready')
				await plain.patch(resources.nodes, name, {status: {conditions: [{type: 'Ready', status: 'True'}]}}, 'merge', 'status');
		}
		await renew();
	};
	const config = (generation: number, ...versions: string[]) => ({
		acceptedPolicies: JSON.stringify({generation, policies: versions.map(policyOf)}),
	});
	const begin = async () => {
		for (const group of groups.values()) for (let count = 0; count < group.size; count++) make(group);
		const spec = {
			image: 'v1.0.0',
			imageVersion: 'v1.0.0',
			kubernetesComponentsReference: 'components',
			kubernetesClusterVersion: 'v1.32.9',
		};
		const version: KubeObject = {
			apiVersion: 'update.edgeless.systems/v1alpha1',
			kind: 'NodeVersion',
			metadata: {name: 'constellation-version'},
			spec,
		};
		await plain.create(resources.nodeVersions, version);
		for (const [name, data] of [
			['components', {}],
			['join-config', config(1, 'v1.0.0')],
		] as const)
			await plain.create(system.configMaps, {
				apiVersion: 'v1',
				kind: 'ConfigMap',
				metadata: {name, namespace: 'kube-system'},
				data,
			});
		for (let count = 0; count < 3; count++) await tick();
	};
	return {
		kube: plain,
		machines,
		groups,
		fates,
		lagging,
		begin,
		tick,
		isReady,
		nodeOf,
		now: () => now,
		nodes: () => plain.all(resources.nodes),
		setFate: (next: Fate) => void (fate = next),
		onWrite: (before: typeof guard, after: typeof check = () => undefined) => {
			guard = before;
			check = after;
		},
		/** Widens the policies and asks for an image, as an upgrade does. */
		want: async (image: string, annotations: Record<string, string | null> = {}) => {
			const other = image === 'v1.0.0' ? 'v1.1.0' : 'v1.0.0';
			const join = await plain.get(system.configMaps, 'join-config');
			const generation = readPolicySet(join).generation + 1;
			await plain.patch(system.configMaps, 'join-config', {data: config(generation, image, other)}, 'merge');
			const retire = {[`${prefix}/upgrade-retire`]: String(generation)};
			const spec = {image, imageVersion: image};
			await plain.patch(
				resources.nodeVersions,
				'constellation-version',
				{spec, metadata: {annotations: {...retire, ...annotations}}},
				'merge',
			);
		},
		annotate: (annotations: Record<string, string | null>) =>
			plain.patch(resources.nodeVersions, 'constellation-version', {metadata: {annotations}}, 'merge'),
		/** One look of an operator; one that is killed leaves what it did. */
		round: async () => {
			try {
				await replacementRound({kube, groups: provider, now: () => now}, () => undefined);
			} catch (error) {
				if (!(error instanceof Killed)) throw error;
			}
		},
		version: () => {
			const [object] = plain.all(resources.nodeVersions);
			const annotations = object?.metadata.annotations ?? {};
			const told = (name: string) => annotations[`${prefix}/${name}`];
			const waiting = JSON.parse(told('upgrade-waiting') ?? '[]') as string[];
			const failure = told('upgrade-failure');
			return {
				status: (object?.status ?? {conditions: []}) as {conditions: {status: string; lastTransitionTime: string}[]} & Record<
					string,
					{name: string}[]
				>,
				waiting,
				failure:
					failure === undefined
						? undefined
						: (JSON.parse(failure) as {node: string; step: string; message: string; donor?: string}),
				retire: told('upgrade-retire'),
			};
		},
		accepted: () => {
			const set = readPolicySet(
				plain.all(system.configMaps).find(({metadata}) => metadata.name === 'join-config') ?? {metadata: {}},
			);
			return set.policies.map(({attestationConfig}) => (attestationConfig as {of: string}).of);
		},
	};
};

export type RollWorld = ReturnType<typeof rollWorld>;
