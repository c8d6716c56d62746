import {createHash, randomUUID} from 'node:crypto';
import {
	type AutoScalingClient,
	type AutoScalingGroup,
	LaunchInstancesCommand,
	paginateDescribeAutoScalingGroups,
	SetDesiredCapacityCommand,
	TerminateInstanceInAutoScalingGroupCommand,
	UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
	CreateLaunchTemplateVersionCommand,
	DescribeLaunchTemplateVersionsCommand,
	type EC2Client,
	type Instance,
	type LaunchTemplateVersion,
	ModifyLaunchTemplateCommand,
	paginateDescribeInstances,
} from '@aws-sdk/client-ec2';
import type {NodeRole} from '../../events.ts';
import {awaited, type Patience} from '../awaited.ts';
import type {Machine, NodeGroup, NodeGroups} from '../node-groups.ts';
import {notFound} from '../not-found.ts';
import {ambiguous, cloudText, refused} from '../refusals.ts';
import {asked, awsWords} from './errors.ts';
import {awsMachineState} from './machine-state.ts';

export type AwsClients = {autoScaling: AutoScalingClient; ec2: EC2Client};

const tagKeys = {uid: 'constellation-uid', role: 'constellation-role', group: 'constellation-node-group'};
/** The version of a launch template that its group makes machines from, and the one made last. */
const versions = {used: '$Default', last: '$Latest'};
/** Most values of a filter of DescribeInstances. */
const filterLimit = 200;
const busy = /^(?:ResourceContention|ScalingActivityInProgress|IdempotentCallInProgress)/u;

/**
 * Node groups of a cluster on AWS: the auto-scaling groups that carry its uid. A machine is named by its instance id, an image is an AMI.
 * The launch template's default version says what the next machine is made from; those that run stay as they are. What belongs to a group
 * is what Auto Scaling says: tags that somebody copied make no member.
 */
