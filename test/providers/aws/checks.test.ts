import {EC2Client} from '@aws-sdk/client-ec2';
import {STSClient} from '@aws-sdk/client-sts';
import test, {type ExecutionContext} from 'ava';
import {awsCatalogue} from '../../../src/providers/aws/catalogue.ts';
import {type AwsWanted, awsChecks} from '../../../src/providers/aws/checks.ts';
import {cpuQuotaOf} from '../../../src/providers/aws/quotas.ts';
import {cloudServer, type Reply} from '../../helpers/cloud-server.ts';

const wanted: AwsWanted = {
	region: 'eu-west-1',
	sevSnp: true,
	groups: [
		{name: 'control_plane_default', instanceType: 'm6a.xlarge', zone: 'eu-west-1a', count: 3, image: 'ami-1'},
		{name: 'worker_default', instanceType: 'm6a.xlarge', zone: 'eu-west-1b', count: 2, image: 'ami-1'},
	],
};
const xml = (content: string, status = 200): Reply => ({status, headers: {'content-type': 'text/xml'}, text: content});
const answer = (name: string, content: string) =>
	xml(`<${name}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${content}</${name}Response>`);
const failure = (code: string, status = 400) =>
	xml(
		`<Response><Errors><Error><Code>${code}</Code><Message>${code} it says</Message></Error></Errors><RequestID>r</RequestID></Response>`,
		status,
	);
