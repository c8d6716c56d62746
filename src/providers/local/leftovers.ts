import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {isAlive, isProcessRecord, processesIn} from '../../process.ts';
import {clusterFolder, clusterUids, readClusterFile} from './cluster-folder.ts';
import {type LocalNetwork, networkOf} from './network.ts';

/** What a local cluster has on this computer, told from its own records and not from Terraform's state. */
export type ClusterRecords = {
	uid: string;
	folder: string;
	/** Name of the cluster, once its machine service was started. */
	name?: string;
	/** The workspace that made it. */
	workspace?: string;
	/** Process of the machine service, if it lives. */
	service?: number;
	machines: {name: string; alive: boolean}[];
	/** Living processes that work in the cluster's folder, whoever started them (Linux). */
	processes: number[];
	network?: LocalNetwork;
};

/** The records of one cluster; undefined when nothing of it is left. */
export const clusterRecords = async (dataHome: string, uid: string): Promise<ClusterRecords | undefined> => {
	const folder = clusterFolder(dataHome, uid);
	const network = await networkOf(dataHome, uid);
	const exists = (await clusterUids(dataHome)).includes(uid);
	const processes = processesIn(folder).map(process => process.pid);
	if (!exists && network === undefined && processes.length === 0) return undefined;
	const name = member(await readClusterFile(dataHome, uid, 'spec.json'), 'name');
	const workspace = member(await readClusterFile(dataHome, uid, 'owner.json'), 'workspace');
	const service = await readClusterFile(dataHome, uid, 'service.json');
	const names = await readdir(join(folder, 'machines')).catch(() => []);
	const machines = await Promise.all(
		names.toSorted().map(async each => {
			const record = member(await readClusterFile(dataHome, uid, join('machines', each, 'machine.json')), 'process');
			return {name: each, alive: isProcessRecord(record) && isAlive(record)};
		}),
	);
	return {
		uid,
		folder,
		...(typeof name === 'string' && {name}),
		...(typeof workspace === 'string' && {workspace}),
		...(isProcessRecord(service) && isAlive(service) && {service: service.pid}),
		machines,
		processes,
		...(network && {network}),
	};
};

/** The records of every local cluster of this user. */
export const allClusterRecords = async (dataHome: string): Promise<ClusterRecords[]> => {
	const found = await Promise.all((await clusterUids(dataHome)).map(uid => clusterRecords(dataHome, uid)));
	return found.filter(records => records !== undefined);
};

const member = (value: unknown, name: string): unknown =>
	typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
