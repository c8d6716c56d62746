import type {Server} from 'node:https';
import anyTest, {type ExecutionContext, type TestFn} from 'ava';
import {createCsr} from '../../../src/keys/csr.ts';
import {toPem} from '../../../src/keys/pem.ts';
import {generateKeys} from '../../../src/keys/pki.ts';
import {startTestServer, type TestServer} from '../../helpers/api-server.ts';
import {registerNode, startKubelet} from '../../helpers/fake-nodes.ts';
import {hasKubectl, kubectlOf} from '../../helpers/kubectl.ts';

type Context = {server: TestServer; kubelet: Server; kubectl: Awaited<ReturnType<typeof kubectlOf>>; failures: unknown[]};
const test = anyTest as TestFn<Context>;

const withKubectl = (title: string, work: (t: ExecutionContext<Context>) => Promise<void>) => {
	if (hasKubectl || process.env['REQUIRE_E2E'] === '1') test.serial(title, work);
	else test.serial.skip(`SKIPPED: no kubectl: ${title}`, t => t.pass());
};

test.before(async t => {
	const failures: unknown[] = [];
	const server = await startTestServer({report: error => failures.push(error)});
	t.context = {server, failures, kubelet: await startKubelet(server), kubectl: await kubectlOf(server)};
});
test.after.always(async t => {
	t.context.kubelet.close();
	await t.context.server.close();
});
test.afterEach(t => {
	t.deepEqual(t.context.failures, [], 'the server failed inside');
});

const settings = (data: Record<string, string>) => ({apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'settings'}, data});

withKubectl('an object is edited, patched in three ways, replaced and deleted', async t => {
	const {ok, fails} = t.context.kubectl;
	t.is(await ok(t, 'apply -f -', {input: settings({a: 'yes'})}), 'configmap/settings created\n');
	t.is(await ok(t, 'edit cm settings', {editor: 'sed -i s/yes/no/'}), 'configmap/settings edited\n');
	t.is(
		await ok(t, 'patch cm settings --type=json -p [{"op":"add","path":"/data/b","value":"1"}]'),
		'configmap/settings patched\n',
	);
	t.is(await ok(t, 'patch cm settings -p {"data":{"c":"3"}}'), 'configmap/settings patched\n');
	t.is(await ok(t, 'patch cm settings --type=merge -p {"data":{"b":null}}'), 'configmap/settings patched\n');
	t.is(await ok(t, 'patch cm settings -p {"data":{"c":"3"}}'), 'configmap/settings patched (no change)\n');
	t.is(await ok(t, 'get cm settings -o jsonpath={.data}'), '{"a":"no","c":"3"}');
	t.is(await ok(t, 'replace -f -', {input: settings({z: '1'})}), 'configmap/settings replaced\n');
	t.is(await ok(t, 'delete cm settings'), 'configmap "settings" deleted\n');
	t.is(await fails(t, 'get cm settings'), 'Error from server (NotFound): configmaps "settings" not found\n');
});

withKubectl('fields of another manager are not taken from it unless forced', async t => {
	const {ok, fails} = t.context.kubectl;
	const apply = (manager: string) => `apply --server-side --field-manager=${manager} -f -`;
	t.is(await ok(t, apply('one'), {input: settings({a: '1'})}), 'configmap/settings serverside-applied\n');
	t.regex(await fails(t, apply('other'), {input: settings({a: '2'})}), /conflict with "one": \.data\.a/);
	t.is(
		await ok(t, `${apply('other')} --force-conflicts`, {input: settings({a: '2'})}),
		'configmap/settings serverside-applied\n',
	);
	await ok(t, 'delete cm settings');
});

withKubectl('people have the rights of their binding, until it is deleted', async t => {
	const {server, kubectl} = t.context;
	const name = 'constellation:admins';
	await kubectl.ok(t, `create clusterrolebinding ${name} --clusterrole=cluster-admin --group=${name}`);
	const admin = await kubectlOf(server, server.identity('mini-admin', name));
	t.is(await admin.ok(t, 'auth can-i delete nodes'), 'yes\n');
	await admin.ok(t, 'get nodes');
	await kubectl.ok(t, `delete clusterrolebinding ${name}`);
	await admin.fails(t, 'auth can-i delete nodes');
	const refused = /nodes is forbidden: User "mini-admin" cannot list resource "nodes" in API group "" at the cluster scope/;
	t.regex(await admin.fails(t, 'get nodes'), refused);
});

