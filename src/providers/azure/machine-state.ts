import type {MachineState} from '../node-groups.ts';

/** Status codes of instance views (Microsoft.Compute), in lower case. A provisioning that succeeded says nothing: the power state does. */
const states: Readonly<Record<string, MachineState>> = {
	'provisioningstate/creating': 'creating',
	'provisioningstate/updating': 'stopped',
	'provisioningstate/migrating': 'stopped',
	'provisioningstate/deleting': 'terminating',
	'provisioningstate/failed': 'failed',
	'provisioningstate/canceled': 'failed',
	'powerstate/starting': 'creating',
	'powerstate/running': 'running',
	'powerstate/stopping': 'stopped',
	'powerstate/stopped': 'stopped',
	'powerstate/deallocating': 'stopped',
	'powerstate/deallocated': 'stopped',
};

/** State by the first status that says one; failures have their reason behind the code (`ProvisioningState/failed/AllocationFailed`). */
export const azureMachineState = (codes: readonly string[]): MachineState => {
	const known = codes.map(code => states[code.toLowerCase().split('/').slice(0, 2).join('/')]);
	return known.find(state => state !== undefined) ?? 'creating';
};