const stsFailure = (code: string, message: string) =>
	xml(
		`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
		403,
	);
const offered = (zones: string[]) =>
	answer(
		'DescribeInstanceTypeOfferings',
		`<instanceTypeOfferingSet>${zones.map(zone => `<item><instanceType>m6a.xlarge</instanceType><location>${zone}</location></item>`).join('')}</instanceTypeOfferingSet>`,
	);
const type = (feature: string, tpm = 'supported', cpus = 4) =>
	answer(
		'DescribeInstanceTypes',
		`<instanceTypeSet><item><instanceType>m6a.xlarge</instanceType><vCpuInfo><defaultVCpus>${cpus}</defaultVCpus></vCpuInfo><processorInfo><supportedFeatures><item>${feature}</item></supportedFeatures></processorInfo><nitroTpmSupport>${tpm}</nitroTpmSupport></item></instanceTypeSet>`,
	);
const networks = (count: number) =>
	answer('DescribeVpcs', `<vpcSet>${'<item><vpcId>vpc-1</vpcId></item>'.repeat(count)}</vpcSet>`);
/** So many machines of four virtual CPUs; beside them a spot machine and one that counts for another quota. */
const running = (count: number) => {
	const item = (name: string, more = '') =>
		`<item><instanceType>${name}</instanceType><cpuOptions><coreCount>2</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>${more}</item>`;
	const all = [
		...Array.from({length: count}, () => item('m6a.xlarge')),
		item('c6a.xlarge', '<instanceLifecycle>spot</instanceLifecycle>'),
		item('g5.xlarge'),
	];
	return answer(
		'DescribeInstances',
		`<reservationSet><item><instancesSet>${all.join('')}</instancesSet></item></reservationSet>`,
	);
};
const images = (content: string) => answer('DescribeImages', `<imagesSet>${content}</imagesSet>`);

const results = async (t: ExecutionContext, changes: Record<string, Reply> = {}, more: Partial<AwsWanted> = {}) => {
	const replies: Record<string, Reply> = {
		GetCallerIdentity: xml(
			'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/demo</Arn><UserId>x</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
		),
		DescribeInstanceTypeOfferings: offered(['eu-west-1a', 'eu-west-1b']),
		DescribeInstanceTypes: type('amd-sev-snp'),
		DescribeImages: images(
			'<item><imageId>ami-1</imageId><imageState>available</imageState><tpmSupport>v2.0</tpmSupport></item>',
		),
		DescribeAccountAttributes: answer(
			'DescribeAccountAttributes',
			'<accountAttributeSet><item><attributeName>vpc-max-elastic-ips</attributeName><attributeValueSet><item><attributeValue>5</attributeValue></item></attributeValueSet></item></accountAttributeSet>',
		),
		DescribeAddresses: answer('DescribeAddresses', '<addressesSet><item><publicIp>192.0.2.1</publicIp></item></addressesSet>'),
		DescribeInstances: running(3),
		DescribeVpcs: networks(4),
		'L-1216C47A': {body: {Quota: {QuotaCode: 'L-1216C47A', Value: 32}}},
		'L-F678F1CE': {body: {Quota: {QuotaCode: 'L-F678F1CE', Value: 5}}},
		...changes,
	};
	const asked: URLSearchParams[] = [];
	const {url} = await cloudServer(t, ({body, headers}) => {
		const target = headers['x-amz-target'];
		if (typeof target === 'string') {
			const {ServiceCode: service, QuotaCode: code} = JSON.parse(body) as {ServiceCode: string; QuotaCode: string};
			t.is(target, 'ServiceQuotasV20190624.GetServiceQuota');
			t.is(service, code === 'L-F678F1CE' ? 'vpc' : 'ec2');
			t.regex(headers.authorization ?? '', /eu-west-1\/servicequotas\/aws4_request/);
			return replies[code] ?? {status: 404};
		}
		const form = new URLSearchParams(body);
		asked.push(form);
		return replies[form.get('Action') ?? ''] ?? failure(form.get('DryRun') === 'true' ? 'DryRunOperation' : 'InvalidAction', 412);
	});
	const options = {
		endpoint: url,
		region: 'eu-west-1',
		maxAttempts: 2,
		credentials: {accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'canary', sessionToken: 'canary'},
	};
	const checks = awsChecks({ec2: new EC2Client(options), sts: new STSClient(options), quotas: url, fetch}, {...wanted, ...more});
	const found = new Map(await Promise.all(checks.map(async check => [check.id, await check.run()] as const)));
	t.false(JSON.stringify([...found.values()]).includes('canary'));
	t.true(
		asked.every(form => !/^(?:Create|Allocate|Run)/.test(form.get('Action') ?? '') || form.get('DryRun') === 'true'),
		'asking makes nothing',
	);
	return found;
};

test('all is well', async t => {
	const found = await results(t);
	t.true(
		[...found.values()].every(({ok, fix}) => ok && fix === ''),
		JSON.stringify([...found.values()]),
	);
	t.is(found.get('identity')?.detail, 'account 123456789012, arn:aws:iam::123456789012:user/demo, region eu-west-1');
	t.regex(found.get('quota')?.detail ?? '', /^3 addresses needed, 4 free; 1 networks free$/);
	t.is(found.get('cpu-quota')?.detail, '20 needed for m6a.xlarge, 20 free');
});

test('a quota that nobody may ask is said, and stops nothing', async t => {
	const quota = 'L-1216C47A';
	const refusal = {__type: 'com.amazonaws.servicequotas#AccessDeniedException', message: 'User is not authorized'};
	const denied = (await results(t, {[quota]: {status: 400, body: refusal}})).get('cpu-quota');
	t.true(denied?.ok);
	t.regex(
		denied?.detail ?? '',
		/^20 needed for m6a\.xlarge; not asked: AWS refused the quota "Running On-Demand Standard .*": User is not authorized/,
	);
	const half = (await results(t, {'L-F678F1CE': {status: 400, body: refusal}})).get('quota');
	t.true(half?.ok);
	t.regex(half?.detail ?? '', /4 free; networks not asked: AWS refused the quota "VPCs per Region"/);
	for (const silent of [{cut: true}, {text: 'gateway'}, {body: {Quota: {}}}])
		t.regex((await results(t, {[quota]: silent})).get('cpu-quota')?.detail ?? '', /^20 needed for m6a\.xlarge; not asked: AWS/);
});

test('each family of machines has the quota of its letters, and what runs counts towards one of them only', async t => {
	const names = ['m6a', 'im4gn', 'g5', 'gr6', 'hpc6a', 'inf1', 'x2idn', 'u-6tb1', 'u7i-6tb', 'p5', 'f2', 'mac2'];
	t.deepEqual(
		names.map(name => cpuQuotaOf(`${name}.xlarge`)?.code),
		[
			...['L-1216C47A', 'L-1216C47A', 'L-DB2E81BA', 'L-DB2E81BA', 'L-F7808C92', 'L-1945791B', 'L-7295265B'],
			...['L-43DA4232', 'L-43DA4232', 'L-417A185B', 'L-74FC7D96', undefined],
		],
	);
	for (const variant of awsCatalogue.variants)
		for (const name of [...awsCatalogue.instanceTypes(variant).map(each => each.name), ...awsCatalogue.otherFamilies(variant)])
			t.not(cpuQuotaOf(name), undefined, name);
	const two = {groups: wanted.groups.map((group, index) => (index === 0 ? group : {...group, instanceType: 'g5.xlarge'}))};
	const graphics = (value: number) => ({'L-DB2E81BA': {body: {Quota: {Value: value}}}});
	const enough = (await results(t, graphics(12), two)).get('cpu-quota');
	t.is(enough?.detail, '12 needed for m6a.xlarge, 20 free; 8 needed for g5.xlarge, 8 free');
	const short = (await results(t, graphics(8), two)).get('cpu-quota');
	t.is(short?.detail, '8 virtual CPUs are needed for g5.xlarge, 4 of 8 are free.');
	t.regex(short?.fix ?? '', /"Running On-Demand G and VT instances", eu-west-1/);
});

const cases: [string, Record<string, Reply>, string, RegExp, RegExp][] = [
	[
		'expired credentials',
		{GetCallerIdentity: stsFailure('ExpiredToken', 'The security token included in the request is expired')},
		'identity',
		/no valid credentials.*expired/,
		/aws sso login.*AWS_PROFILE.*AWS_ACCESS_KEY_ID/,
	],
	[
		'wrong secret',
		{GetCallerIdentity: stsFailure('SignatureDoesNotMatch', 'No match.&#10;x-amz-security-token:canary')},
		'identity',
		/No match\.$/,
		/AWS_SECRET_ACCESS_KEY/,
	],
	[
		'permission',
		{CreateVpc: failure('UnauthorizedOperation', 403)},
		'permissions',
		/not let you do ec2:CreateVpc\./,
		/administrator/,
	],
	[
		'region without the type',
		{DescribeInstanceTypeOfferings: offered([])},
		'machines',
		/m6a\.xlarge is not offered in region eu-west-1/,
		/config instance-types/,
	],
	[
		'zone without the type',
		{DescribeInstanceTypeOfferings: offered(['eu-west-1a', 'eu-west-1c'])},
		'machines',
		/not offered in eu-west-1b \(but in eu-west-1a, eu-west-1c\)/,
		/another zone/,
	],
	['no SNP', {DescribeInstanceTypes: type('amd-sev')}, 'machines', /has no SEV-SNP/, /instance type/],
	[
		'no TPM, small',
		{DescribeInstanceTypes: type('amd-sev-snp', 'unsupported', 2)},
		'machines',
		/has no NitroTPM\..*fewer than 4/,
		/instance type/,
	],
	['image of another region', {DescribeImages: images('')}, 'image', /eu-west-1 has no image ami-1/, /belong to one region/],
	[
		'image without TPM',
		{DescribeImages: images('<item><imageState>available</imageState></item>')},
		'image',
		/without a TPM 2\.0/,
		/TPM support/,
	],
	[
		'pending image',
		{DescribeImages: images('<item><imageState>pending</imageState></item>')},
		'image',
		/is pending/,
		/name the one/,
	],
	[
		'quota',
		{
			DescribeAddresses: answer(
				'DescribeAddresses',
				`<addressesSet>${'<item><publicIp>192.0.2.1</publicIp></item>'.repeat(3)}</addressesSet>`,
			),
		},
		'quota',
		/3 elastic addresses are needed, 2 of 5 are free/,
		/raised/,
	],
	['networks', {DescribeVpcs: networks(5)}, 'quota', /All 5 networks \(VPCs\) of eu-west-1 are used/, /VPCs per Region/],
	[
		'virtual CPUs',
		{DescribeInstances: running(4)},
		'cpu-quota',
		/20 virtual CPUs.*m6a\.xlarge, 16 of 32 are free/,
		/Service Quotas/,
	],
	['outage', {DescribeAddresses: failure('ServiceUnavailable', 503)}, 'quota', /gives no answer/, /status page/],
];
for (const [title, changes, id, detail, fix] of cases) {
	test(title, async t => {
		const found = (await results(t, changes)).get(id);
		t.false(found?.ok);
		t.regex(found?.detail ?? '', detail);
		t.regex(found?.fix ?? '', fix);
	});
}

test('no credentials at all', async t => {
	const none = () =>
		Promise.reject(Object.assign(new Error('Could not load credentials from any providers'), {name: 'CredentialsProviderError'}));
	const options = {endpoint: 'http://127.0.0.1:1', region: 'eu-west-1', credentials: none};
	const [identity] = awsChecks({ec2: new EC2Client(options), sts: new STSClient(options), fetch}, wanted);
	const found = await identity?.run();
	t.like(found, {ok: false, detail: 'AWS has no valid credentials from here: none were found'});
});
