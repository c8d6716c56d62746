import {malformed} from './errors.ts';

/** Name of the JoiningNode that admits one control plane at a time; no node may be called so. */
export const mutexName = 'control-plane';

const pattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const maximumLength = 63;

/**
 * The Kubernetes name of a machine: lower case, underscores as hyphens, a DNS label. Throws RpcError INVALID_ARGUMENT for
 * anything else, also for the name that is reserved for the mutex.
 */
export const nodeName = (machine: string): string => {
	const name = machine.toLowerCase().replaceAll('_', '-');
	if (name.length > maximumLength || !pattern.test(name)) throw malformed('the node name is not a DNS label');
	if (name === mutexName) throw malformed(`the node name ${mutexName} is reserved`);
	return name;
};
