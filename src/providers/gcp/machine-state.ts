import type {MachineState} from '../node-groups.ts';

/** `status` of instances (compute/v1). TERMINATED is what Google calls a machine that is off: its disks are kept. */
const states: Readonly<Record<string, MachineState>> = {
	PENDING: 'creating',
	PROVISIONING: 'creating',
	STAGING: 'creating',
	RUNNING: 'running',
	PENDING_STOP: 'stopped',
	STOPPING: 'stopped',
	SUSPENDING: 'stopped',
	SUSPENDED: 'stopped',
	REPAIRING: 'stopped',
	TERMINATED: 'stopped',
	DEPROVISIONING: 'terminating',
};

/** State of a machine that a group manages; without a status the instance is still to be made. */
export const googleMachineState = (status: string | undefined, action: string | undefined): MachineState => {
	if (action === 'DELETING') return 'terminating';
	return status === undefined || status === '' ? 'creating' : (states[status] ?? 'failed');
};
