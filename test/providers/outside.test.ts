import test from 'ava';
import {connectAws} from '../../src/providers/aws/connect.ts';
import {connectAzure} from '../../src/providers/azure/connect.ts';
import {connectGoogle} from '../../src/providers/gcp/connect.ts';
import {openstackOutside} from '../../src/providers/openstack/outside.ts';
import {openstackWords} from '../../src/providers/openstack/sign-in.ts';
import {refused} from '../../src/providers/refusals.ts';
import {restClient} from '../../src/providers/rest.ts';
import {cloudServer} from '../helpers/cloud-server.ts';

const world = {env: {}, fetch, now: () => 0, wait: () => Promise.resolve()};
const cluster = 'demo-0123abcd';

test('AWS: volumes by their tag, load balancers and groups by the network of the cluster; not what Terraform made', async t => {
	const tags = (values: Record<string, string>) =>
		`<tagSet>${Object.entries(values)
			.map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`)
			.join('')}</tagSet>`;
	const replies: Record<string, string> = {
		DescribeVolumes: `<volumeSet><item><volumeId>vol-1</volumeId>${tags({'kubernetes.io/created-for/pvc/name': 'data'})}</item><item><volumeId>vol-2</volumeId></item></volumeSet>`,
		DescribeVpcs: '<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>',
		DescribeNetworkInterfaces: `<networkInterfaceSet>${[
			'ELB a1b2',
			'ELB net/web/1',
			'ELB net/web/1',
			`ELB net/${cluster}-loadbalancer/2`,
		]
			.map(words => `<item><description>${words}</description></item>`)
			.join('')}</networkInterfaceSet>`,
		DescribeSecurityGroups: `<securityGroupInfo><item><groupName>default</groupName></item><item><groupName>k8s-elb-a1b2</groupName></item><item><groupName>${cluster}-nodes</groupName>${tags({'constellation-uid': '0123abcd'})}</item></securityGroupInfo>`,
	};
	const filters: string[] = [];
	const {url} = await cloudServer(t, ({body}) => {
		const form = new URLSearchParams(body);
		const action = form.get('Action') ?? '';
		filters.push(`${action} ${form.get('Filter.1.Name') ?? ''} ${form.get('Filter.1.Value.1') ?? ''}`);
		return {headers: {'content-type': 'text/xml'}, text: `<${action}Response>${replies[action] ?? ''}</${action}Response>`};
	});
	const aws = connectAws('eu-west-1', world, {endpoint: url, credentials: {accessKeyId: 'a', secretAccessKey: 'b'}});
	t.deepEqual(await aws.outside({uid: '0123abcd', name: 'demo'}), [
		'volume vol-1 of data',
		'volume vol-2',
		'load balancer a1b2',
		'load balancer web',
		'security group k8s-elb-a1b2',
	]);
	t.deepEqual(filters, [
		`DescribeVolumes tag-key kubernetes.io/cluster/${cluster}`,
		'DescribeVpcs tag:constellation-uid 0123abcd',
		'DescribeNetworkInterfaces vpc-id vpc-1',
		'DescribeSecurityGroups vpc-id vpc-1',
	]);
	replies['DescribeVpcs'] = '<vpcSet/>';
	t.is((await aws.outside({uid: '0123abcd', name: 'demo'})).length, 2, 'no network: nothing of anybody else is listed');
});

test('Azure: by the tags of the controllers, on every page; not of another cluster', async t => {
	const network = 'Microsoft.Network';
	const first = [
		{name: 'kubernetes', type: `${network}/loadBalancers`},
		{name: cluster, type: `${network}/loadBalancers`, tags: {'constellation-uid': '0123abcd'}},
		{
			name: 'a1',
			type: `${network}/publicIPAddresses`,
			tags: {'k8s-azure-service': 'shop/web', 'k8s-azure-cluster-name': cluster},
		},
		{name: 'a2', type: `${network}/publicIPAddresses`, tags: {'k8s-azure-service': 'x/y', 'k8s-azure-cluster-name': 'other'}},
	];
	const second = [
		{name: 'pvc-1', type: 'Microsoft.Compute/disks', tags: {'kubernetes.io-created-for-pvc-name': 'data'}},
		{name: 'mine', type: 'Microsoft.Compute/disks'},
	];
	const {url} = await cloudServer(t, ({path, query}) => {
		t.is(path, '/subscriptions/sub/resourceGroups/demo/resources');
		const next = `${server.url}/subscriptions/sub/resourceGroups/demo/resources?page=2`;
		return {body: query.get('page') === '2' ? {value: second} : {value: first, nextLink: next}};
	});
	const server = {url};
	const credential = {getToken: () => Promise.resolve({token: 'azure', expiresOnTimestamp: 9e9})};
	const azure = await connectAzure(undefined, world, {base: url, credential});
	t.deepEqual(await azure.outside({subscription: 'sub', resourceGroup: 'demo', cluster}), [
		'load balancer kubernetes',
		'public address a1 of shop/web',
		'volume pvc-1 of data',
	]);
});

test('Google Cloud: load balancers by the firewall rules in the network of the cluster, volumes by the machines that use them', async t => {
	const networks = 'https://www.googleapis.com/compute/v1/projects/demo/global/networks';
	const {url} = await cloudServer(t, ({path}) => ({
		body: path.endsWith('/global/firewalls')
			? {
					items: [
						{name: 'k8s-fw-a1', network: `${networks}/${cluster}`},
						{name: 'k8s-fw-b2', network: `${networks}/other`},
						{name: `${cluster}-nodes`, network: `${networks}/${cluster}`},
					],
				}
			: {
					items: {
						'zones/z': {
							disks: [
								{name: 'pvc-1', users: [`zones/z/instances/${cluster}-worker-abcd`]},
								{name: 'pvc-2', users: ['zones/z/instances/other-worker-abcd']},
								{name: 'pvc-3'},
							],
						},
						'zones/y': {warning: {code: 'NO_RESULTS_ON_PAGE'}},
					},
				},
	}));
	const auth = {getRequestHeaders: () => Promise.resolve(new Headers())};
	const google = await connectGoogle('demo', world, {compute: url, projects: url, auth});
	t.deepEqual(await google.outside(cluster), ['load balancer a1', 'firewall rule k8s-fw-a1', 'volume pvc-1']);
});

test('OpenStack: by names and metadata; a service that the cloud lacks is no reason to stop', async t => {
	const {url} = await cloudServer(t, ({path}) => ({
		body: path.endsWith('loadbalancers')
			? {loadbalancers: [{name: `kube_service_${cluster}_shop_web`}, {name: cluster}, {name: 'kube_service_other_x_y'}]}
			: {
					volumes: [
						{id: 'v1', name: 'pvc-1', metadata: {'cinder.csi.openstack.org/cluster': cluster}},
						{id: 'v2', name: null, metadata: {}},
					],
				},
	}));
	const session = (...types: string[]) => ({
		project: 'demo',
		user: 'me',
		service(type: string) {
			if (!types.includes(type)) throw refused(openstackWords, type, {reason: 'no-service', message: 'none'});
			return restClient({...openstackWords, base: url, headers: () => Promise.resolve(new Headers()), ...world});
		},
	});
	t.deepEqual(await openstackOutside(session('load-balancer', 'volumev3'), cluster), [
		`load balancer kube_service_${cluster}_shop_web`,
		'volume pvc-1',
	]);
	t.deepEqual(await openstackOutside(session('block-storage'), cluster), ['volume pvc-1']);
});
