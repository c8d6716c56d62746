import type {NodeRole} from '../../events.ts';
import type {ProcessRecord} from '../../process.ts';
import type {MachineState} from '../../providers/node-groups.ts';
import type {ServiceName} from '../../services/host.ts';

/** What Terraform tells the machine service of one cluster; kept in spec.json. Holds no secret. */
export type CloudSpec = {
	/** 8 lower-case hex digits. */
	uid: string;
	/** Name of the cluster. */
	name: string;
	network: Network;
	/** host:port of the load balancer by service. */
	loadBalancer: Partial<Record<ServiceName, string>>;
	/** bcrypt hash of the init secret. */
	initSecretHash: string;
	/** Folder that holds images/ and release-key/. */
	dataHome: string;
};

/** `addresses`: a /24 of the loopback network with standard ports. `ports`: 127.0.0.1 with a block of ports from `firstPort`. */
export type Network = {kind: 'addresses'; prefix: string} | {kind: 'ports'; firstPort: number};

export type GroupSpec = {name: string; role: NodeRole; image: string; size: number};

/** The record of one machine, machines/NAME/machine.json. Written before its process is told what to run. */
export type MachineRecord = {
	name: string;
	group: string;
	role: NodeRole;
	image: string;
	/** Position in the network; addresses are given again, names are not. */
	slot: number;
	/** Lower-case UUID. */
	diskUuid: string;
	/** What its making was asked for with: the same asked again is the same machine. */
	token?: string;
	process?: ProcessRecord;
};

export type MachineView = {
	name: string;
	group: string;
	role: NodeRole;
	image: string;
	address: string;
	state: MachineState;
	detail?: string;
	/** The load balancer sends it nothing new. */
	draining?: true;
};

/** What the machine service tells whoever listens, one JSON line each. */
export type CloudEvent =
	| ({type: 'machine'; at: number} & MachineView)
	/** `boot` is the machine service's own word, `node` is the node's. */
	| {type: 'boot' | 'node'; name: string; role: NodeRole; line: string; at: number}
	| {type: 'snapshot-end'; at: number};

/** A machine that was switched on: its process, and how it ended. */
export type Booted = {record: ProcessRecord; ended: Promise<string>};

/** How a machine is switched on: the measured launcher in the product, something small in tests. */
export type Boot = (machine: {
	record: MachineRecord;
	/** Folder of the machine: its working directory. */
	folder: string;
	spec: CloudSpec;
	/** Reports one line of the boot, such as `measured 9 = …`. */
	report: (line: string) => void;
}) => Promise<Booted>;
