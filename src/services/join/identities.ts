import type {NodeRole} from '../../events.ts';
import {type Kube, KubeError, type KubeObject} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {missing} from '../missing.ts';
import {denied, notNow} from './errors.ts';

/** One machine as the cluster knows it: the digest of its attestation key, its disk, its name and its role belong together. */
export type MachineRecord = {
	/** Lower-case hex SHA-256. */
	attestationKey: string;
	diskUuid: string;
	name: string;
	role: NodeRole;
};

type Entry = Omit<MachineRecord, 'attestationKey'> & {since: string; retired?: boolean};

export type Identities = {
	/** Records a machine at its first ticket. Throws RpcError PERMISSION_DENIED when any part belongs to another machine. */
	claim: (record: MachineRecord) => Promise<void>;
	/** Throws RpcError PERMISSION_DENIED unless exactly this machine was recorded before. */
	confirm: (record: MachineRecord) => Promise<void>;
	/** The name of the machine that joined with a disk, if one did. */
	nameOf: (diskUuid: string) => Promise<string | undefined>;
};

const resource = inNamespace(resources.configMaps, 'kube-system');
const objectName = 'join-identities';
const attempts = 8;

/** The records, kept in the ConfigMap `join-identities` so that every JoinService decides alike. */
export const identitiesIn = (kube: Kube, now: () => number = Date.now): Identities => ({
	claim: record =>
		change(kube, entries => {
			const known = entries.get(record.attestationKey);
			checkOwn(known, record);
			checkOthers(entries, record);
			if (known) return undefined;
			const {attestationKey, ...rest} = record;
			return new Map([...entries, [attestationKey, {...rest, since: new Date(now()).toISOString()}]]);
		}),
	confirm: async record => {
		const object = await kube.get(resource, objectName).catch(missing);
		const known = entriesOf(object).get(record.attestationKey);
		if (!known) throw denied('this machine has not joined the cluster');
		checkOwn(known, record);
	},
	nameOf: async diskUuid => {
		const entries = entriesOf(await kube.get(resource, objectName).catch(missing));
		return [...entries.values()].find(entry => entry.diskUuid === diskUuid)?.name;
	},
});

/**
 * Retires the machine that had a name, after its node was taken out of the cluster: its key and its disk get no ticket ever
 * again, the name is free for a new machine.
 */
export const retireMachine = (kube: Kube, name: string): Promise<void> =>
	change(kube, entries => {
		const found = [...entries].filter(([, entry]) => entry.name === name && !entry.retired);
		if (found.length === 0) return undefined;
		return new Map([...entries, ...found.map(([key, entry]) => [key, {...entry, retired: true}] as const)]);
	});

const checkOwn = (known: Entry | undefined, record: MachineRecord): void => {
	if (!known) return;
	if (known.retired) throw denied('this machine was retired');
	if (known.diskUuid !== record.diskUuid) throw denied('this machine joined with another disk');
	if (known.name !== record.name) throw denied('this machine joined under another name');
	if (known.role !== record.role) throw denied('this machine joined with another role');
};

const checkOthers = (entries: ReadonlyMap<string, Entry>, record: MachineRecord): void => {
	for (const [key, entry] of entries) {
		if (key === record.attestationKey) continue;
		if (entry.diskUuid === record.diskUuid) throw denied('the disk belongs to another machine');
		if (entry.name === record.name && !entry.retired) throw denied('the name belongs to another machine');
	}
};

const change = async (
	kube: Kube,
	edit: (entries: ReadonlyMap<string, Entry>) => ReadonlyMap<string, Entry> | undefined,
): Promise<void> => {
	for (let attempt = 0; attempt < attempts; attempt += 1) {
		const object = await kube.get(resource, objectName).catch(missing);
		const next = edit(entriesOf(object));
		if (!next) return;
		const data = Object.fromEntries([...next].map(([key, entry]) => [key, JSON.stringify(entry)]));
		if (await written(kube, object, data)) return;
	}
	throw notNow('too many machines join at once, try again');
};

/** False when somebody else was faster; then everything is looked at again. */
const written = async (kube: Kube, object: KubeObject | undefined, data: Record<string, string>): Promise<boolean> => {
	try {
		if (object) await kube.update(resource, {...object, data});
		else {
			const metadata = {name: objectName, namespace: 'kube-system'};
			await kube.create(resource, {apiVersion: 'v1', kind: 'ConfigMap', metadata, data});
		}
		return true;
	} catch (error) {
		if (error instanceof KubeError && error.code === 409) return false;
		throw error;
	}
};

/** Entries were written by a JoinService; one that cannot be read must not be skipped, it may be the one that matters. */
const entriesOf = (object: KubeObject | undefined): Map<string, Entry> => {
	const data = (object?.['data'] ?? {}) as Record<string, string>;
	return new Map(Object.entries(data).map(([key, text]) => [key, JSON.parse(text) as Entry]));
};
