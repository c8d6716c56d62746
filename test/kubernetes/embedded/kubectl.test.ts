import type {ServerResponse} from 'node:http';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {createCsr} from '../../../src/keys/csr.ts';
import {toPem} from '../../../src/keys/pem.ts';
import {generateKeys, issueCertificate} from '../../../src/keys/pki.ts';
import {startTestServer, type TestServer} from '../../helpers/api-server.ts';
import {kubectl, kubectlPath, kubectlUntil} from '../../helpers/kubectl.ts';
import {registerNode} from '../../helpers/test-node.ts';
import {widgetDefinition} from '../../helpers/widget.ts';

const withKubectl = kubectlPath === undefined ? test.skip : test;

async function setUp(t: ExecutionContext) {
	const failures: unknown[] = [];
	const server = await startTestServer({report: error => failures.push(error)});
	t.teardown(() => server.close());
	t.teardown(() => {
		if (failures.length > 0) throw new AggregateError(failures, 'the server failed inside');
	});
	const config = await server.kubeconfig();
	const home = join(server.folder, 'home');
	const run = kubectl(config, home);
	/** Runs and expects success; gives standard output. */
	const ok = async (args: string, options?: Parameters<typeof run>[1]) => {
		const {code, stdout, stderr} = await run(args, options);
		t.is(code, 0, `kubectl ${args}: ${stderr}`);
		return stdout;
	};
	/** Runs and expects failure; gives standard error. */
	const fails = async (args: string, options?: Parameters<typeof run>[1]) => {
		const {code, stdout, stderr} = await run(args, options);
		t.not(code, 0, `kubectl ${args}: ${stdout}`);
		return stderr;
	};
	return {server, config, home, run, ok, fails};
}

/** An HTTPS server in the place of a kubelet; gives its port. */
async function fakeKubelet(
	t: ExecutionContext,
	server: TestServer,
	node: string,
	answer: (url: string, response: ServerResponse) => void,
) {
	const {privateKey, publicKey} = generateKeys();
	const subject = {organization: 'system:nodes', commonName: `system:node:${node}`};
	const cert = issueCertificate(server.authority, {
		subject,
		publicKey,
		usages: ['serverAuth'],
		addresses: ['127.0.0.1'],
		days: 1,
	});
	const options = {
		cert,
		key: Buffer.from(privateKey.reveal()),
		ca: server.authority.certificate,
		requestCert: true,
		rejectUnauthorized: true,
	};
	const kubelet = createServer(options, (request, response) => answer(request.url ?? '', response));
	await new Promise<void>(resolve => kubelet.listen(0, '127.0.0.1', resolve));
	t.teardown(() => kubelet.close());
	return (kubelet.address() as AddressInfo).port;
}

const yaml = (value: unknown) => JSON.stringify(value);
const settings = (data: Record<string, unknown>, more = {}) =>
	yaml({apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'settings'}, data, ...more});

withKubectl('typed creates, which send protobuf', async t => {
	const {ok} = await setUp(t);
	const created = [
		['create namespace app', 'namespace/app'],
		['create configmap c --from-literal=a=b', 'configmap/c'],
		['create secret generic s --from-literal=user=demo', 'secret/s'],
		['create serviceaccount bot', 'serviceaccount/bot'],
		['create role r --verb=get --resource=pods', 'role.rbac.authorization.k8s.io/r'],
		['create rolebinding rb --role=r --user=jane', 'rolebinding.rbac.authorization.k8s.io/rb'],
		['create clusterrole cr --verb=get --resource=nodes', 'clusterrole.rbac.authorization.k8s.io/cr'],
		['create clusterrolebinding crb --clusterrole=cr --group=devs', 'clusterrolebinding.rbac.authorization.k8s.io/crb'],
	] as const;
	for (const [command, name] of created) t.is(await ok(command), `${name} created\n`);
	t.is(await ok('get secret s -o jsonpath={.data.user}'), 'ZGVtbw==');
	t.regex(await ok('create token bot'), /^[\w-]+\.[\w-]+\.[\w-]+$/);
	t.is(await ok('auth can-i delete nodes'), 'yes\n');
	t.regex(await ok('auth whoami'), /test-admin/);
	t.regex(await ok('auth can-i --list'), /\*\.\*/);
});