withKubectl('drain evicts what runs on a node', async t => {
	const {server, kubelet, kubectl} = t.context;
	await registerNode(server, kubelet, 'node-9', false);
	const pods = '/api/v1/namespaces/kube-system/pods';
	const pod = {metadata: {name: 'guest'}, spec: {nodeName: 'node-9', containers: [{name: 'main', image: 'x'}]}};
	t.is((await server.request(pods, {method: 'POST', body: pod})).status, 201);
	const drained = await kubectl.ok(t, 'drain node-9 --force --grace-period=0 --timeout=30s');
	t.regex(drained, /pod\/guest evicted[^]*node\/node-9 drained/);
	t.regex(await kubectl.ok(t, 'get node node-9'), /Ready,SchedulingDisabled/);
	t.is(await kubectl.ok(t, 'uncordon node-9'), 'node/node-9 uncordoned\n');
	t.is(await kubectl.ok(t, 'taint node node-9 a=b:NoSchedule'), 'node/node-9 tainted\n');
	t.regex(await kubectl.ok(t, 'describe node node-9'), /Taints:\s+a=b:NoSchedule/);
});

withKubectl('certificate requests are approved, roles reconciled', async t => {
	const {server, kubectl} = t.context;
	const pem = toPem('CERTIFICATE REQUEST', createCsr(generateKeys(), {commonName: 'jane'}));
	const spec = {request: Buffer.from(pem).toString('base64'), signerName: 'example.test/signer', usages: ['client auth']};
	const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
	await server.request(requests, {method: 'POST', body: {metadata: {name: 'csr1'}, spec}});
	t.regex(await kubectl.ok(t, 'get csr'), /csr1\s+\d+s\s+example\.test\/signer\s+test-admin\s+<none>\s+Pending/);
	t.regex(await kubectl.ok(t, 'certificate approve csr1'), /csr1 approved/);
	t.regex(await kubectl.ok(t, 'get csr'), /Approved/);
	for (const verbs of [['get'], ['get', 'list']]) {
		const rules = [{apiGroups: [''], resources: ['pods'], verbs}];
		const metadata = {name: 'r', namespace: 'default'};
		const input = {apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules};
		t.regex(await kubectl.ok(t, 'auth reconcile -f -', {input}), /reconciled/);
	}
	t.is(await kubectl.ok(t, 'get role r -o jsonpath={.rules[*].verbs[*]}'), 'get list');
});

withKubectl('events are the same through both groups', async t => {
	const {server, kubectl} = t.context;
	const involvedObject = {kind: 'Node', name: 'node-9', apiVersion: 'v1'};
	const time = '2025-01-01T00:00:00Z';
	const said = {reason: 'Joined', message: 'node joined', type: 'Normal', firstTimestamp: time, lastTimestamp: time, count: 2};
	const event = {metadata: {name: 'node-9.1', namespace: 'default'}, involvedObject, ...said};
	t.is((await server.request('/api/v1/namespaces/default/events', {method: 'POST', body: event})).status, 201);
	t.regex(await kubectl.ok(t, 'get events'), /Normal\s+Joined\s+node\/node-9\s+node joined/);
	t.regex(await kubectl.ok(t, 'events --for node/node-9'), /x2.*node joined/);
	t.regex(await kubectl.ok(t, 'get events.events.k8s.io'), /node joined/);
	t.regex(await kubectl.ok(t, 'describe ns default'), /Status:\s+Active/);
});

withKubectl('what is not served is named', async t => {
	const {fails} = t.context.kubectl;
	t.regex(await fails(t, 'top nodes'), /Metrics API not available/);
	t.regex(await fails(t, 'get nothing'), /the server doesn't have a resource type "nothing"/);
	t.regex(await fails(t, 'explain pod.spec.none'), /field "none" does not exist/);
});
