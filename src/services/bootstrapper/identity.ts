import {localRegisters} from '../../attestation/registers.ts';
import type {Tpm} from '../../attestation/tpm/tpm.ts';
import {registerWithClusterId} from '../../keys/derive.ts';
import {equalBytes} from '../../keys/equal.ts';

const zeros = new Uint8Array(32);

/** Whether this machine was started and did not become part of a cluster since. */
export const isFresh = async (tpm: Tpm): Promise<boolean> =>
	equalBytes((await tpm.readPcrs())[localRegisters.cluster] ?? new Uint8Array(), zeros);

/** Binds the machine to a cluster until it is switched off: extends register 15 with the cluster ID and reads it back. */
export const bindToCluster = async (tpm: Tpm, clusterId: Uint8Array): Promise<void> => {
	if (!(await isFresh(tpm))) throw new Error('register 15 is in use: this machine belongs to a cluster already');
	await tpm.extend(localRegisters.cluster, clusterId);
	const actual = (await tpm.readPcrs())[localRegisters.cluster] ?? new Uint8Array();
	if (!equalBytes(actual, registerWithClusterId(zeros, clusterId))) throw new Error('register 15 does not show the cluster ID');
};