withKubectl('apply, diff, edit, label, annotate, replace, patch, delete', async t => {
	const {ok, fails, run} = await setUp(t);
	const apply = (input: string) => ok('apply -f -', {input});
	t.is(await apply(settings({a: '1'})), 'configmap/settings created\n');
	t.is(await apply(settings({a: '1'})), 'configmap/settings unchanged\n');
	const diff = await run('diff -f -', {input: settings({a: '2'})});
	t.is(diff.code, 1);
	t.regex(diff.stdout, /-\s+a: "1"\n\+\s+a: "2"/);
	t.is(await apply(settings({b: '2'})), 'configmap/settings configured\n');
	t.is(await ok('get cm settings -o jsonpath={.data}'), '{"b":"2"}');
	t.is(await ok('label cm settings x=y'), 'configmap/settings labeled\n');
	t.is(await ok('annotate cm settings note=yes'), 'configmap/settings annotated\n');
	t.is(await ok('edit cm settings', {editor: 'sed -i s/yes/no/'}), 'configmap/settings edited\n');
	t.is(await ok('get cm -l x=y -o jsonpath={.items[0].metadata.annotations.note}'), 'no');
	t.is(await ok('patch cm settings --type=json -p [{"op":"remove","path":"/data/b"}]'), 'configmap/settings patched\n');
	t.is(await ok('patch cm settings -p {"data":{"c":"3"}}'), 'configmap/settings patched\n');
	t.is(await ok('patch cm settings -p {"data":{"c":"3"}}'), 'configmap/settings patched (no change)\n');
	t.is(await ok('replace -f -', {input: settings({z: '1'})}), 'configmap/settings replaced\n');
	t.is(await ok('delete cm settings'), 'configmap "settings" deleted\n');
	t.is(await fails('get cm settings'), 'Error from server (NotFound): configmaps "settings" not found\n');
	t.is(await ok('apply --server-side -f -', {input: settings({a: '1'})}), 'configmap/settings serverside-applied\n');
	t.is(await ok('apply --server-side -f -', {input: settings({a: '1'})}), 'configmap/settings serverside-applied\n');
	t.regex(await fails('apply --server-side --field-manager=other -f -', {input: settings({a: '2'})}), /conflict/);
	t.regex(
		await fails('create -f -', {input: settings({}, {metadata: {name: 'n'}, spce: 1})}),
		/strict decoding error: unknown field "spce"/,
	);
});

withKubectl('nodes: get, describe, cordon, taint, wait, watch', async t => {
	const {server, config, home, ok} = await setUp(t);
	const node = await registerNode(server, 'node-1', {controlPlane: true});
	await node.pod('join-service-node-1');
	t.regex(await ok('get nodes'), /node-1\s+Ready\s+control-plane\s+\d+s\s+v1\.32\.9\n/);
	t.regex(await ok('get nodes -o wide'), /127\.0\.0\.1\s+<none>\s+Test OS 1\.0\s+6\.1\.0\s+none:\/\/0\n/);
	t.is(await ok('get nodes -o name'), 'node/node-1\n');
	t.regex(await ok('get node node-1 -o yaml'), /kind: Node/);
	const described = await ok('describe node node-1');
	for (const text of [/Roles:\s+control-plane/, /Ready\s+True/, /HolderIdentity:\s+node-1/, /kube-system\s+join-service-node-1/])
		t.regex(described, text);
	t.is(await ok('wait --for=condition=Ready node/node-1 --timeout=10s'), 'node/node-1 condition met\n');
	t.is(await ok('cordon node-1'), 'node/node-1 cordoned\n');
	t.regex(await ok('get nodes'), /Ready,SchedulingDisabled/);
	t.is(await ok('uncordon node-1'), 'node/node-1 uncordoned\n');
	t.is(await ok('taint node node-1 a=b:NoSchedule'), 'node/node-1 tainted\n');
	t.is(await ok('label node node-1 tier=a'), 'node/node-1 labeled\n');
	const watched = kubectlUntil(config, home, ['get', 'nodes', '--watch'], /node-2/);
	await registerNode(server, 'node-2');
	t.regex(await watched, /node-1[^]*node-2/);
	t.regex(await ok('get pods -A -o wide'), /join-service-node-1\s+1\/1\s+Running\s+0\s+\d+s\s+127\.0\.0\.1\s+node-1/);
	t.regex(await ok('describe pod -n kube-system join-service-node-1'), /Status:\s+Running/);
	t.is(await ok('delete node node-2'), 'node "node-2" deleted\n');
});

