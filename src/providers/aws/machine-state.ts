import type {MachineState} from '../node-groups.ts';

/** `instanceState.name` of EC2. A machine that is being stopped counts as stopped: it serves nobody. */
const states: Readonly<Record<string, MachineState>> = {
	pending: 'creating',
	running: 'running',
	stopping: 'stopped',
	stopped: 'stopped',
	'shutting-down': 'terminating',
	terminated: 'terminated',
};

/** State of a machine of a group. EC2 may not know a machine yet that its group has begun, or no more that it has ended. */
export const awsMachineState = (instance: string | undefined, lifecycle: string | undefined): MachineState => {
	if (instance !== undefined) return states[instance] ?? 'failed';
	return lifecycle?.startsWith('Terminat') === true ? 'terminated' : 'creating';
};
