import path from 'node:path';
import {z} from 'zod';
import type {Flow} from '../events.ts';
import {controlSocket, prepareClusterFolder, readClusterFile} from '../providers/local/cluster-folder.ts';
import {cloudStatus} from '../providers/local/control.ts';
import {machineLanes} from '../providers/local/lanes.ts';
import {type ClusterRecords, clusterRecords} from '../providers/local/leftovers.ts';
import {
	imageMachineProgram,
	removeMachineService,
	startMachineService,
	stopMachineService,
} from '../providers/local/machine-program.ts';
import {claimNetwork, loadBalancerOf, releaseNetwork} from '../providers/local/network.ts';
import {localNodeGroups} from '../providers/local/node-groups.ts';
import {localPreflight} from '../providers/local/preflight.ts';
import {describeLocalChange, localVariables} from '../providers/local/variables.ts';
import type {Machine} from '../providers/node-groups.ts';
import {readText} from '../workspace/files.ts';
import type {Provider} from './dependencies.ts';

const recordSchema = z.object({
	name: z.string(),
	group: z.string(),
	role: z.enum(['control-plane', 'worker']),
	image: z.string(),
});

/** The cloud in miniature on this computer, as flows see it. */
export function localProvider(dataHome: string, workspace: string, env: NodeJS.ProcessEnv): Provider {
	const machineFile = (name: string, file: string) => path.join('machines', name, file);

	/** What the records say while the machine service is off. */
	async function storedMachines({uid, machines}: ClusterRecords): Promise<Machine[]> {
		const records = await Promise.all(
			machines.map(({name}) => readClusterFile(dataHome, uid, machineFile(name, 'machine.json'))),
		);
		return records
			.map(record => recordSchema.safeParse(record))
			.flatMap(({data}) =>
				data === undefined ? [] : [{...data, address: '', state: 'stopped' as const, detail: 'switched off'}],
			);
	}

	return {
		async *preflight(): Flow<void> {
			const mayDownload = () => Promise.resolve(env.CONSTELLATION_DOWNLOAD_OPENTOFU === '1');
			yield* localPreflight({dataHome, workspace, env, mayDownload});
		},
		makerKey: uid => prepareClusterFolder(dataHome, uid, workspace),
		async module({name, uid, image, nodeGroups, initSecretHash}) {
			const network = await claimNetwork(dataHome, uid);
			const program = imageMachineProgram(image);
			return {
				variables: localVariables({name, uid, nodeGroups, initSecretHash, dataHome, network, program}),
				opens: Object.entries(loadBalancerOf(network)).map(([service, endpoint]) => `${endpoint} ${service}`),
			};
		},
		describe: describeLocalChange,
		async machines(uid) {
			const status = await cloudStatus(controlSocket(dataHome, uid));
			if (status !== undefined) return status.machines;
			const records = await clusterRecords(dataHome, uid);
			return records === undefined ? undefined : storedMachines(records);
		},
		events: (uid, signal) => machineLanes(controlSocket(dataHome, uid), signal),
		async *start(uid) {
			yield* startMachineService(dataHome, uid);
			await localNodeGroups(controlSocket(dataHome, uid)).startAll();
		},
		stop: uid => stopMachineService(dataHome, uid),
		async leftovers(uid) {
			const records = await clusterRecords(dataHome, uid);
			if (records === undefined) return [];
			const {service, machines, processes, network} = records;
			const others = processes.filter(pid => pid !== service).length;
			return [
				...(service === undefined ? [] : [`machine service (process ${service})`]),
				...machines.map(({name}) => `machine ${name}`),
				...(others === 0 ? [] : [`${others} ${others === 1 ? 'process' : 'processes'}`]),
				...(network === undefined ? [] : ['claim of addresses']),
			];
		},
		async *removeLeftovers(uid) {
			yield* removeMachineService(dataHome, uid);
			await releaseNetwork(dataHome, uid);
		},
		async bootLog(uid, machine) {
			const file = path.join(path.dirname(controlSocket(dataHome, uid)), machineFile(machine, 'serial.log'));
			const text = await readText(file, 64 * 1024 * 1024).catch(() => undefined /* A report lives without it. */);
			return (text ?? '').split('\n').slice(-100);
		},
	};
}
