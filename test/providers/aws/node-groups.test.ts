import {inspect} from 'node:util';
import {AutoScalingClient} from '@aws-sdk/client-auto-scaling';
import {EC2Client} from '@aws-sdk/client-ec2';
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../../../src/errors.ts';
import {awsMachineState} from '../../../src/providers/aws/machine-state.ts';
import {awsNodeGroups} from '../../../src/providers/aws/node-groups.ts';
import {atFirst, cloudServer, quickPatience, type Reply} from '../../helpers/cloud-server.ts';

const secret = 'canary/of/the/secret/key';
const session = 'canary-session-token';

type Group = {
	name: string;
	template?: string;
	min?: number;
	desired: number;
	tags: Record<string, string>;
	machines: Record<string, string>;
};
type Version = {number: number; image: string};

const tags = (group: string, more: Record<string, string> = {}) => ({
	'constellation-uid': '0123abcd',
	'constellation-role': group.startsWith('control') ? 'control-plane' : 'worker',
	'constellation-node-group': group,
	...more,
});
const xml = (name: string, content: string): Reply => ({
	headers: {'content-type': 'text/xml'},
	text: `<${name}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><${name}Result>${content}</${name}Result></${name}Response>`,
});
const ec2Xml = (name: string, content: string): Reply => ({
	headers: {'content-type': 'text/xml'},
	text: `<${name}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${content}</${name}Response>`,
});
const failure = (status: number, code: string, message: string): Reply => ({
	status,
	headers: {'content-type': 'text/xml'},
	text: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
});
const ec2Failure = (status: number, code: string, message: string): Reply => ({
	status,
	headers: {'content-type': 'text/xml'},
	text: `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r</RequestID></Response>`,
});

