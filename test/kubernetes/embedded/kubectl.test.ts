import {type ChildProcess, execFile, execFileSync, spawn} from 'node:child_process';
import {mkdir, writeFile} from 'node:fs/promises';
import type {Server} from 'node:https';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {startTestServer, type TestServer} from '../../helpers/api-server.ts';
import {registerNode, startKubelet} from '../../helpers/fake-nodes.ts';

type Run = {code: number; out: string; err: string};

const found = (() => {
	try {
		execFileSync('kubectl', ['version', '--client'], {stdio: 'ignore'});
		return true;
	} catch {
		// Without kubectl these tests say so instead of failing.
		return false;
	}
})();
const required = process.env['REQUIRE_E2E'] === '1';
const serial = (title: string, work: (t: ExecutionContext) => Promise<void>) => {
	if (found || required) test.serial(title, work);
	else test.serial.skip(`SKIPPED: no kubectl: ${title}`, t => t.pass());
};

let server: TestServer;
let kubelet: Server;
let env: Record<string, string>;
const children = new Set<ChildProcess>();

test.before(async () => {
	server = await startTestServer();
	const home = join(server.folder, 'home');
	await mkdir(home);
	env = {PATH: process.env['PATH'] ?? '', HOME: home, KUBECONFIG: await server.kubeconfig()};
	kubelet = await startKubelet(server);
	await registerNode(server, kubelet, 'node-1', true);
	await registerNode(server, kubelet, 'node-2', false);
});

test.after.always(async () => {
	for (const child of children) child.kill('SIGKILL');
	kubelet.closeAllConnections();
	kubelet.close();
	await server.close();
});

function kubectl(...parameters: string[]): Promise<Run> {
	return new Promise(resolve => {
		execFile('kubectl', parameters, {env, timeout: 60_000}, (error, out, err) => {
			const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
			resolve({code, out, err});
		});
	});
}

async function works(t: ExecutionContext, ...parameters: string[]): Promise<string> {
	const {code, out, err} = await kubectl(...parameters);
	t.is(code, 0, `kubectl ${parameters.join(' ')}: ${err}`);
	return out;
}

async function file(name: string, content: unknown): Promise<string> {
	const path = join(server.folder, name);
	await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
	return path;
}

serial('get: tables, wide, JSON, YAML, names, selectors', async t => {
	const table = await works(t, 'get', 'nodes');
	t.regex(table, /^NAME +STATUS +ROLES +AGE +VERSION\nnode-1 +Ready +control-plane +\S+ +v1\.32\.9\nnode-2 +Ready +<none> /);
	t.regex(
		await works(t, 'get', 'nodes', '-o', 'wide'),
		/INTERNAL-IP.*\nnode-1 .*127\.0\.0\.1.*Constellation.*6\.6.*constellation:\/\/0\.1\.0/,
	);
	const node = JSON.parse(await works(t, 'get', 'node', 'node-1', '-o', 'json')) as {kind: string; metadata: {name: string}};
	t.deepEqual([node.kind, node.metadata.name], ['Node', 'node-1']);
	t.regex(await works(t, 'get', 'node', 'node-1', '-o', 'yaml'), /^apiVersion: v1\nkind: Node\n/);
	t.is(await works(t, 'get', 'nodes', '-l', 'node-role.kubernetes.io/control-plane', '-o', 'name'), 'node/node-1\n');
	t.regex(
		await works(t, 'get', 'pods', '-A', '--field-selector', 'spec.nodeName=node-2'),
		/kube-system +join-service-node-2 +1\/1 +Running/,
	);
	const all = await kubectl('get', 'all', '-A');
	t.is(all.code, 0);
	t.regex(all.out, /pod\/join-service-node-1/);
	const missing = await kubectl('get', 'pod', 'nope');
	t.deepEqual([missing.code, missing.err], [1, 'Error from server (NotFound): pods "nope" not found\n']);
});

