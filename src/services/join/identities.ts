import {type Kube, KubeError} from '../../kubernetes/kube.ts';
import {
	changeMachineRecords,
	type MachineRecords,
	type RecordedMachine,
	readMachineRecords,
} from '../../kubernetes/machine-records.ts';
import {denied, notNow} from './errors.ts';

/** One machine as the cluster knows it: the digest of its attestation key, its disk, its name and its role belong together. */
export type MachineRecord = {
	/** Lower-case hex SHA-256. */
	attestationKey: string;
	/** Version of the image that its evidence showed. */
	image: string;
} & Pick<RecordedMachine, 'diskUuid' | 'name' | 'role'>;

export type Identities = {
	/** Records a machine at its first ticket. Throws RpcError PERMISSION_DENIED when any part belongs to another machine. */
	claim: (record: MachineRecord) => Promise<void>;
	/** Throws RpcError PERMISSION_DENIED unless exactly this machine was recorded before. */
	confirm: (record: MachineRecord) => Promise<void>;
	/** The name of the machine that joined with a disk, if one did. */
	nameOf: (diskUuid: string) => Promise<string | undefined>;
};

/** The records are kept in Kubernetes, so that every JoinService decides alike. */
export const identitiesIn = (kube: Kube, now: () => number = Date.now): Identities => ({
	claim: record =>
		changeMachineRecords(kube, records => {
			const known = records.get(record.attestationKey);
			checkOwn(known, record);
			checkOthers(records, record);
			return withRecord(records, record, {...known, since: known?.since ?? new Date(now()).toISOString()});
		}).catch(askAgainAfterRace),
	confirm: record =>
		changeMachineRecords(kube, records => {
			const known = records.get(record.attestationKey);
			if (!known) throw denied('this machine has not joined the cluster');
			checkOwn(known, record);
			return withRecord(records, record, known);
		}).catch(askAgainAfterRace),
	nameOf: async diskUuid => {
		const records = await readMachineRecords(kube);
		return [...records.values()].find(record => record.diskUuid === diskUuid)?.name;
	},
});

/** The records with this one in it; undefined when it is there as it is. */
const withRecord = (
	records: MachineRecords,
	{attestationKey, ...record}: MachineRecord,
	kept: Pick<RecordedMachine, 'since'>,
): MachineRecords | undefined => {
	if (records.get(attestationKey)?.image === record.image) return undefined;
	return new Map([...records, [attestationKey, {...kept, ...record}]]);
};

const checkOwn = (known: RecordedMachine | undefined, record: MachineRecord): void => {
	if (!known) return;
	if (known.retired) throw denied('this machine was retired');
	if (known.diskUuid !== record.diskUuid) throw denied('this machine joined with another disk');
	if (known.name !== record.name) throw denied('this machine joined under another name');
	if (known.role !== record.role) throw denied('this machine joined with another role');
};

const checkOthers = (records: MachineRecords, record: MachineRecord): void => {
	for (const [key, other] of records) {
		if (key === record.attestationKey) continue;
		if (other.diskUuid === record.diskUuid) throw denied('the disk belongs to another machine');
		if (other.name === record.name && !other.retired) throw denied('the name belongs to another machine');
	}
};

const askAgainAfterRace = (error: unknown): never => {
	if (error instanceof KubeError && error.code === 409) throw notNow('too many machines join at once, try again');
	throw error;
};