/** Auto Scaling 2011-01-01 and EC2 2016-11-15 as their references describe them, as far as groups need them; pages of one. */
const world = async (t: ExecutionContext) => {
	const groups: Group[] = [
		{name: 'demo-Control', template: 'lt-c', desired: 1, tags: tags('control_plane_default'), machines: {'i-cp': 'InService'}},
		{
			name: 'demo-Workers-B',
			template: 'lt-w',
			min: 1,
			desired: 2,
			tags: tags('Workers_B'),
			machines: {'i-w0': 'InService', 'i-w1': 'Pending', 'i-w2': 'Terminating:Wait'},
		},
		{name: 'of somebody', desired: 1, tags: {'constellation-uid': '0123abcd'}, machines: {'i-foreign': 'InService'}},
	];
	const instances = new Map([
		['i-cp', 'running'],
		['i-w0', 'stopping'],
		['i-copied-tags', 'running'],
	]);
	const versions: Version[] = [{number: 1, image: 'ami-one'}];
	const state = {used: 1, launched: new Map<string, string>(), before: (_action: string): Reply | undefined => undefined};
	const asked: {action: string; form: URLSearchParams}[] = [];

	const groupXml = (each: Group) =>
		`<member><AutoScalingGroupName>${each.name}</AutoScalingGroupName><MinSize>${each.min ?? 0}</MinSize><MaxSize>201</MaxSize><DesiredCapacity>${each.desired}</DesiredCapacity>${each.template === undefined ? '' : `<LaunchTemplate><LaunchTemplateId>${each.template}</LaunchTemplateId></LaunchTemplate>`}<Instances>${Object.entries(
			each.machines,
		)
			.map(([id, lifecycle]) => `<member><InstanceId>${id}</InstanceId><LifecycleState>${lifecycle}</LifecycleState></member>`)
			.join('')}</Instances><Tags>${Object.entries(each.tags)
			.map(([key, value]) => `<member><Key>${key}</Key><Value>${value}</Value></member>`)
			.join('')}</Tags></member>`;
	const versionXml = ({number, image}: Version) =>
		`<launchTemplateId>lt</launchTemplateId><versionNumber>${number}</versionNumber><launchTemplateData><imageId>${image}</imageId></launchTemplateData>`;

	const answers: Record<string, (form: URLSearchParams) => Reply> = {
		DescribeAutoScalingGroups(form) {
			const at = Number(form.get('NextToken') ?? 0);
			const matching = groups.filter(each => each.tags['constellation-uid'] === form.get('Filters.member.1.Values.member.1'));
			const next = at + 1 < matching.length ? `<NextToken>${at + 1}</NextToken>` : '';
			return xml(
				'DescribeAutoScalingGroups',
				`<AutoScalingGroups>${matching
					.slice(at, at + 1)
					.map(groupXml)
					.join('')}</AutoScalingGroups>${next}`,
			);
		},
		DescribeInstances(form) {
			const ids = [...form].flatMap(([key, value]) => (key.startsWith('Filter.1.Value.') ? [value] : []));
			const found = [...instances].filter(([id]) => ids.includes(id));
			const at = Number(form.get('NextToken') ?? 0);
			const items = found
				.slice(at, at + 1)
				.map(
					([id, name]) =>
						`<item><instancesSet><item><instanceId>${id}</instanceId><imageId>ami-one</imageId><privateIpAddress>10.0.0.7</privateIpAddress><instanceState><name>${name}</name></instanceState><stateReason><code>x</code><message>${name === 'stopping' ? 'Client.UserInitiatedShutdown' : ''}</message></stateReason></item></instancesSet></item>`,
				);
			return ec2Xml(
				'DescribeInstances',
				`<reservationSet>${items.join('')}</reservationSet>${at + 1 < found.length ? `<nextToken>${at + 1}</nextToken>` : ''}`,
			);
		},
		DescribeLaunchTemplateVersions(form) {
			const found =
				form.get('LaunchTemplateVersion.1') === '$Default' ? versions.find(({number}) => number === state.used) : versions.at(-1);
			return ec2Xml(
				'DescribeLaunchTemplateVersions',
				`<launchTemplateVersionSet><item>${found === undefined ? '' : versionXml(found)}</item></launchTemplateVersionSet>`,
			);
		},
		CreateLaunchTemplateVersion(form) {
			const made = {number: versions.length + 1, image: form.get('LaunchTemplateData.ImageId') ?? ''};
			versions.push(made);
			return ec2Xml('CreateLaunchTemplateVersion', `<launchTemplateVersion>${versionXml(made)}</launchTemplateVersion>`);
		},
		ModifyLaunchTemplate(form) {
			state.used = Number(form.get('SetDefaultVersion'));
			return ec2Xml('ModifyLaunchTemplate', '');
		},
		SetDesiredCapacity: form => sized(form),
		UpdateAutoScalingGroup: form => sized(form),
		LaunchInstances(form) {
			const token = form.get('ClientToken') ?? '';
			const id = state.launched.get(token) ?? `i-new${state.launched.size}`;
			state.launched.set(token, id);
			return xml(
				'LaunchInstances',
				`<ClientToken>${token}</ClientToken><Instances><member><InstanceIds><member>${id}</member></InstanceIds></member></Instances><Errors/>`,
			);
		},
		TerminateInstanceInAutoScalingGroup: () => xml('TerminateInstanceInAutoScalingGroup', ''),
	};
	const sized = (form: URLSearchParams): Reply => {
		const found = groups.find(({name}) => name === form.get('AutoScalingGroupName'));
		const size = Number(form.get('DesiredCapacity'));
		if (found === undefined || size < Number(form.get('MinSize') ?? found.min ?? 0))
			return failure(400, 'ValidationError', 'New SetDesiredCapacity value is below min value');
		found.desired = size;
		return xml('SetDesiredCapacity', '');
	};
	const {url} = await cloudServer(t, ({body}) => {
		const form = new URLSearchParams(body);
		const action = form.get('Action') ?? '';
		asked.push({action, form});
		return state.before(action) ?? answers[action]?.(form) ?? failure(400, 'InvalidAction', action);
	});
	const options = {
		endpoint: url,
		region: 'eu-west-1',
		maxAttempts: 3,
		credentials: {accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secret, sessionToken: session},
	};
	const clients = {autoScaling: new AutoScalingClient(options), ec2: new EC2Client(options)};
	return {state, groups, versions, asked, nodeGroups: awsNodeGroups(clients, '0123abcd', quickPatience())};
};