serial('get -w shows a change and ends with the client', async t => {
	const child = spawn('kubectl', ['get', 'nodes', '-w', '-o', 'custom-columns=N:.metadata.name,X:.metadata.labels.watched'], {
		env,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	children.add(child);
	let text = '';
	let wake: () => void = () => undefined;
	child.stdout.on('data', (chunk: Buffer) => {
		text += chunk.toString();
		wake();
	});
	const until = async (pattern: RegExp) => {
		while (!pattern.test(text)) {
			await new Promise<void>(resolve => {
				wake = resolve;
			});
		}
	};
	await until(/node-2 +<none>/);
	await works(t, 'label', 'node', 'node-2', 'watched=yes');
	await until(/node-2 +yes/);
	child.kill('SIGTERM');
	t.pass();
});

serial('describe: node and pod', async t => {
	const node = await works(t, 'describe', 'node', 'node-1');
	t.regex(node, /Roles: +control-plane/);
	t.regex(node, /Taints: +node-role\.kubernetes\.io\/control-plane:NoSchedule/);
	t.regex(node, /join-service-node-1/);
	t.regex(await works(t, 'describe', 'pod', '-n', 'kube-system', 'join-service-node-1'), /Node: +node-1/);
	t.regex(await works(t, 'describe', 'ns', 'default'), /Status: +Active/);
});

serial('typed creates send protobuf, and are understood', async t => {
	t.is(await works(t, 'create', 'namespace', 'demo'), 'namespace/demo created\n');
	t.is(await works(t, 'create', 'configmap', 'c', '-n', 'demo', '--from-literal=a=1'), 'configmap/c created\n');
	t.is(await works(t, 'create', 'secret', 'generic', 's', '-n', 'demo', '--from-literal=p=q'), 'secret/s created\n');
	t.is(await works(t, 'create', 'serviceaccount', 'bot', '-n', 'demo'), 'serviceaccount/bot created\n');
	t.regex(await works(t, 'create', 'token', 'bot', '-n', 'demo'), /^[\w-]+\.[\w-]+\.[\w-]+\n?$/);
	t.is(
		await works(t, 'create', 'role', 'reader', '-n', 'demo', '--verb=get', '--resource=pods'),
		'role.rbac.authorization.k8s.io/reader created\n',
	);
	t.is(await works(t, 'get', 'secret', 's', '-n', 'demo', '-o', 'jsonpath={.data.p} {.type}'), 'cQ== Opaque');
	t.regex(await works(t, 'get', 'sa', '-n', 'demo'), /bot.*\ndefault/);
	t.is(await works(t, 'delete', 'namespace', 'demo', '--timeout=30s'), 'namespace "demo" deleted\n');
	const gone = await kubectl('get', 'cm', '-n', 'demo');
	t.regex(gone.err, /No resources found in demo namespace/);
});

serial('apply twice, change, diff, server-side', async t => {
	const path = await file('settings.json', {
		apiVersion: 'v1',
		kind: 'ConfigMap',
		metadata: {name: 'settings'},
		data: {a: '1', b: '2'},
	});
	t.is(await works(t, 'apply', '-f', path), 'configmap/settings created\n');
	t.is(await works(t, 'apply', '-f', path), 'configmap/settings unchanged\n');
	await file('settings.json', {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'settings'}, data: {a: '2'}});
	const diff = await kubectl('diff', '-f', path);
	t.is(diff.code, 1);
	t.regex(diff.out, /-  b: "2"/);
	t.is(await works(t, 'apply', '-f', path), 'configmap/settings configured\n');
	t.is(await works(t, 'get', 'cm', 'settings', '-o', 'jsonpath={.data}'), '{"a":"2"}');
	t.is(await works(t, 'apply', '--server-side', '-f', path), 'configmap/settings serverside-applied\n');
	const wrong = await file('wrong.json', {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'wrong'}, dat: {a: '1'}});
	const refused = await kubectl('apply', '-f', wrong);
	t.is(refused.code, 1);
	t.regex(refused.err, /strict decoding error: unknown field "dat"/);
	t.is(await works(t, 'delete', 'cm', 'settings'), 'configmap "settings" deleted\n');
});

