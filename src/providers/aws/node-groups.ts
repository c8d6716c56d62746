import {
	type AutoScalingClient,
	type AutoScalingGroup,
	paginateDescribeAutoScalingGroups,
	SetDesiredCapacityCommand,
	TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
	CreateLaunchTemplateVersionCommand,
	DescribeLaunchTemplateVersionsCommand,
	type EC2Client,
	type Instance,
	ModifyLaunchTemplateCommand,
	paginateDescribeInstances,
} from '@aws-sdk/client-ec2';
import type {NodeRole} from '../../events.ts';
import {awaited, type Patience} from '../awaited.ts';
import type {Machine, MachineState, NodeGroup, NodeGroups} from '../node-groups.ts';
import {notFound} from '../not-found.ts';

export type AwsClients = {autoScaling: AutoScalingClient; ec2: EC2Client};

const tagKeys = {uid: 'constellation-uid', role: 'constellation-role', group: 'constellation-node-group'};
const newest = '$Default';

/**
 * Node groups of a cluster on AWS: the auto-scaling groups that carry its uid. A machine is named by its instance id, an image is an AMI.
 * The launch template's default version says what the next machine is made from; those that run stay as they are.
 */
export const awsNodeGroups = ({autoScaling, ec2}: AwsClients, uid: string, patience: Patience): NodeGroups => {
	const groups = async (): Promise<AutoScalingGroup[]> => {
		const Filters = [{Name: `tag:${tagKeys.uid}`, Values: [uid]}];
		const found: AutoScalingGroup[] = [];
		for await (const page of paginateDescribeAutoScalingGroups({client: autoScaling}, {Filters}))
			found.push(...(page.AutoScalingGroups ?? []));
		return found;
	};
	const group = async (name: string): Promise<AutoScalingGroup> =>
		(await groups()).find(each => tagOf(each.Tags, tagKeys.group) === name) ?? notFound(`node group ${name}`);

	const described = async (each: AutoScalingGroup): Promise<NodeGroup> => {
		const {LaunchTemplateVersions: [version] = []} = await ec2.send(
			new DescribeLaunchTemplateVersionsCommand({LaunchTemplateId: templateOf(each), Versions: [newest]}),
		);
		return {
			name: tagOf(each.Tags, tagKeys.group) ?? '',
			role: roleOf(tagOf(each.Tags, tagKeys.role)),
			image: version?.LaunchTemplateData?.ImageId ?? '',
			size: each.DesiredCapacity ?? 0,
		};
	};

	/** Machines that carry the uid, the role and a group: what somebody else tagged by hand lacks one of these. */
	const machines = async (): Promise<Machine[]> => {
		const Filters = [{Name: `tag:${tagKeys.uid}`, Values: [uid]}];
		const found: Machine[] = [];
		for await (const page of paginateDescribeInstances({client: ec2}, {Filters})) {
			for (const {Instances: instances = []} of page.Reservations ?? []) found.push(...instances.flatMap(machineOf));
		}
		return found;
	};

	const setSize = async (name: string, size: number): Promise<void> => {
		const {AutoScalingGroupName} = await group(name);
		await autoScaling.send(new SetDesiredCapacityCommand({AutoScalingGroupName, DesiredCapacity: size, HonorCooldown: false}));
	};

	return {
		list: async () => Promise.all((await groups()).map(described)),
		get: async name => described(await group(name)),
		setSize,
		machines,
		// The auto-scaling group takes a machine out of its target groups, and waits for its connections, before it ends it.
		setDraining: () => Promise.resolve(),
		async setImage(name, image) {
			const LaunchTemplateId = templateOf(await group(name));
			const {LaunchTemplateVersion: made} = await ec2.send(
				new CreateLaunchTemplateVersionCommand({
					LaunchTemplateId,
					SourceVersion: newest,
					LaunchTemplateData: {ImageId: image},
					VersionDescription: `image ${image}`,
				}),
			);
			await ec2.send(new ModifyLaunchTemplateCommand({LaunchTemplateId, DefaultVersion: String(made?.VersionNumber ?? '')}));
		},
		// A group has no place for the token of a caller: whoever was killed meanwhile finds the machine among those of the group.
		async createNode(name) {
			const idsOf = async () => ((await group(name)).Instances ?? []).map(({InstanceId: id}) => id ?? '');
			const before = new Set(await idsOf());
			await setSize(name, ((await group(name)).DesiredCapacity ?? 0) + 1);
			return awaited(patience, `a new machine of node group ${name}`, async () => (await idsOf()).find(id => !before.has(id)));
		},
		async deleteNode(name) {
			await autoScaling.send(
				new TerminateInstanceInAutoScalingGroupCommand({InstanceId: name, ShouldDecrementDesiredCapacity: true}),
			);
		},
	};
};

type Tags = readonly {Key?: string | undefined; Value?: string | undefined}[] | undefined;
const tagOf = (tags: Tags, key: string): string | undefined => tags?.find(each => each.Key === key)?.Value;
const roleOf = (text: string | undefined): NodeRole => (text === 'control-plane' ? 'control-plane' : 'worker');
const templateOf = ({LaunchTemplate: template, AutoScalingGroupName: name = ''}: AutoScalingGroup): string =>
	template?.LaunchTemplateId ?? notFound(`launch template of ${name}`);

const machineOf = ({Tags: tags, InstanceId: id, ImageId, PrivateIpAddress: address, State, StateReason}: Instance): Machine[] => {
	const [group, role] = [tagOf(tags, tagKeys.group), tagOf(tags, tagKeys.role)];
	if (id === undefined || group === undefined || role === undefined) return [];
	const detail = StateReason?.Message;
	return [
		{
			name: id,
			group,
			role: roleOf(role),
			image: ImageId ?? '',
			address: address ?? '',
			state: states[State?.Name ?? ''] ?? 'failed',
			...(detail === undefined || detail === '' ? {} : {detail}),
		},
	];
};

const states: Readonly<Record<string, MachineState>> = {
	pending: 'creating',
	running: 'running',
	stopping: 'stopped',
	stopped: 'stopped',
	'shutting-down': 'terminating',
	terminated: 'terminated',
};
