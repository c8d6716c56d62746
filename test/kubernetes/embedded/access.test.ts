import {createSign, generateKeyPairSync} from 'node:crypto';
import test from 'ava';
import {createAuthority} from '../../../src/keys/pki.ts';
import {type Answer, type ClientIdentity, clientIdentity, startTestServer, type TestServer} from '../../helpers/api-server.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const admins = `${rbac}/clusterrolebindings`;

let server: TestServer;
test.before(async () => {
	server = await startTestServer();
});
test.after.always(() => server.close());

const post = (path: string, body: unknown, identity?: ClientIdentity | null) =>
	server.request(path, {method: 'POST', body, ...(identity !== undefined && {identity})});

const as = (path: string, identity: ClientIdentity | null, headers: Record<string, string> = {}) =>
	server.request(path, {identity, headers});

function field(answer: Answer, ...path: string[]): unknown {
	let value: unknown = answer.json;
	for (const part of path) value = typeof value === 'object' && value !== null ? {...value}[part as never] : undefined;
	return value;
}

const whoami = async (identity: ClientIdentity | null, headers: Record<string, string> = {}) => {
	const body = {kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1'};
	const answer = await server.request('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
		method: 'POST',
		body,
		identity,
		headers,
	});
	return answer.status === 201 ? field(answer, 'status', 'userInfo') : answer.status;
};

const binding = (name: string, subject: object, role = 'cluster-admin') => ({
	metadata: {name},
	roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role},
	subjects: [subject],
});
const group = (name: string) => ({kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name});

test('without credentials only version and health are answered', async t => {
	for (const path of ['/version', '/healthz', '/livez', '/readyz', '/healthz?verbose']) {
		t.is((await as(path, null)).status, 200, path);
	}
	for (const path of [
		'/',
		'/api',
		'/apis',
		'/api/v1',
		'/openapi/v3',
		'/api/v1/nodes',
		'/readyz/store',
		'/nosuch',
		'/apis/nosuch/v1/x',
	]) {
		t.is((await as(path, null)).status, 403, path);
	}
	const head = await server.request('/healthz', {identity: null, method: 'HEAD'});
	t.deepEqual([head.status, head.text], [200, '']);
});

test('a certificate counts when the cluster CA signed it for clients and it is still valid', async t => {
	t.like(await whoami(server.identity('jane', 'devs')), {username: 'jane', groups: ['devs', 'system:authenticated']});
	t.is(
		await whoami(clientIdentity(createAuthority({commonName: 'kubernetes'}), 'jane', 'system:masters')),
		401,
		'another CA of the same name',
	);
	const {serving} = server.settings;
	t.is(await whoami({cert: serving.cert, key: serving.key}), 401, 'a certificate for servers');
	const late = await server.another({now: () => Date.now() + 2 * 86_400_000});
	t.teardown(() => late.close());
	t.is((await late.request('/api/v1/nodes')).status, 401, 'past its end');
});

test('a certificate named like a ServiceAccount has the groups of the account and no others', async t => {
	t.like(await whoami(server.identity('system:serviceaccount:kube-system:operator', 'system:masters')), {
		username: 'system:serviceaccount:kube-system:operator',
		groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
	});
});

test('constellation:admins rule by their binding, whose deletion ends it at once on every server', async t => {
	const admin = server.identity('demo-admin', 'constellation:admins');
	const other = await server.another();
	t.teardown(() => other.close());
	t.is((await as('/api/v1/nodes', admin)).status, 403);
	t.is((await post(admins, binding('constellation:admins', group('constellation:admins')))).status, 201);
	t.is((await as('/api/v1/nodes', admin)).status, 200);
	t.is((await other.request('/api/v1/nodes', {identity: admin})).status, 200);
	t.is((await server.request(`${admins}/constellation:admins`, {method: 'DELETE', identity: admin})).status, 200);
	t.is((await as('/api/v1/nodes', admin)).status, 403);
	t.is((await other.request('/api/v1/nodes', {identity: admin})).status, 403);
	t.is((await server.request('/api/v1/nodes')).status, 200, 'system:masters stays as the way back');
});

