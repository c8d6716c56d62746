import type {NodeRole} from '../events.ts';

/** Where a machine stands, as the provider sees it. */
export type MachineState = 'creating' | 'running' | 'stopped' | 'failed' | 'terminating' | 'terminated';

export type NodeGroup = {name: string; role: NodeRole; image: string; size: number};

export type Machine = {
	name: string;
	group: string;
	role: NodeRole;
	image: string;
	address: string;
	state: MachineState;
	detail?: string;
	/** The load balancer sends it nothing new. */
	draining?: boolean;
};

/** Groups of machines of one provider: what scaling, the operator and upgrades use everywhere. */
export type NodeGroups = {
	list(): Promise<NodeGroup[]>;
	get(name: string): Promise<NodeGroup>;
	setImage(name: string, image: string): Promise<void>;
	setSize(name: string, size: number): Promise<void>;
	/**
	 * Makes one machine from the group's template; resolves with its name before it has booted. Asked again with the token of a machine
	 * that is there, it makes none: whoever was killed before it noted the name learns it.
	 */
	createNode(group: string, token?: string): Promise<string>;
	/** Switches a machine off in order and removes it; resolves when that began or is over. */
	deleteNode(name: string): Promise<void>;
	/** Whether the load balancer sends new connections to a machine; those that are open go on. */
	setDraining(name: string, draining: boolean): Promise<void>;
	machines(): Promise<Machine[]>;
};