withKubectl('workloads are known and refused in one sentence', async t => {
	const {ok, fails} = await setUp(t);
	t.regex(await ok('api-resources --api-group=apps'), /deployments/);
	t.is(await ok('get deployments'), '');
	const sentence = /is forbidden: the local provider .* runs no workloads, .* use the qemu provider or a cloud for that/;
	t.regex(await fails('create deployment web --image=example.test/web'), sentence);
	t.regex(await fails('run web --image=example.test/web'), sentence);
	const spec = {
		selector: {matchLabels: {a: 'b'}},
		template: {metadata: {labels: {a: 'b'}}, spec: {containers: [{name: 'c', image: 'x'}]}},
	};
	t.regex(
		await fails('apply -f -', {input: yaml({apiVersion: 'apps/v1', kind: 'Deployment', metadata: {name: 'web'}, spec})}),
		sentence,
	);
});

withKubectl('custom resources: columns, explain, validation', async t => {
	const {ok, fails} = await setUp(t);
	const widget = (spec: object) => yaml({apiVersion: 'demo.example.test/v1', kind: 'Widget', metadata: {name: 'one'}, spec});
	t.is(
		await ok('apply -f -', {input: yaml(widgetDefinition)}),
		'customresourcedefinition.apiextensions.k8s.io/widgets.demo.example.test created\n',
	);
	t.regex(await ok('wait --for=condition=Established crd/widgets.demo.example.test'), /condition met/);
	t.is(await ok('apply -f -', {input: widget({size: 3})}), 'widget.demo.example.test/one created\n');
	t.is(await ok('apply -f -', {input: widget({size: 3})}), 'widget.demo.example.test/one unchanged\n');
	t.is(await ok('apply -f -', {input: widget({size: 4})}), 'widget.demo.example.test/one configured\n');
	t.regex(await ok('get wd -o wide'), /NAME\s+SIZE\s+PHASE\s+COLOR\s+AGE\none\s+4\s+red\s+\d+s\n/);
	t.regex(await ok('explain widget.spec.size'), /FIELD: size <integer>/);
	t.regex(
		await fails('apply -f -', {input: widget({size: 11})}),
		/spec\.size: Invalid value: 11: spec\.size in body should be less than or equal to 10/,
	);
	t.regex(await fails('apply -f -', {input: widget({size: 1, extra: 1})}), /unknown field "spec\.extra"/);
	t.is(await ok('patch widget one --type=merge -p {"spec":{"color":"green"}}'), 'widget.demo.example.test/one patched\n');
	t.is(await ok('delete widget one'), 'widget.demo.example.test "one" deleted\n');
});

withKubectl('explain shows the fields of built-in kinds', async t => {
	const {ok, fails} = await setUp(t);
	t.regex(await ok('explain pod.spec.nodeName'), /FIELD: nodeName <string>\s+DESCRIPTION:\s+\S/);
	t.regex(await ok('explain node.status.conditions'), /FIELD: conditions <\[\]NodeCondition>/);
	t.regex(await ok('explain lease --recursive'), /renewTime\s+<string>/);
	t.regex(await fails('explain pod.spec.none'), /field "none" does not exist/);
});

withKubectl('people have the rights of their binding, until it is deleted', async t => {
	const {server, ok, home} = await setUp(t);
	await ok('create clusterrolebinding constellation:admins --clusterrole=cluster-admin --group=constellation:admins');
	const admin = kubectl(await server.kubeconfig(server.identity('mini-admin', 'constellation:admins')), `${home}-admin`);
	t.is((await admin('auth can-i delete nodes')).stdout, 'yes\n');
	t.is((await admin('get nodes')).code, 0);
	await ok('delete clusterrolebinding constellation:admins');
	t.is((await admin('auth can-i delete nodes')).stdout, 'no\n');
	t.regex(
		(await admin('get nodes')).stderr,
		/nodes is forbidden: User "mini-admin" cannot list resource "nodes" in API group "" at the cluster scope/,
	);
});