serial('custom resources: define, wait, apply twice, validate, explain, delete', async t => {
	const definition = await file('crd.json', {
		apiVersion: 'apiextensions.k8s.io/v1',
		kind: 'CustomResourceDefinition',
		metadata: {name: 'widgets.demo.example.test'},
		spec: {
			group: 'demo.example.test',
			names: {kind: 'Widget', plural: 'widgets', shortNames: ['wd']},
			scope: 'Namespaced',
			versions: [
				{
					name: 'v1',
					served: true,
					storage: true,
					subresources: {status: {}},
					additionalPrinterColumns: [{name: 'Size', type: 'integer', jsonPath: '.spec.size'}],
					schema: {
						openAPIV3Schema: {
							type: 'object',
							required: ['spec'],
							properties: {
								spec: {
									type: 'object',
									required: ['size'],
									properties: {
										size: {type: 'integer', maximum: 10, description: 'How big it is.'},
										color: {type: 'string', default: 'red', enum: ['red', 'green']},
									},
								},
								status: {type: 'object', properties: {phase: {type: 'string'}}},
							},
						},
					},
				},
			],
		},
	});
	await works(t, 'apply', '-f', definition);
	t.regex(
		await works(t, 'wait', '--for=condition=Established', 'crd/widgets.demo.example.test', '--timeout=20s'),
		/condition met/,
	);
	const widget = (spec: object) =>
		file('widget.json', {apiVersion: 'demo.example.test/v1', kind: 'Widget', metadata: {name: 'one'}, spec});
	t.is(await works(t, 'apply', '-f', await widget({size: 3})), 'widget.demo.example.test/one created\n');
	t.is(await works(t, 'apply', '-f', await widget({size: 3})), 'widget.demo.example.test/one unchanged\n');
	t.regex(await works(t, 'get', 'wd'), /NAME +SIZE\none +3/);
	t.is(await works(t, 'get', 'wd', 'one', '-o', 'jsonpath={.spec.color} {.metadata.generation}'), 'red 1');
	for (const [spec, message] of [
		[{size: 30}, /spec\.size: Invalid value: 30/],
		[{color: 'blue'}, /spec\.color: Unsupported value: "blue"/],
		[{size: 'big'}, /spec\.size: Invalid value: "string"/],
		[{size: 3, shape: 'round'}, /unknown field "spec\.shape"/],
	] as const) {
		const refused = await kubectl('apply', '-f', await widget(spec));
		t.is(refused.code, 1, JSON.stringify(spec));
		t.regex(refused.err, message);
	}
	await works(
		t,
		'patch',
		'wd',
		'one',
		'--subresource=status',
		'--type=merge',
		'-p',
		'{"status":{"phase":"Ready"},"spec":{"size":9}}',
	);
	t.is(await works(t, 'get', 'wd', 'one', '-o', 'jsonpath={.spec.size} {.status.phase}'), '3 Ready');
	t.regex(await works(t, 'wait', '--for=jsonpath={.status.phase}=Ready', 'wd/one', '--timeout=20s'), /condition met/);
	t.regex(await works(t, 'explain', 'widget.spec'), /size\t<integer> -required-\n +How big it is\./);
	await works(t, 'delete', 'crd', 'widgets.demo.example.test');
	t.is((await kubectl('get', 'wd')).code, 1);
});