const actions = (asked: {action: string}[], action: string) => asked.filter(each => each.action === action).length;

test('groups and machines: every page, names as they are written, nothing that only carries copied tags', async t => {
	const {nodeGroups, asked} = await world(t);
	t.deepEqual(await nodeGroups.list(), [
		{name: 'control_plane_default', role: 'control-plane', image: 'ami-one', size: 1},
		{name: 'Workers_B', role: 'worker', image: 'ami-one', size: 2},
	]);
	t.is((await nodeGroups.get('Workers_B')).size, 2);
	t.is((await t.throwsAsync<AppError>(nodeGroups.get('workers_b'))).code, 'cloud-object-missing');
	t.deepEqual(
		(await nodeGroups.machines()).map(({name, group, role, image, address, state, detail}) => [
			name,
			group,
			role,
			image,
			address,
			state,
			detail,
		]),
		[
			['i-cp', 'control_plane_default', 'control-plane', 'ami-one', '10.0.0.7', 'running', undefined],
			['i-w0', 'Workers_B', 'worker', 'ami-one', '10.0.0.7', 'stopped', 'Client.UserInitiatedShutdown'],
			['i-w1', 'Workers_B', 'worker', '', '', 'creating', undefined],
			['i-w2', 'Workers_B', 'worker', '', '', 'terminated', undefined],
		],
	);
	t.is(actions(asked, 'DescribeInstances'), 2);
});

test('an image becomes the default version of the template; a killed change is found again', async t => {
	const {nodeGroups, state, versions, asked} = await world(t);
	state.before = action =>
		action === 'ModifyLaunchTemplate' ? ec2Failure(400, 'UnauthorizedOperation', 'killed here') : undefined;
	await t.throwsAsync(nodeGroups.setImage('Workers_B', 'ami-two'), {message: /killed here/});
	state.before = () => undefined;
	await nodeGroups.setImage('Workers_B', 'ami-two');
	await nodeGroups.setImage('Workers_B', 'ami-two');
	t.deepEqual(versions, [
		{number: 1, image: 'ami-one'},
		{number: 2, image: 'ami-two'},
	]);
	t.is((await nodeGroups.get('Workers_B')).image, 'ami-two');
	t.is(asked.find(({action}) => action === 'CreateLaunchTemplateVersion')?.form.get('SourceVersion'), '$Default');
});

test('size, also below the least that the group had; a machine by token, whoever else scales', async t => {
	const {nodeGroups, groups, asked} = await world(t);
	await nodeGroups.setSize('Workers_B', 5);
	t.is(groups[1]?.desired, 5);
	await nodeGroups.setSize('Workers_B', 0);
	t.is(groups[1]?.desired, 0);
	t.is(asked.find(({action}) => action === 'UpdateAutoScalingGroup')?.form.get('MinSize'), '0');
	Object.assign(groups[1]?.machines ?? {}, {'i-made-by-hand': 'InService'});
	const name = await nodeGroups.createNode('Workers_B', 'roll/1: worker');
	t.is(name, 'i-new0');
	t.is(await nodeGroups.createNode('Workers_B', 'roll/1: worker'), name);
	t.is(await nodeGroups.createNode('Workers_B'), 'i-new1');
	t.true(asked.every(({action, form}) => action !== 'LaunchInstances' || /^[\w/-]{1,64}$/.test(form.get('ClientToken') ?? '')));
	await nodeGroups.deleteNode('i-w0');
	await nodeGroups.deleteNode('i-w2');
	await nodeGroups.deleteNode('i-copied-tags');
	const ended = asked.filter(({action}) => action === 'TerminateInstanceInAutoScalingGroup');
	t.deepEqual(
		ended.map(({form}) => [form.get('InstanceId'), form.get('ShouldDecrementDesiredCapacity')]),
		[['i-w0', 'true']],
	);
});