withKubectl('drain evicts what can be evicted', async t => {
	const {server, ok} = await setUp(t);
	const node = await registerNode(server, 'node-1');
	await node.pod('service');
	const drained = ok('drain node-1 --force --grace-period=0 --timeout=30s');
	t.regex(await drained, /pod\/service evicted[^]*node\/node-1 drained/);
	t.is(await ok('get pods -A -o name'), '');
});

withKubectl("logs come from the kubelet of the pod's node, and its absence is said", async t => {
	const {server, ok, fails} = await setUp(t);
	const asked: string[] = [];
	const port = await fakeKubelet(t, server, 'node-1', (url, response) => {
		asked.push(url);
		response.end('first line\nlast line\n');
	});
	const node = await registerNode(server, 'node-1', {kubeletPort: port});
	await node.pod('service');
	t.is(await ok('logs -n kube-system service --tail=2'), 'first line\nlast line\n');
	t.deepEqual(asked, ['/containerLogs/kube-system/service/main?tailLines=2']);
	const away = await registerNode(server, 'node-2', {kubeletPort: 1});
	await away.pod('lonely');
	t.regex(await fails('logs -n kube-system lonely'), /Error from server: .*connection refused/);
	t.regex(await fails('logs -n kube-system nobody'), /pods "nobody" not found/);
});

withKubectl('events, certificates, reconcile and what else looks around', async t => {
	const {server, ok, fails} = await setUp(t);
	const involvedObject = {kind: 'Node', name: 'node-1', apiVersion: 'v1'};
	const times = {firstTimestamp: '2025-01-01T00:00:00Z', lastTimestamp: '2025-01-01T00:00:00Z', count: 2};
	const event = {
		metadata: {name: 'node-1.1', namespace: 'default'},
		involvedObject,
		reason: 'Joined',
		message: 'node joined',
		type: 'Normal',
		...times,
	};
	t.is((await server.request('/api/v1/namespaces/default/events', {method: 'POST', body: event})).status, 201);
	t.regex(await ok('get events'), /Normal\s+Joined\s+node\/node-1\s+node joined/);
	t.regex(await ok('events --for node/node-1'), /node joined/);
	t.regex(await ok('get events.events.k8s.io'), /node joined/);

	const keys = generateKeys();
	const pem = toPem('CERTIFICATE REQUEST', createCsr(keys, {commonName: 'jane'}));
	const request = {
		metadata: {name: 'csr1'},
		spec: {request: Buffer.from(pem).toString('base64'), signerName: 'example.test/signer', usages: ['client auth']},
	};
	await server.request('/apis/certificates.k8s.io/v1/certificatesigningrequests', {method: 'POST', body: request});
	t.regex(await ok('get csr'), /csr1\s+\d+s\s+example\.test\/signer\s+test-admin\s+<none>\s+Pending/);
	t.regex(await ok('certificate approve csr1'), /csr1 approved/);
	t.regex(await ok('get csr'), /Approved/);

	const role = (verbs: string[]) =>
		yaml({
			apiVersion: 'rbac.authorization.k8s.io/v1',
			kind: 'Role',
			metadata: {name: 'r', namespace: 'default'},
			rules: [{apiGroups: [''], resources: ['pods'], verbs}],
		});
	t.regex(await ok('auth reconcile -f -', {input: role(['get'])}), /reconciled/);
	t.regex(await ok('auth reconcile -f -', {input: role(['get', 'list'])}), /reconciled/);

	t.regex(await ok('version -o json'), /"gitVersion": "v1\.32\.9"/);
	t.regex(await ok('api-versions'), /apiextensions\.k8s\.io\/v1\n/);
	t.regex(await ok('cluster-info'), /control plane/);
	t.is(await ok('get --raw /readyz'), 'ok');
	t.regex(await ok('describe ns default'), /Status:\s+Active/);
	t.regex(await ok('get all -A'), /^$/);
	t.regex(await fails('top nodes'), /Metrics API not available/);
	t.regex(await fails('get nothing'), /the server doesn't have a resource type "nothing"/);
});
