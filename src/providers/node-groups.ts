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
};

/** Groups of machines of one provider: what scaling, the operator and upgrades use everywhere. */
export type NodeGroups = {
	list(): Promise<NodeGroup[]>;
	get(name: string): Promise<NodeGroup>;
	setImage(name: string, image: string): Promise<void>;
	setSize(name: string, size: number): Promise<void>;
	/** Makes one machine from the group's template; resolves with its name before it has booted. */
	createNode(group: string): Promise<string>;
	deleteNode(name: string): Promise<void>;
	machines(): Promise<Machine[]>;
};