export const awsNodeGroups = ({autoScaling, ec2}: AwsClients, uid: string, patience: Patience): NodeGroups => {
	const groups = async (): Promise<AutoScalingGroup[]> => {
		const Filters = [{Name: `tag:${tagKeys.uid}`, Values: [uid]}];
		const found = await asked('auto-scaling groups', () =>
			gathered(paginateDescribeAutoScalingGroups({client: autoScaling}, {Filters})),
		);
		const all = found.flatMap(({AutoScalingGroups: page = []}) => page);
		return all.filter(each => groupOf(each) !== '' && tagOf(each, tagKeys.uid) === uid);
	};
	const group = async (name: string): Promise<AutoScalingGroup> => {
		const [found, ...others] = (await groups()).filter(each => groupOf(each) === name);
		if (others.length > 0)
			throw ambiguous(
				`node group ${name}`,
				[found, ...others].map(each => each?.AutoScalingGroupName ?? ''),
			);
		return found ?? notFound(`node group ${name}`);
	};
	/** One change at a time: while one goes on, Auto Scaling refuses the next. */
	const changed = <T extends object>(what: string, change: () => Promise<T>): Promise<T> =>
		awaited(patience, `an end of the changes to ${what}`, () =>
			asked(what, () =>
				change().catch((error: unknown) => {
					if (error instanceof Error && busy.test(error.name)) return undefined;
					throw error;
				}),
			),
		);

	const versionOf = async (each: AutoScalingGroup, version: string): Promise<LaunchTemplateVersion> => {
		const LaunchTemplateId = templateOf(each);
		const query = new DescribeLaunchTemplateVersionsCommand({LaunchTemplateId, Versions: [version]});
		const {LaunchTemplateVersions: [found] = []} = await asked(`launch template ${LaunchTemplateId}`, () => ec2.send(query));
		return found ?? notFound(`version ${version} of launch template ${LaunchTemplateId}`);
	};
	const described = async (each: AutoScalingGroup): Promise<NodeGroup> => ({
		name: groupOf(each),
		role: roleOf(each),
		image: imageOf(await versionOf(each, versions.used)),
		size: each.DesiredCapacity ?? 0,
	});

	/** By filter, not by id: an id that EC2 does not know yet would fail the whole question. */
	const instancesOf = async (ids: readonly string[]): Promise<Map<string, Instance>> => {
		const found: Instance[] = [];
		for (let start = 0; start < ids.length; start += filterLimit) {
			const Filters = [{Name: 'instance-id', Values: ids.slice(start, start + filterLimit)}];
			const pages = await asked('instances', () => gathered(paginateDescribeInstances({client: ec2}, {Filters})));
			found.push(...pages.flatMap(({Reservations: all = []}) => all.flatMap(({Instances: some = []}) => some)));
		}
		return new Map(found.map(each => [each.InstanceId ?? '', each]));
	};
	const machines = async (): Promise<Machine[]> => {
		const found = await groups();
		const members = found.flatMap(each =>
			(each.Instances ?? []).map(({InstanceId: id = '', LifecycleState}) => ({id, each, LifecycleState})),
		);
		const instances = await instancesOf(members.map(({id}) => id));
		return members.map(({id, each, LifecycleState}) => {
			const {ImageId, PrivateIpAddress, State, StateReason} = instances.get(id) ?? {};
			const detail = cloudText(StateReason?.Message ?? '');
			return {
				name: id,
				group: groupOf(each),
				role: roleOf(each),
				image: ImageId ?? '',
				address: PrivateIpAddress ?? '',
				state: awsMachineState(State?.Name, LifecycleState),
				...(detail !== '' && {detail}),
			};
		});
	};

	return {
		list: async () => Promise.all((await groups()).map(described)),
		get: async name => described(await group(name)),
		machines,
		// The auto-scaling group takes a machine out of its target groups, and waits for its connections, before it ends it.
		setDraining: () => Promise.resolve(),
		async setSize(name, size) {
			const {AutoScalingGroupName, MinSize = 0, MaxSize = 0} = await group(name);
			const command =
				size < MinSize || size > MaxSize
					? new UpdateAutoScalingGroupCommand({
							AutoScalingGroupName,
							DesiredCapacity: size,
							MinSize: Math.min(size, MinSize),
							MaxSize: Math.max(size, MaxSize),
						})
					: undefined;
			await changed(`node group ${name}`, () =>
				command === undefined
					? autoScaling.send(new SetDesiredCapacityCommand({AutoScalingGroupName, DesiredCapacity: size, HonorCooldown: false}))
					: autoScaling.send(command),
			);
		},
		async setImage(name, image) {
			const found = await group(name);
			const LaunchTemplateId = templateOf(found);
			if (imageOf(await versionOf(found, versions.used)) === image) return;
			// Whoever was killed before the new version was used finds it again.
			const last = await versionOf(found, versions.last);
			const version = new CreateLaunchTemplateVersionCommand({
				LaunchTemplateId,
				SourceVersion: versions.used,
				LaunchTemplateData: {ImageId: image},
				VersionDescription: `image ${image}`,
			});
			const what = `launch template ${LaunchTemplateId}`;
			const made = imageOf(last) === image ? last : (await asked(what, () => ec2.send(version))).LaunchTemplateVersion;
			const DefaultVersion = String(made?.VersionNumber ?? '');
			await asked(what, () => ec2.send(new ModifyLaunchTemplateCommand({LaunchTemplateId, DefaultVersion})));
		},
		// The answer names the machine, whoever else scales the group meanwhile; asked again with the same token, AWS gives the same answer.
		async createNode(name, token = randomUUID()) {
			const {AutoScalingGroupName} = await group(name);
			const ClientToken = createHash('sha256').update(token).digest('hex');
			const command = {AutoScalingGroupName, ClientToken, RequestedCapacity: 1, RetryStrategy: 'none'} as const;
			const answer = await changed(`node group ${name}`, () => autoScaling.send(new LaunchInstancesCommand(command)));
			const id = answer.Instances?.flatMap(({InstanceIds: ids = []}) => ids).at(0);
			if (id !== undefined) return id;
			const {ErrorCode: reason = '', ErrorMessage: message = ''} = answer.Errors?.[0] ?? {};
			throw refused(awsWords, `a machine of node group ${name}`, {reason, message});
		},
		async deleteNode(name) {
			if (!(await machines()).some(each => each.name === name && each.state !== 'terminating' && each.state !== 'terminated'))
				return;
			const command = {InstanceId: name, ShouldDecrementDesiredCapacity: true};
			await changed(`machine ${name}`, () => autoScaling.send(new TerminateInstanceInAutoScalingGroupCommand(command)));
		},
	};
};

const gathered = async <T>(pages: AsyncIterable<T>): Promise<T[]> => {
	const found: T[] = [];
	for await (const page of pages) found.push(page);
	return found;
};
const tagOf = ({Tags: tags}: AutoScalingGroup, key: string): string => tags?.find(each => each.Key === key)?.Value ?? '';
const groupOf = (group: AutoScalingGroup): string => tagOf(group, tagKeys.group);
const roleOf = (group: AutoScalingGroup): NodeRole =>
	tagOf(group, tagKeys.role) === 'control-plane' ? 'control-plane' : 'worker';
const imageOf = (version: LaunchTemplateVersion): string => version.LaunchTemplateData?.ImageId ?? '';
const templateOf = ({LaunchTemplate: template, AutoScalingGroupName: name = ''}: AutoScalingGroup): string =>
	template?.LaunchTemplateId ?? notFound(`launch template of ${name}`);
