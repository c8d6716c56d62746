import {generateKeyPairSync} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAws} from '../../src/providers/aws/connect.ts';
import {azureCredential, azureHeaders} from '../../src/providers/azure/sign-in.ts';
import {googleIdentity} from '../../src/providers/gcp/credentials.ts';
import {googleHeaders} from '../../src/providers/gcp/sign-in.ts';
import {proxiedFetch} from '../../src/proxy.ts';
import {httpsServer, proxyServer} from '../helpers/https-server.ts';

test('the proxy of the environment carries what goes to a cloud; the answer is taken as fetch would', async t => {
	const server = await httpsServer(t);
	const proxy = await proxyServer(t);
	const through = (env: Record<string, string>) => proxiedFetch(env, [server.ca]);
	let body = '';
	server.site.set('/items?a=b', (request, response) => {
		request.on('data', (chunk: Buffer) => (body += chunk.toString()));
		request.on('end', () => response.writeHead(200, {'x-mine': request.headers['x-mine'] ?? ''}).end('[1]'));
	});
	const sent = {method: 'PUT', headers: new Headers({'x-mine': 'é'.normalize('NFD').slice(0, 1)}), body: '{"ä":1}'};
	const answer = await through({https_proxy: proxy.url})(`${server.url}/items?a=b`, sent);
	t.deepEqual([answer.status, answer.headers.get('x-mine'), await answer.json(), body], [200, 'e', [1], '{"ä":1}']);
	t.deepEqual(proxy.asked, [server.host]);
	for (const env of [{}, {HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost'}])
		await (await through(env)(`${server.url}/none`, {})).text();
	t.is(proxy.asked.length, 1);

	server.site.set('/empty', (_request, response) => response.writeHead(204).end());
	t.is((await through({})(`${server.url}/empty`, {})).body, null);
	const send = (from: string, location: string) =>
		server.site.set(from, (_request, response) => response.writeHead(307, {location}).end());
	send('/moved', '/items?a=b');
	send('/round', '/round');
	send('/plain', 'http://localhost/');
	await t.throwsAsync(through({})(`${server.url}/moved`, {}), {message: /sends on to another/});
	t.is((await through({})(`${server.url}/moved`, {redirect: 'follow'})).status, 200);
	await t.throwsAsync(through({})(`${server.url}/round`, {redirect: 'follow'}), {message: /too often/});
	t.is(server.asked.filter(path => path === 'GET /round').length, 6);
	await t.throwsAsync(through({})(`${server.url}/plain`, {redirect: 'follow'}), {message: /without https/});
	await t.throwsAsync(through({})(`${server.url}/items?a=b`, {signal: AbortSignal.abort(new Error('left'))}));
	await t.throwsAsync(proxiedFetch({})(`${server.url}/empty`, {}), {message: /certificate/});
	server.site.set('/cut', (_request, response) => {
		response.writeHead(200, {'content-length': '10'}).write('x', () => response.destroy());
	});
	const cut = await through({})(`${server.url}/cut`, {});
	await t.throwsAsync(cut.text());
});

/** Whom a client wanted to ask through a proxy that lets nobody through. The libraries read the environment of the process. */
async function wants(t: ExecutionContext, more: Record<string, string>, ask: (env: NodeJS.ProcessEnv) => Promise<unknown>) {
	const proxy = await proxyServer(t, 403);
	const kept = {...process.env};
	for (const name of Object.keys(kept).filter(each => /^(?:AWS_|GOOGLE_|ARM_|(?:https?|no)_proxy$)/i.test(each)))
		Reflect.deleteProperty(process.env, name);
	Object.assign(process.env, {HTTPS_PROXY: proxy.url, ...more});
	try {
		await t.throwsAsync(ask({...process.env}));
	} finally {
		for (const name of Object.keys(process.env)) if (!(name in kept)) Reflect.deleteProperty(process.env, name);
		Object.assign(process.env, kept);
	}
	return [...new Set(proxy.asked)];
}

test.serial('signing in goes through the proxy as well, with the identity that Terraform would take', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'constellation-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const file = join(folder, 'key.json');
	const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
	const account = {
		type: 'service_account',
		client_email: 'me@demo.iam.gserviceaccount.com',
		private_key: privateKey.export({type: 'pkcs8', format: 'pem'}),
	};
	await writeFile(file, JSON.stringify(account));
	const google = (env: NodeJS.ProcessEnv) => googleHeaders(googleIdentity(env))('https://compute.googleapis.com/');
	const tokens = ['oauth2.googleapis.com:443'];
	t.deepEqual(await wants(t, {GOOGLE_CREDENTIALS: JSON.stringify(account)}, google), tokens);
	t.deepEqual(await wants(t, {GOOGLE_CREDENTIALS: file}, google), tokens);
	t.deepEqual(await wants(t, {GOOGLE_CREDENTIALS: '~/key.json', HOME: folder}, google), tokens);
	const acting = {GOOGLE_OAUTH_ACCESS_TOKEN: 'mine', GOOGLE_IMPERSONATE_SERVICE_ACCOUNT: 'other@demo.iam.gserviceaccount.com'};
	t.deepEqual(await wants(t, acting, google), ['iamcredentials.googleapis.com:443']);

	const azure = async (env: NodeJS.ProcessEnv) => azureHeaders(await azureCredential(env), Date.now)('', true);
	const principal = {ARM_CLIENT_ID: 'id', ARM_TENANT_ID: '00000000-0000-0000-0000-000000000000', ARM_CLIENT_SECRET: 'secret'};
	t.deepEqual(await wants(t, principal, azure), ['login.microsoftonline.com:443']);

	const aws = (env: NodeJS.ProcessEnv) => {
		const world = {env, fetch: proxiedFetch(env), now: Date.now, wait: () => Promise.resolve()};
		return connectAws('eu-west-1', world).nodeGroups('0123abcd').list();
	};
	t.deepEqual(await wants(t, {AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b'}, aws), [
		'autoscaling.eu-west-1.amazonaws.com:443',
	]);
	const role = {AWS_ROLE_ARN: 'arn:aws:iam::1:role/demo', AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_REGION: 'eu-west-1'};
	t.deepEqual(await wants(t, role, aws), ['sts.eu-west-1.amazonaws.com:443']);
});

test('Google: an access token comes before everything else, and what cannot be read is told without it', async t => {
	const headers = (env: NodeJS.ProcessEnv) => googleHeaders(googleIdentity(env))('https://compute.googleapis.com/');
	const folder = await mkdtemp(join(tmpdir(), 'constellation-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const large = join(folder, 'large.json');
	await writeFile(large, `{}${' '.repeat(64 * 1024)}`);
	const found = await headers({GOOGLE_OAUTH_ACCESS_TOKEN: 'token', GOOGLE_CREDENTIALS: '{'});
	t.is(found.get('authorization'), 'Bearer token');
	for (const unusable of ['{"private_key": "canary"', '/nowhere/canary.json', '/dev', large])
		await t.throwsAsync(headers({GOOGLE_CREDENTIALS: unusable}), {
			code: 'cloud-credentials',
			message: /^(?!.*canary).*GOOGLE_CREDENTIALS is neither/,
		});
});
