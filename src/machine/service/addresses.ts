import type {Instance, ServiceName} from '../../services/host.ts';
import type {MachineRecord, Network} from './types.ts';

/** The ports of a node, as in every cluster; `ports` networks count up from the machine's first port in this order. */
export const servicePorts: Readonly<Record<ServiceName, number>> = {
	kubernetes: 6443,
	bootstrapper: 9000,
	recovery: 9999,
	'verify-http': 30080,
	verify: 30081,
	join: 30090,
	kubelet: 10_250,
};

const firstAddress = 10;
const portsEach = 8;
/** In a `ports` network the first block belongs to the load balancer. */
const blocksBefore = 1;

/** Address of the machine in `slot` (from 0). */
export const addressOf = (network: Network, slot: number): string =>
	network.kind === 'addresses' ? `${network.prefix}.${firstAddress + slot}` : '127.0.0.1';

/** host:port of every service of the machine in `slot`. */
export const endpointsOf = (network: Network, slot: number): Record<ServiceName, string> => {
	const address = addressOf(network, slot);
	const at = (service: ServiceName, position: number) =>
		network.kind === 'addresses'
			? `${address}:${servicePorts[service]}`
			: `${address}:${network.firstPort + (blocksBefore + slot) * portsEach + position}`;
	return {
		kubernetes: at('kubernetes', 0),
		bootstrapper: at('bootstrapper', 1),
		recovery: at('recovery', 2),
		'verify-http': at('verify-http', 3),
		verify: at('verify', 4),
		join: at('join', 5),
		kubelet: at('kubelet', 6),
	};
};

/** What the metadata service says of a machine. */
export const instanceOf = (uid: string, network: Network, machine: MachineRecord): Instance => ({
	name: machine.name,
	role: machine.role,
	uid,
	address: addressOf(network, machine.slot),
	providerId: `local://${uid}/${machine.name}`,
	endpoints: endpointsOf(network, machine.slot),
});
