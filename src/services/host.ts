import type {NodeRole} from '../events.ts';

/** What the provider says of a machine. Hints, never proof. */
export type Instance = {
	name: string;
	role: NodeRole;
	uid: string;
	/** Address of the machine inside the cluster network. */
	address: string;
	providerId: string;
	/** host:port of the services of this machine, by service. */
	endpoints: Readonly<Record<ServiceName, string>>;
};

export const serviceNames = ['bootstrapper', 'join', 'verify', 'verify-http', 'recovery', 'kubernetes', 'kubelet'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The provider's metadata service as one node sees it. */
export type Metadata = {
	self(): Promise<Instance>;
	list(): Promise<Instance[]>;
	/** bcrypt hash of the init secret. */
	initSecretHash(): Promise<string>;
	/** host:port of the load balancer for a service. */
	loadBalancer(service: ServiceName): Promise<string>;
};

/** The node's own disk: one encrypted state file and a folder for what needs no protection (logs, sockets). */
export type Disk = {
	/** Lower-case UUID that names the disk's key. */
	uuid(): Promise<string>;
	/** Whether a state was written before (by an earlier boot). */
	isFormatted(): Promise<boolean>;
	/** Decrypts the state; throws when the key is wrong. Key: 32 bytes. */
	open(key: Uint8Array): Promise<Uint8Array>;
	/** Encrypts and writes the state, fsynced and atomic. Key: 32 bytes. */
	save(key: Uint8Array, state: Uint8Array): Promise<void>;
	/** A folder of this node for logs, sockets and service files, mode 0700. */
	folder: string;
};
