import type {NodeRole, PlannedChange} from '../../events.ts';
import {clusterFolder} from './cluster-folder.ts';
import {type LocalNetwork, loadBalancerOf} from './network.ts';

export type LocalVariables = {
	name: string;
	uid: string;
	/** Groups by name, such as control_plane_default. */
	nodeGroups: Readonly<Record<string, {role: NodeRole; image: string; count: number}>>;
	/** bcrypt hash: the secret itself never goes through Terraform. */
	initSecretHash: string;
	dataHome: string;
	network: LocalNetwork;
	/** Runtime and program that start the machine service: those of the image, which stay when the tool is updated. */
	program: {runtime: string; program: string};
	/** Name or address under which users reach the control plane; the load balancer's address when left out. */
	endpoint?: string;
};

/** terraform.tfvars.json of the local provider. */
export const localVariables = ({
	name,
	uid,
	nodeGroups,
	initSecretHash,
	dataHome,
	network,
	program,
	endpoint,
}: LocalVariables) => ({
	name,
	uid,
	node_groups: nodeGroups,
	...(endpoint !== undefined && {control_plane_endpoint: endpoint}),
	init_secret_hash: initSecretHash,
	cloud: {
		folder: clusterFolder(dataHome, uid),
		data_home: dataHome,
		runtime: program.runtime,
		program: program.program,
		network,
		load_balancer: loadBalancerOf(network),
	},
});

/** Tells a planned change in the words of this provider: guards are its own affair, and a changed node group is not a new one. */
export const describeLocalChange = (change: PlannedChange): PlannedChange | undefined => {
	const [, name = '', group] = /^terraform_data\.(\w+)(?:\["(.+)"\])?$/.exec(change.address) ?? [];
	if (name.endsWith('_guard')) return undefined;
	if (name === 'machine_service') return {...change, kind: 'machine service'};
	if (name !== 'node_group' || group === undefined) return change;
	return {...change, action: change.action === 'replace' ? 'update' : change.action, kind: 'node group'};
};