test('tokens of ServiceAccounts: issued, limited, and void with their account', async t => {
	await post('/api/v1/namespaces/default/serviceaccounts', {metadata: {name: 'bot'}});
	const request = {kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', spec: {expirationSeconds: 1200}};
	const path = '/api/v1/namespaces/default/serviceaccounts/bot/token';
	const token = String(field(await post(path, request), 'status', 'token'));
	const bearer = (value: string) => ({Authorization: `Bearer ${value}`});
	t.like(await whoami(null, bearer(token)), {username: 'system:serviceaccount:default:bot'});
	const elsewhere = await post(path, {...request, spec: {audiences: ['vault']}});
	t.is(await whoami(null, bearer(String(field(elsewhere, 'status', 'token')))), 401, 'for another audience');
	const [header = '', payload = '', signature = ''] = token.split('.');
	const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
	const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
	const forged = createSign('sha256').update(`${header}.${payload}`).sign(privateKey).toString('base64url');
	for (const bad of [
		`${header}.${encode({...claims, sub: 'system:serviceaccount:kube-system:default'})}.${signature}`,
		`${header}.${payload}.${forged}`,
		`${encode({alg: 'none'})}.${payload}.`,
		`${encode({alg: 'HS256'})}.${payload}.${signature}`,
		`${token}.x`,
		'x',
	]) {
		t.is(await whoami(null, bearer(bad)), 401, bad.slice(0, 30));
	}
	const late = await server.another({now: () => Date.now() + 1_300_000});
	t.teardown(() => late.close());
	t.is((await late.request('/api', {identity: null, headers: bearer(token)})).status, 401, 'too late');
	await server.request('/api/v1/namespaces/default/serviceaccounts/bot', {method: 'DELETE'});
	await post('/api/v1/namespaces/default/serviceaccounts', {metadata: {name: 'bot'}});
	t.is(await whoami(null, bearer(token)), 401, 'of an account of the same name made later');
});

test('bootstrap tokens: right secret, allowed use, before their end', async t => {
	const secret = (id: string, data: Record<string, string>) =>
		post('/api/v1/namespaces/kube-system/secrets', {
			metadata: {name: `bootstrap-token-${id}`},
			type: 'bootstrap.kubernetes.io/token',
			stringData: {'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...data},
		});
	await secret('aaaaaa', {'auth-extra-groups': 'system:bootstrappers:demo,system:masters'});
	await secret('bbbbbb', {expiration: new Date(Date.now() - 1000).toISOString()});
	await secret('cccccc', {'usage-bootstrap-authentication': 'false'});
	const me = (token: string) => whoami(null, {Authorization: `Bearer ${token}`});
	t.deepEqual(await me('aaaaaa.0123456789abcdef'), {
		username: 'system:bootstrap:aaaaaa',
		groups: ['system:bootstrappers', 'system:bootstrappers:demo', 'system:authenticated'],
	});
	for (const bad of [
		'aaaaaa.0123456789abcdee',
		'bbbbbb.0123456789abcdef',
		'cccccc.0123456789abcdef',
		'dddddd.0123456789abcdef',
	]) {
		t.is(await me(bad), 401, bad);
	}
});

test('a node reaches its own Node, Lease and Pods and nothing of others', async t => {
	const node = server.identity('system:node:n1', 'system:nodes');
	const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
	const mirror = {'kubernetes.io/config.mirror': 'x'};
	const pod = (name: string, on: string, annotations: object = mirror) => ({
		metadata: {name, annotations},
		spec: {nodeName: on, containers: [{name: 'main', image: 'x'}]},
	});
	const pods = '/api/v1/namespaces/kube-system/pods';
	t.is((await post('/api/v1/nodes', {metadata: {name: 'n1'}}, node)).status, 201);
	t.is((await post('/api/v1/nodes', {metadata: {name: 'n2'}}, node)).status, 403);
	t.is((await post('/api/v1/nodes', {metadata: {name: 'n2'}})).status, 201);
	t.is((await post(leases, {metadata: {name: 'n1'}, spec: {}}, node)).status, 201);
	t.is((await post(leases, {metadata: {name: 'n2'}, spec: {}}, node)).status, 403);
	t.is((await post(pods, pod('p1', 'n1'), node)).status, 201);
	t.is((await post(pods, pod('p2', 'n2'), node)).status, 403);
	t.regex((await post(pods, pod('p3', 'n1', {}), node)).text, /node \\"n1\\" can only create mirror pods/);
	t.regex((await post(pods, pod('p3', 'n1'))).text, /only a node makes mirror pods/);
	t.is((await post(pods, pod('p4', 'n1', {}))).status, 201);
	t.is((await post(pods, pod('p2', 'n2'), server.identity('system:node:n2', 'system:nodes'))).status, 201);
	const allowed = [
		'/api/v1/nodes/n1',
		`${leases}/n1`,
		`${pods}/p1`,
		'/api/v1/nodes?fieldSelector=metadata.name%3Dn1',
		'/api/v1/pods?fieldSelector=spec.nodeName%3Dn1',
	];
	for (const path of allowed) t.is((await as(path, node)).status, 200, path);
	const refused = [
		'/api/v1/nodes',
		'/api/v1/nodes/n2',
		`${leases}/n2`,
		`${pods}/p2`,
		`${pods}/p1/log`,
		'/api/v1/pods',
		'/api/v1/pods?fieldSelector=spec.nodeName%3Dn2',
		'/api/v1/pods?fieldSelector=spec.nodeName%21%3Dn1',
		'/api/v1/namespaces/kube-system/secrets',
		'/api/v1/namespaces/kube-system/configmaps/join-config',
		'/api/v1/namespaces',
	];
	for (const path of refused) t.is((await as(path, node)).status, 403, path);
	const patch = (path: string, body: unknown) =>
		server.request(path, {method: 'PATCH', body, identity: node, headers: {'Content-Type': 'application/merge-patch+json'}});
	t.is((await patch('/api/v1/nodes/n1/status', {status: {phase: 'Running'}})).status, 200);
	t.is((await patch('/api/v1/nodes/n2/status', {status: {phase: 'Running'}})).status, 403);
	t.is((await patch(`${pods}/p1/status`, {status: {phase: 'Running'}})).status, 200);
	t.is((await patch(`${pods}/p2/status`, {status: {phase: 'Running'}})).status, 403);
	t.is((await patch(`${pods}/p1`, {metadata: {labels: {a: 'b'}}})).status, 403, 'what a pod is, is not its node to say');
	const asAdmin = (name: string, annotations: object) =>
		server.request(`${pods}/${name}`, {
			method: 'PATCH',
			body: {metadata: {annotations}},
			headers: {'Content-Type': 'application/merge-patch+json'},
		});
	t.is((await asAdmin('p4', mirror)).status, 403, 'nothing becomes a mirror pod');
	t.is((await asAdmin('p1', {'kubernetes.io/config.mirror': null})).status, 403);
	const annotation = 'constellation.edgeless.systems/simulated';
	const {json} = await asAdmin('p4', {[annotation]: null});
	t.regex(JSON.stringify(json), /"constellation\.edgeless\.systems\/simulated":"no process runs for this pod/);
	t.is((await server.request('/api/v1/nodes/n1', {method: 'DELETE', identity: node})).status, 403);
	t.is((await as('/api/v1/nodes/n1', server.identity('system:node:n1', 'other'))).status, 403, 'the name alone is not enough');
});

test('the certificate of a node that was retired opens nothing any more, that of another one of its name does', async t => {
	const node = server.identity('system:node:gone', 'system:nodes');
	const own = {metadata: {name: 'gone'}};
	t.is((await post('/api/v1/nodes', own, node)).status, 201);
	const record = (retired: boolean) => JSON.stringify({name: 'gone', role: 'worker', diskUuid: 'x', since: '', retired});
	const write = (data: Record<string, string>) =>
		server.request('/api/v1/namespaces/kube-system/configmaps/join-identities', {
			method: 'PUT',
			body: {metadata: {name: 'join-identities'}, data},
		});
	await post('/api/v1/namespaces/kube-system/configmaps', {metadata: {name: 'join-identities'}, data: {a: record(false)}});
	t.is((await as('/api/v1/nodes/gone', node)).status, 200);
	await write({a: record(true), b: 'unreadable'});
	t.is((await as('/api/v1/nodes/gone', node)).status, 403);
	await server.request('/api/v1/nodes/gone', {method: 'DELETE'});
	t.is((await post('/api/v1/nodes', own, node)).status, 403, 'it does not register again');
	await write({a: record(true), b: record(false)});
	t.is((await post('/api/v1/nodes', own, node)).status, 201);
});

test('roles apply to what they name: verbs, groups, subresources, names, namespaces, paths', async t => {
	const user = server.identity('worker', 'workers');
	await post(`${rbac}/clusterroles`, {
		metadata: {name: 'limited'},
		rules: [
			{apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'], verbs: ['get']},
			{apiGroups: [''], resources: ['pods/log'], verbs: ['get']},
			{nonResourceURLs: ['/metrics/*'], verbs: ['get']},
		],
	});
	await post(admins, binding('limited', {kind: 'User', name: 'worker'}, 'limited'));
	await post(`${rbac}/namespaces/kube-public/roles`, {
		metadata: {name: 'here'},
		rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}],
	});
	await post(`${rbac}/namespaces/kube-public/rolebindings`, {
		metadata: {name: 'here'},
		roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'here'},
		subjects: [group('workers')],
	});
	const may = async (attributes: object) => {
		const spec = {resourceAttributes: attributes};
		const answer = await post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {spec}, user);
		return field(answer, 'status', 'allowed');
	};
	const inDefault = {namespace: 'default', group: '', version: 'v1'};
	t.true(await may({...inDefault, verb: 'get', resource: 'configmaps', name: 'one'}));
	t.false(await may({...inDefault, verb: 'get', resource: 'configmaps', name: 'two'}));
	t.false(await may({...inDefault, verb: 'list', resource: 'configmaps'}));
	t.true(await may({...inDefault, verb: 'get', resource: 'pods', subresource: 'log'}));
	t.false(await may({...inDefault, verb: 'get', resource: 'pods'}));
	t.true(await may({verb: 'delete', namespace: 'kube-public', group: 'apps', resource: 'deployments'}));
	t.false(await may({verb: 'delete', group: 'apps', resource: 'deployments'}), 'a Role ends with its namespace');
	t.false(await may({verb: 'list', resource: 'nodes'}));
	const review = {
		spec: {user: 'someone', groups: ['workers'], resourceAttributes: {verb: 'get', namespace: 'kube-public', resource: 'pods'}},
	};
	const answer = await post('/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
	t.like(field(answer, 'status'), {
		allowed: true,
		reason: 'RBAC: allowed by RoleBinding "here/kube-public" of Role "here" to Group "workers"',
	});
	t.is(
		(await post('/apis/authorization.k8s.io/v1/subjectaccessreviews', review, user)).status,
		403,
		'asking about others is a right too',
	);
});

test('nobody grants more than they hold', async t => {
	await post(`${rbac}/clusterroles`, {
		metadata: {name: 'role-writer'},
		rules: [
			{
				apiGroups: ['rbac.authorization.k8s.io'],
				resources: ['clusterroles', 'clusterrolebindings'],
				verbs: ['create', 'update', 'patch', 'get'],
			},
		],
	});
	await post(admins, binding('role-writer', {kind: 'User', name: 'climber'}, 'role-writer'));
	const climber = server.identity('climber');
	t.is((await post(admins, binding('up', {kind: 'User', name: 'climber'}), climber)).status, 403);
	const role = (verbs: string[], resources: string[]) => ({
		metadata: {name: `role-${verbs.join('')}`},
		rules: [{apiGroups: ['rbac.authorization.k8s.io'], resources, verbs}],
	});
	t.is((await post(`${rbac}/clusterroles`, role(['escalate'], ['clusterroles']), climber)).status, 403);
	t.is((await post(`${rbac}/clusterroles`, role(['get'], ['clusterroles']), climber)).status, 201);
	const patched = await server.request(`${rbac}/clusterroles/role-get`, {
		method: 'PATCH',
		identity: climber,
		body: {rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]},
		headers: {'Content-Type': 'application/merge-patch+json'},
	});
	t.is(patched.status, 403);
});

test('acting as somebody else needs the right to', async t => {
	const headers = {'Impersonate-User': 'jane', 'Impersonate-Group': 'devs'};
	t.like(await whoami(server.admin, headers), {username: 'jane', groups: ['devs', 'system:authenticated']});
	t.is(await whoami(server.identity('jane'), {'Impersonate-User': 'root'}), 403);
	t.is(await whoami(server.identity('jane'), {'Impersonate-User': 'jane', 'Impersonate-Group': 'system:masters'}), 403);
	t.is(
		await whoami(server.admin, {'Impersonate-User': 'jane', 'Impersonate-Extra-Scopes': 'x'}),
		403,
		'what is not understood is refused',
	);
});