serial('label, annotate, cordon, taint, wait, explain', async t => {
	t.is(await works(t, 'label', 'node', 'node-2', 'zone=a'), 'node/node-2 labeled\n');
	t.is(await works(t, 'label', 'node', 'node-2', 'zone=a'), 'node/node-2 not labeled\n');
	t.is(await works(t, 'annotate', 'node', 'node-2', 'note=x'), 'node/node-2 annotated\n');
	t.is(await works(t, 'cordon', 'node-2'), 'node/node-2 cordoned\n');
	t.regex(await works(t, 'get', 'node', 'node-2'), /Ready,SchedulingDisabled/);
	t.is(await works(t, 'get', 'nodes', '--field-selector', 'spec.unschedulable=true', '-o', 'name'), 'node/node-2\n');
	t.is(await works(t, 'uncordon', 'node-2'), 'node/node-2 uncordoned\n');
	t.is(await works(t, 'taint', 'node', 'node-2', 'k=v:NoSchedule'), 'node/node-2 tainted\n');
	t.regex(await works(t, 'drain', 'node-2', '--ignore-daemonsets', '--timeout=20s'), /node\/node-2 drained/);
	t.regex(await works(t, 'wait', '--for=condition=Ready', 'node', '--all', '--timeout=20s'), /node\/node-1 condition met/);
	t.regex(await works(t, 'explain', 'node.spec.unschedulable'), /FIELD: unschedulable/);
});

serial('logs come from the node, and only from that node', async t => {
	t.is(
		await works(t, 'logs', '-n', 'kube-system', 'join-service-node-1', '--tail=5'),
		'log of /containerLogs/kube-system/join-service-node-1/join-service?tailLines=5\n',
	);
	const other = await kubectl('logs', '-n', 'kube-system', 'join-service-node-2');
	t.is(other.code, 1);
	t.regex(other.err, /is not that of node node-2/);
});

serial('auth can-i and whoami', async t => {
	t.is(await works(t, 'auth', 'can-i', 'get', 'secrets'), 'yes\n');
	t.regex(await works(t, 'auth', 'whoami'), /test-admin/);
	const viewer = await server.kubeconfig(server.identity('viewer', 'viewers'));
	await works(t, 'create', 'clusterrolebinding', 'viewers', '--clusterrole=view', '--group=viewers');
	const asViewer = (...parameters: string[]) => kubectl('--kubeconfig', viewer, ...parameters);
	t.is((await asViewer('auth', 'can-i', 'list', 'pods')).out, 'yes\n');
	const secrets = await asViewer('auth', 'can-i', 'get', 'secrets');
	t.deepEqual([secrets.code, secrets.out], [1, 'no\n']);
	t.regex((await asViewer('get', 'secrets')).err, /User "viewer" cannot list resource "secrets"/);
	t.regex((await asViewer('auth', 'can-i', '--list')).out, /pods\/log/);
});

serial('kinds that nobody works on are refused in one sentence that says where they run', async t => {
	for (const parameters of [
		['create', 'job', 'j', '--image=x'],
		['create', 'cronjob', 'c', '--image=x', '--schedule=0 0 * * *'],
		['create', 'quota', 'q', '--hard=pods=1'],
		['create', 'ingress', 'i', '--rule=example.test/*=web:80'],
	]) {
		const {code, err} = await kubectl(...parameters);
		t.is(code, 1, parameters.join(' '));
		t.regex(err, /is forbidden: the local provider simulates Pods, Deployments.* only.*use the qemu provider or a cloud/);
		t.is(err.trim().split('\n').length, 1);
	}
	t.regex((await kubectl('get', 'deployments,jobs,services')).err, /No resources found/);
});

serial('cluster-info, version, api-resources, api-versions', async t => {
	t.regex(await works(t, 'cluster-info'), /control plane.* is running at/);
	t.regex(await works(t, 'version'), /Server Version: v1\.32\.9/);
	t.regex(await works(t, 'api-resources'), /deployments +deploy +apps\/v1/);
	t.regex(await works(t, 'api-versions'), /rbac\.authorization\.k8s\.io\/v1/);
});
