import type {MachineState} from '../node-groups.ts';

/** `status` of servers (Compute API v2.1). Whatever is under way and serves nobody counts as stopped. */
const states: Readonly<Record<string, MachineState>> = {
	BUILD: 'creating',
	ACTIVE: 'running',
	...Object.fromEntries(
		[
			'REBOOT',
			'HARD_REBOOT',
			'SHUTOFF',
			'SUSPENDED',
			'PAUSED',
			'SHELVED',
			'SHELVED_OFFLOADED',
			'RESCUE',
			'MIGRATING',
			'RESIZE',
			'VERIFY_RESIZE',
			'REVERT_RESIZE',
			'REBUILD',
			'PASSWORD',
		].map(status => [status, 'stopped' as const]),
	),
	SOFT_DELETED: 'terminated',
	DELETED: 'terminated',
};

export const openstackMachineState = (status: string, task: string | null | undefined): MachineState => {
	if (task === 'deleting' || task === 'soft-deleting') return 'terminating';
	return states[status] ?? 'failed';
};