test('busy: throttled and contended calls are made again', async t => {
	const {nodeGroups, state, groups, asked} = await world(t);
	const replies = atFirst(
		failure(400, 'Throttling', 'Rate exceeded'),
		failure(500, 'ResourceContention', 'pending update'),
		failure(400, 'ScalingActivityInProgress', 'wait'),
	);
	const none: Reply = {status: 0};
	state.before = action => {
		const reply = action === 'SetDesiredCapacity' ? replies(() => none) : none;
		return reply === none ? undefined : reply;
	};
	await nodeGroups.setSize('Workers_B', 3);
	t.is(groups[1]?.desired, 3);
	t.true(actions(asked, 'SetDesiredCapacity') >= 4);
	state.before = action => (action === 'SetDesiredCapacity' ? failure(400, 'ScalingActivityInProgress', 'wait') : undefined);
	t.is((await t.throwsAsync<AppError>(nodeGroups.setSize('Workers_B', 4))).code, 'cloud-timeout');
});

const canonical = `The request signature we calculated does not match.&#10;&#10;The Canonical String for this request should have been&#10;x-amz-security-token:${session}`;
const refusals: [string, Reply, string, RegExp][] = [
	[
		'expired token',
		failure(403, 'ExpiredToken', 'The security token included in the request is expired'),
		'cloud-credentials',
		/AWS has no valid credentials.*expired/,
	],
	[
		'unknown key',
		failure(403, 'InvalidClientTokenId', 'The security token included in the request is invalid'),
		'cloud-credentials',
		/invalid/,
	],
	['wrong secret', failure(403, 'SignatureDoesNotMatch', canonical), 'cloud-credentials', /does not match\.$/],
	[
		'permission',
		failure(403, 'AccessDenied', 'User is not authorized to perform: autoscaling:LaunchInstances'),
		'cloud-refused',
		/autoscaling:LaunchInstances/,
	],
	['limit', failure(400, 'LimitExceeded', 'You have reached your limit'), 'cloud-refused', /reached your limit/],
	[
		'no capacity',
		xml(
			'LaunchInstances',
			'<Instances/><Errors><member><ErrorCode>InsufficientInstanceCapacity</ErrorCode><ErrorMessage>We have no m6a.xlarge</ErrorMessage></member></Errors>',
		),
		'cloud-refused',
		/We have no m6a\.xlarge/,
	],
	['outage', failure(503, 'ServiceUnavailable', 'later'), 'cloud-unreachable', /503/],
	['cut', {cut: true}, 'cloud-unreachable', /ECONNRESET|TimeoutError|Error/],
];
for (const [title, reply, code, message] of refusals) {
	test(`refusal: ${title}; no error holds a credential`, async t => {
		const {nodeGroups, state} = await world(t);
		state.before = action => (action === 'LaunchInstances' ? reply : undefined);
		const error = await t.throwsAsync<AppError>(nodeGroups.createNode('Workers_B'), {instanceOf: AppError, message});
		t.is(error.code, code);
		t.notRegex(inspect(error, {depth: 9, showHidden: true}), /canary/);
	});
}

test('a template that is gone, two groups of one name, a machine nobody describes yet', async t => {
	const {nodeGroups, state, groups} = await world(t);
	state.before = action =>
		action === 'DescribeLaunchTemplateVersions' ? ec2Failure(400, 'InvalidLaunchTemplateId.NotFound', 'gone') : undefined;
	t.is((await t.throwsAsync<AppError>(nodeGroups.list())).code, 'cloud-object-missing');
	groups.push({name: 'twin', template: 'lt-w', desired: 1, tags: tags('Workers_B'), machines: {}});
	t.is((await t.throwsAsync<AppError>(nodeGroups.setSize('Workers_B', 1))).code, 'cloud-ambiguous');
});

test('states', t => {
	const states = {
		pending: 'creating',
		running: 'running',
		stopping: 'stopped',
		stopped: 'stopped',
		'shutting-down': 'terminating',
		terminated: 'terminated',
		other: 'failed',
	};
	for (const [name, state] of Object.entries(states))
		t.is(awsMachineState(name, 'InService'), state as ReturnType<typeof awsMachineState>);
	t.is(awsMachineState(undefined, 'Pending:Wait'), 'creating');
	t.is(awsMachineState(undefined, 'Terminating:Wait'), 'terminated');
	t.is(awsMachineState(undefined, 'Terminated'), 'terminated');
});
