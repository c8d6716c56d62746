import test from 'ava';
import {connectAws} from '../../src/providers/aws/connect.ts';
import {connectAzure} from '../../src/providers/azure/connect.ts';
import {connectGoogle} from '../../src/providers/gcp/connect.ts';
import {cloudServer} from '../helpers/cloud-server.ts';

const world = {env: {}, fetch, now: () => 0, wait: () => Promise.resolve()};
const groups = [{name: 'worker_default', instanceType: 'type', zone: 'zone', count: 1}];

test('a connection asks one cloud for its groups and its checks, with its own credentials', async t => {
	const {url, asked} = await cloudServer(t, ({path, body}) => {
		if (path === '/')
			return {
				headers: {'content-type': 'text/xml'},
				text: body.includes('GetCallerIdentity')
					? '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account><Arn>arn</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>'
					: '<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups/></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>',
			};
		if (path === '/subscriptions/sub') return {body: {displayName: 'Demo', state: 'Enabled'}};
		if (path === '/crm/projects/demo') return {body: {projectId: 'demo', lifecycleState: 'ACTIVE'}};
		return {body: path.startsWith('/subscriptions') ? {value: []} : {}};
	});
	const aws = connectAws('eu-west-1', world, {endpoint: url, credentials: {accessKeyId: 'a', secretAccessKey: 'b'}});
	const azure = await connectAzure(undefined, world, {
		base: url,
		credential: {getToken: () => Promise.resolve({token: 'azure', expiresOnTimestamp: 9e9})},
	});
	const auth = {
		getRequestHeaders: () => Promise.resolve(new Headers({authorization: 'Bearer google', 'x-goog-user-project': 'quota'})),
	};
	const google = await connectGoogle('demo', world, {compute: `${url}/compute`, projects: `${url}/crm`, auth});
	const uid = '0123abcd';
	t.deepEqual(await aws.nodeGroups(uid).list(), []);
	t.deepEqual(await azure.nodeGroups({uid, subscription: 'sub', resourceGroup: 'demo'}).list(), []);
	t.deepEqual(await google.nodeGroups({uid, name: 'demo'}).list(), []);
	const details = await Promise.all(
		[
			aws.checks({region: 'eu-west-1', sevSnp: true, groups}),
			azure.checks({
				subscription: 'sub',
				location: 'l',
				resourceGroup: 'demo',
				technology: 'SNP',
				attestationProvider: false,
				groups,
			}),
			google.checks({project: 'demo', region: 'r', technology: 'SEV', diskSize: 30, groups}),
		].map(async ([identity]) => (await identity?.run())?.detail),
	);
	t.deepEqual(details, ['account 1, arn, region eu-west-1', 'Demo (sub)', 'project demo']);
	t.true(asked.some(({headers}) => headers.authorization?.startsWith('AWS4-HMAC-SHA256 ') === true));
	t.is(asked.filter(({headers}) => headers.authorization === 'Bearer azure').length, 2);
	t.is(asked.filter(({headers}) => headers['x-goog-user-project'] === 'quota').length, 2);
});
