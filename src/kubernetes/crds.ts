import type {KubeObject} from './kube.ts';
import {updateGroup, updateVersion} from './resources.ts';

type Schema = Record<string, unknown>;

const text = (description: string, extra: Schema = {}): Schema => ({type: 'string', description, ...extra});
const flag = (description: string): Schema => ({type: 'boolean', description});
const count = (description: string, format = 'int32'): Schema => ({type: 'integer', format, description});
const time = (description: string): Schema => ({type: 'string', format: 'date-time', description});
const record = (description: string, properties: Record<string, Schema>, required: readonly string[] = []): Schema => ({
	type: 'object',
	description,
	properties,
	...(required.length > 0 && {required}),
});

const reference = record('A Node or PendingNode.', {
	apiVersion: text('API version of the object.'),
	fieldPath: text('A field inside the object.'),
	kind: text('Kind of the object.'),
	name: text('Name of the object.'),
	namespace: text('Namespace of the object.'),
	resourceVersion: text('Version of the object when it was listed.'),
	uid: text('UID of the object.'),
});
const references = (description: string): Schema => ({type: 'array', description, items: reference});

const conditions: Schema = {
	type: 'array',
	description: 'One condition of the type Outdated.',
	items: record(
		'What was observed, and since when.',
		{
			lastTransitionTime: time('When the status last changed.'),
			message: text('For people.', {maxLength: 32768}),
			observedGeneration: {...count('Generation of the spec that was looked at.', 'int64'), minimum: 0},
			reason: text('For programs.', {maxLength: 1024, minLength: 1, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$'}),
			status: text('Whether it holds.', {enum: ['True', 'False', 'Unknown']}),
			type: text('What the condition is about.', {maxLength: 316}),
		},
		['lastTransitionTime', 'message', 'reason', 'status', 'type'],
	),
};

type Column = {name: string; type: string; jsonPath: string};
const age: Column = {name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp'};
const column = (name: string, jsonPath: string, type = 'string'): Column => ({name, type, jsonPath});

function definition(
	kind: string,
	plural: string,
	description: string,
	spec: Schema,
	status: Schema,
	columns: Column[],
	{group, version, shortNames}: {group: string; version: string; shortNames?: string[]} = {
		group: updateGroup,
		version: updateVersion,
	},
): KubeObject {
	return {
		apiVersion: 'apiextensions.k8s.io/v1',
		kind: 'CustomResourceDefinition',
		metadata: {name: `${plural}.${group}`},
		spec: {
			group,
			names: {kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), ...(shortNames && {shortNames})},
			scope: 'Cluster',
			versions: [
				{
					name: version,
					served: true,
					storage: true,
					schema: {
						openAPIV3Schema: record(description, {
							apiVersion: text('Version of the schema of this object.'),
							kind: text('Which resource this object is.'),
							metadata: {type: 'object'},
							spec,
							status,
						}),
					},
					additionalPrinterColumns: [...columns, age],
					subresources: {status: {}},
				},
			],
		},
	};
}

const nodeVersion = definition(
	'NodeVersion',
	'nodeversions',
	'The image and Kubernetes version that every node of the cluster should have.',
	record('What the nodes should run.', {
		image: text('Reference of the node image at the provider.'),
		imageVersion: text('Version of the image, such as v2.9.1.'),
		kubernetesComponentsReference: text('ConfigMap that lists the Kubernetes components.'),
		kubernetesClusterVersion: text('Version of Kubernetes, such as v1.32.9.'),
	}),
	record(
		'How far the nodes are.',
		{
			outdated: references('Nodes that run something older.'),
			upToDate: references('Nodes that run what they should.'),
			donors: references('Outdated nodes that are being replaced.'),
			heirs: references('New nodes that replace a donor.'),
			mints: references('New nodes that replace none yet.'),
			awaitingAnnotation: references('Nodes of which the image is not known yet.'),
			pending: references('Nodes that are joining or leaving.'),
			obsolete: references('New nodes that are not needed.'),
			invalid: references('Nodes that cannot be judged.'),
			budget: {...count('How many nodes may be added now.'), minimum: 0},
			conditions,
			activeclusterversionupgrade: flag('Whether the Kubernetes version is being changed.'),
		},
		['budget', 'conditions'],
	),
	[column('Image', '.spec.imageVersion'), column('Kubernetes', '.spec.kubernetesClusterVersion')],
);

const scalingGroup = definition(
	'ScalingGroup',
	'scalinggroups',
	'A group of equal machines at the provider.',
	record('Which group it is.', {
		nodeImage: text('Name of the NodeVersion that the group follows.'),
		groupId: text('ID of the group at the provider.'),
		autoscalerGroupName: text('Name of the group for the autoscaler.'),
		nodeGroupName: text('Name of the node group in the configuration.'),
		autoscaling: flag('Whether the autoscaler may change the group.'),
		min: count('Fewest machines.'),
		max: count('Most machines.'),
		role: text('Role of the nodes.', {enum: ['Worker', 'ControlPlane']}),
	}),
	record('What new machines of the group get.', {imageReference: text('Image of new machines.'), conditions}, ['conditions']),
	[column('Role', '.spec.role'), column('Min', '.spec.min', 'integer'), column('Max', '.spec.max', 'integer')],
);

const autoscalingStrategy = definition(
	'AutoscalingStrategy',
	'autoscalingstrategies',
	'Whether and by which deployment the cluster is scaled automatically.',
	record(
		'What should be.',
		{
			enabled: flag('Whether the autoscaler runs.'),
			deploymentName: text('Deployment of the autoscaler.'),
			deploymentNamespace: text('Namespace of the deployment.'),
			autoscalerExtraArgs: {
				type: 'object',
				description: 'More arguments of the autoscaler.',
				additionalProperties: {type: 'string'},
			},
		},
		['enabled', 'deploymentName', 'deploymentNamespace'],
	),
	record('What is.', {enabled: flag('Whether the autoscaler runs.'), replicas: count('Replicas of the autoscaler.')}),
	[column('Enabled', '.spec.enabled', 'boolean')],
);

const pendingNode = definition(
	'PendingNode',
	'pendingnodes',
	'A machine that should join or leave the cluster.',
	record('Which machine, and what it should do.', {
		providerID: text('ID of the machine at the provider.'),
		groupID: text('ID of its group at the provider.'),
		nodeName: text('Name of the node.'),
		goal: text('What the machine should do.', {enum: ['Join', 'Leave']}),
		deadline: time('When the operator gives up.'),
	}),
	record('How far it is.', {
		cspState: text('State of the machine at the provider.', {
			enum: ['Unknown', 'Creating', 'Ready', 'Stopped', 'Terminating', 'Terminated', 'Failed'],
		}),
		reachedGoal: flag('Whether the machine has joined or left.'),
	}),
	[column('Node', '.spec.nodeName'), column('Goal', '.spec.goal'), column('State', '.status.cspState')],
);

const joiningNode = definition(
	'JoiningNode',
	'joiningnodes',
	'A node that was given a join ticket and is not in the cluster yet.',
	record('Which node joins.', {
		name: text('Name of the node.'),
		componentsreference: text('ConfigMap that lists the Kubernetes components of the node.'),
		iscontrolplane: flag('Whether the node joins the control plane.'),
		deadline: time('When the object is removed if the node has not appeared.'),
	}),
	record('Empty: the object is deleted once the node is there.', {}),
	[column('Node', '.spec.name'), column('Control plane', '.spec.iscontrolplane', 'boolean')],
);

const nodeMaintenance = definition(
	'NodeMaintenance',
	'nodemaintenances',
	'A node that is being emptied before it leaves the cluster.',
	record('Which node, and why.', {nodeName: text('Name of the node.'), reason: text('Why it is emptied.')}, ['nodeName']),
	record('How far it is.', {
		phase: text('Whether the node still has pods to lose.', {enum: ['Running', 'Succeeded', 'Failed']}),
		drainProgress: count('Pods that are gone, in percent of those that had to go.'),
		lastUpdate: time('When this was written.'),
		lastError: text('Why the node is not empty yet.'),
		pendingPods: {type: 'array', description: 'Pods that still have to go.', items: text('Name of a pod.')},
		totalpods: count('Pods that were on the node at the start.'),
		evictionPods: count('Pods that had to go at the start.'),
		errorOnLeaseCount: count('Failures to take the lease of the node.'),
	}),
	[
		column('Node', '.spec.nodeName'),
		column('Phase', '.status.phase'),
		column('Progress', '.status.drainProgress', 'integer'),
		column('Error', '.status.lastError'),
	],
	{group: 'nodemaintenance.medik8s.io', version: 'v1beta1', shortNames: ['nm']},
);

/** The CustomResourceDefinitions of group update.edgeless.systems, version v1alpha1, as v2.9 names them, and NodeMaintenance of medik8s. */
export const updateDefinitions: readonly KubeObject[] = [
	nodeVersion,
	scalingGroup,
	autoscalingStrategy,
	pendingNode,
	joiningNode,
	nodeMaintenance,
];
