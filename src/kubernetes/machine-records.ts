import type {NodeRole} from '../events.ts';
import {type Kube, KubeError, type KubeObject} from './kube.ts';
import {inNamespace, resources} from './resources.ts';

/** What the cluster remembers of a machine under the digest of its attestation key (lower-case hex SHA-256). */
export type RecordedMachine = {
	diskUuid: string;
	name: string;
	role: NodeRole;
	since: string;
	retired?: boolean;
	/** Version of the image by whose policy a JoinService last accepted the machine's evidence. */
	image?: string;
};
export type MachineRecords = ReadonlyMap<string, RecordedMachine>;

const resource = inNamespace(resources.configMaps, 'kube-system');
const objectName = 'join-identities';
const attempts = 8;

const find = async (kube: Kube): Promise<KubeObject | undefined> => {
	try {
		return await kube.get(resource, objectName);
	} catch (error) {
		if (error instanceof KubeError && error.code === 404) return undefined;
		throw error;
	}
};

/** Entries were written by a JoinService; one that cannot be read must not be skipped, it may be the one that matters. */
const recordsOf = (object: KubeObject | undefined): MachineRecords => {
	const data = (object?.['data'] ?? {}) as Record<string, string>;
	return new Map(Object.entries(data).map(([key, text]) => [key, JSON.parse(text) as RecordedMachine]));
};

/** The machines that joined this cluster. Throws KubeError. */
export const readMachineRecords = async (kube: Kube): Promise<MachineRecords> => recordsOf(await find(kube));

/**
 * Changes the records; `edit` gives undefined when nothing is to be changed and is asked again when somebody else was faster.
 * Throws KubeError 409 when that happens too often.
 */
export const changeMachineRecords = async (
	kube: Kube,
	edit: (records: MachineRecords) => MachineRecords | undefined,
): Promise<void> => {
	for (let attempt = 1; ; attempt += 1) {
		const object = await find(kube);
		const next = edit(recordsOf(object));
		if (!next) return;
		const data = Object.fromEntries([...next].map(([key, record]) => [key, JSON.stringify(record)]));
		try {
			await write(kube, object, data);
			return;
		} catch (error) {
			if (!(error instanceof KubeError && error.code === 409) || attempt === attempts) throw error;
		}
	}
};

const write = async (kube: Kube, object: KubeObject | undefined, data: Record<string, string>): Promise<void> => {
	const metadata = {name: objectName, namespace: 'kube-system'};
	if (object) await kube.update(resource, {...object, data});
	else await kube.create(resource, {apiVersion: 'v1', kind: 'ConfigMap', metadata, data});
};

/**
 * Retires the machines that had these names, after their nodes were taken out of the cluster: their keys and disks get no ticket
 * ever again, the names are free for new machines.
 */
export const retireMachines = (kube: Kube, names: readonly string[]): Promise<void> =>
	changeMachineRecords(kube, records => {
		const found = [...records].filter(([, record]) => names.includes(record.name) && !record.retired);
		if (found.length === 0) return undefined;
		return new Map([...records, ...found.map(([key, record]) => [key, {...record, retired: true}] as const)]);
	});
