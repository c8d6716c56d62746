import {randomUUID} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {ServiceName} from '../../services/host.ts';
import {endpointsOf, instanceOf} from './addresses.ts';
import {readJson, shortPath, writeJson} from './files.ts';
import type {LoadBalancer} from './load-balancer.ts';
import {startLoadBalancer} from './load-balancer.ts';
import {createMachine, killLeftovers, type Machine} from './machine.ts';
import {serveMetadata} from './metadata.ts';
import type {GroupAccess} from './metadata-groups.ts';
import {parseGroup, parseMachine} from './parse.ts';
import {freeSlot, nextName, surplus} from './reconcile.ts';
import {Refused} from './refused.ts';
import type {Boot, CloudEvent, CloudSpec, GroupSpec, MachineRecord, MachineView} from './types.ts';

export type CloudDeps = {
	/** Absolute path of clusters/UID. */
	folder: string;
	spec: CloudSpec;
	boot: Boot;
	/** Public keys for the metadata service, SPKI DER in base64. */
	keys: {maker: string; release: string};
};

export type Cloud = {
	spec(): CloudSpec;
	setInitSecretHash(hash: string): void;
	groups(): GroupSpec[];
	machines(): MachineView[];
	machine(name: string): Machine;
	/** Whether the load balancer sends new connections to the machine. */
	setDraining(name: string, draining: boolean): void;
	/** Makes the group what it should be: machines are made and removed, survivors stay as they are. Resolves when all have booted. */
	applyGroup(group: GroupSpec): Promise<{added: string[]; removed: string[]; failed: MachineView[]}>;
	deleteGroup(name: string): Promise<string[]>;
	/** New machines of the group get this image; those there are keep theirs. */
	setImage(group: string, image: string): void;
	/** With the token of a machine of the group that is there: its name, and nothing is made. */
	createNode(group: string, token?: string): Promise<string>;
	deleteNode(name: string): Promise<void>;
	startAll(): Promise<MachineView[]>;
	stopAll(): Promise<void>;
	subscribe(listener: (event: CloudEvent) => void): () => void;
	/** Switches all machines off and closes every listener. */
	close(): Promise<void>;
};

/** The miniature cloud of one cluster: its groups, machines and load balancer. Rejects when the load balancer cannot listen. */
export const openCloud = async (deps: CloudDeps): Promise<Cloud> => {
	const {folder} = deps;
	let {spec} = deps;
	const listeners = new Set<(event: CloudEvent) => void>();
	const emit = (event: CloudEvent) => {
		for (const listener of listeners) listener(event);
	};
	const machines = new Map<string, Machine>();
	const groups = new Map<string, GroupSpec>();
	/** How many names each role has had. */
	const named = {'control-plane': 0, worker: 0};
	let turn: Promise<unknown> = Promise.resolve();

	const saveGroups = () => writeJson(join(folder, 'groups.json'), {named, groups: [...groups.values()]});
	const records = () => [...machines.values()].map(machine => machine.record());
	const folderOf = (name: string) => join(folder, 'machines', name);
	const open = (record: MachineRecord): Machine => {
		const machine = createMachine(record, {
			folder: folderOf(record.name),
			spec: () => spec,
			boot: deps.boot,
			emit,
			serveMetadata: (self, at, log) =>
				serveMetadata(shortPath(join(at, 'metadata.sock')), {
					self: () => instanceOf(spec.uid, spec.network, self.record()),
					list: () => records().map(each => instanceOf(spec.uid, spec.network, each)),
					initSecretHash: () => spec.initSecretHash,
					loadBalancer: service => spec.loadBalancer[service as ServiceName],
					disk: () => ({uuid: self.record().diskUuid, store: join(folder, 'store.db')}),
					keys: () => deps.keys,
					log,
					groups: () => (self.record().role === 'control-plane' ? access : undefined),
				}),
		});
		machines.set(record.name, machine);
		return machine;
	};
	const access: GroupAccess = {
		list: () => cloud.groups(),
		machines: () => cloud.machines(),
		setImage: (group, image) => cloud.setImage(group, image),
		setSize: (name, size) => cloud.applyGroup({...findGroup(name), size}),
		createNode: (group, token) => cloud.createNode(group, token),
		deleteNode: name => cloud.deleteNode(name),
		setDraining: (name, draining) => cloud.setDraining(name, draining),
	};
	const make = (group: GroupSpec, token?: string): Machine => {
		const name = nextName(group.role, named[group.role]++);
		const record: MachineRecord = {
			name,
			group: group.name,
			role: group.role,
			image: group.image,
			slot: freeSlot(records()),
			diskUuid: randomUUID(),
			...(token !== undefined && {token}),
		};
		saveGroups();
		mkdirSync(folderOf(name), {recursive: true, mode: 0o700});
		writeJson(join(folderOf(name), 'machine.json'), record);
		return open(record);
	};
	const members = (group: string) =>
		[...machines.values()].filter(machine => machine.record().group === group).map(machine => machine.view());
	const find = (name: string): Machine => {
		const machine = machines.get(name);
		if (machine === undefined) throw new Refused(404, 'no-such-machine', `there is no machine ${name}`);
		return machine;
	};
	const findGroup = (name: string): GroupSpec => {
		const group = groups.get(name);
		if (group === undefined) throw new Refused(404, 'no-such-group', `there is no node group ${name}`);
		return group;
	};
	const viewOf = (machine: Machine): MachineView => ({
		...machine.view(),
		...(balancer.isDraining(machine.record().name) && {draining: true}),
	});
	const views = () => [...machines.values()].map(viewOf).toSorted(byName);
	const remove = async (name: string, gently = true) => {
		const machine = find(name);
		// A node may end in order what it serves only where there is a control plane left to go on.
		const others = [...machines.values()].filter(each => each !== machine).map(each => each.view());
		balancer.setDraining(name, true);
		await machine.remove(gently && others.some(({role, state}) => role === 'control-plane' && state === 'running'));
		machines.delete(name);
		balancer.setDraining(name, false);
	};
	/** Group changes happen one after the other, whoever asks. */
	const inTurn = <T>(job: () => Promise<T>): Promise<T> => {
		const result = turn.then(job);
		// The next one waits for this one, however it ends; its caller gets the error.
		turn = result.catch(() => undefined);
		return result;
	};

	const stored = readJson(join(folder, 'groups.json'));
	if (typeof stored === 'object' && stored !== null && 'groups' in stored && Array.isArray(stored.groups)) {
		for (const entry of stored.groups as unknown[]) {
			const {name} = entry as {name?: unknown};
			if (typeof name === 'string') groups.set(name, parseGroup(name, entry));
		}
	}
	for (const record of storedMachines(folder)) {
		// Whatever still runs of it has lost its TPM and its metadata with the service that held them.
		killLeftovers(folderOf(record.name), record);
		open(record);
		named[record.role] = Math.max(named[record.role], Number(record.name.slice(record.name.lastIndexOf('-') + 1)) + 1);
	}
	const counted = (stored as {named?: Partial<typeof named>} | undefined)?.named;
	for (const role of ['control-plane', 'worker'] as const) named[role] = Math.max(named[role], counted?.[role] ?? 0);

	const balancer: LoadBalancer = await startLoadBalancer(spec.loadBalancer, service =>
		records()
			.filter(record => record.role === 'control-plane')
			.map(record => ({name: record.name, endpoint: endpointsOf(spec.network, record.slot)[service]})),
	);

	/** Which machines there are is settled one change after the other; then those of all groups boot side by side. */
	const setSize = async (group: GroupSpec) => {
		const {added, removed} = await inTurn(async () => {
			groups.set(group.name, group);
			saveGroups();
			const leaving = surplus(members(group.name), group.size);
			await Promise.all(leaving.map(each => remove(each)));
			const missing = Math.max(0, group.size - members(group.name).length);
			return {added: Array.from({length: missing}, () => make(group)), removed: leaving};
		});
		await Promise.all(added.map(machine => machine.start()));
		return {
			added: added.map(machine => machine.record().name),
			removed,
			failed: members(group.name).filter(view => view.state === 'failed'),
		};
	};

	const cloud: Cloud = {
		spec: () => spec,
		setInitSecretHash(initSecretHash) {
			spec = {...spec, initSecretHash};
			writeJson(join(folder, 'spec.json'), spec);
		},
		groups: () => [...groups.values()],
		machines: views,
		setDraining(name, draining) {
			balancer.setDraining(find(name).record().name, draining);
		},
		machine: find,
		applyGroup: setSize,
		deleteGroup: name =>
			inTurn(async () => {
				const leaving = members(name).map(view => view.name);
				await Promise.all(leaving.map(each => remove(each, false)));
				groups.delete(name);
				saveGroups();
				return leaving;
			}),
		setImage(name, image) {
			groups.set(name, {...findGroup(name), image});
			saveGroups();
		},
		createNode: (name, token) =>
			inTurn(async () => {
				const group = findGroup(name);
				const known = [...machines.values()].find(
					machine => token !== undefined && machine.record().token === token && machine.record().group === name,
				);
				if (known !== undefined) return known.record().name;
				const machine = make(group, token);
				groups.set(name, {...group, size: group.size + 1});
				saveGroups();
				// The caller gets the name before the machine has booted; how that went is in its state.
				void machine.start();
				return Promise.resolve(machine.record().name);
			}),
		deleteNode: name =>
			inTurn(async () => {
				const {group} = find(name).record();
				await remove(name);
				const spec = groups.get(group);
				if (spec !== undefined) groups.set(group, {...spec, size: Math.max(0, spec.size - 1)});
				saveGroups();
			}),
		async startAll() {
			await Promise.all([...machines.values()].map(machine => machine.start()));
			return views();
		},
		async stopAll() {
			await Promise.all([...machines.values()].map(machine => machine.stop()));
		},
		subscribe(listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		async close() {
			balancer.close();
			await Promise.all([...machines.values()].map(machine => machine.stop()));
		},
	};
	return cloud;
};

/** Control planes first, each role by number. */
const byName = (a: MachineView, b: MachineView): number =>
	a.role.localeCompare(b.role) || a.name.localeCompare(b.name, 'en', {numeric: true});

/** The records of the machines in clusters/UID/machines; a folder without a readable record was never started and is removed. */
export const storedMachines = (folder: string): MachineRecord[] => {
	const parent = join(folder, 'machines');
	if (!existsSync(parent)) return [];
	const found: MachineRecord[] = [];
	for (const name of readdirSync(parent)) {
		const record = parseMachine(readJson(join(parent, name, 'machine.json')));
		if (record?.name === name) found.push(record);
		else rmSync(join(parent, name), {recursive: true, force: true});
	}
	return found.toSorted((a, b) => a.slot - b.slot);
};
