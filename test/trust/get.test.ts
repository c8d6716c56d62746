import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {bodyOf, httpsGet, type Network} from '../../src/trust/net/get.ts';
import {httpsServer, proxyServer, serverIdentity} from '../helpers/https-server.ts';

const options = {limit: 1000};

test('what is asked is taken whole, over TLS that is checked, up to its limit', async t => {
	const server = await httpsServer(t);
	const network: Network = {env: {}, ca: [server.ca]};
	const get = httpsGet(network);
	const failure = async (url: string, how: Partial<Network> = {}, limit = options.limit) => {
		const error = await t.throwsAsync(async () => bodyOf(await httpsGet({...network, ...how})(url, {limit})), {
			instanceOf: AppError,
		});
		return `${error.code} ${error.exitCode} ${error.message}`;
	};
	server.site.set('/exact', 'x'.repeat(1000));
	t.is(bodyOf(await get(`${server.url}/exact`, options)).length, 1000);

	server.site.set('/large', 'x'.repeat(1001));
	t.regex(await failure(`${server.url}/large`), /^download-refused 5 .*more than 1000 bytes/);
	// Without a length in front, the answer is cut off while it comes.
	server.site.set('/endless', (_request, response) => {
		const more = () => {
			while (!response.destroyed && response.write('x'.repeat(500)));
		};
		response.on('drain', more);
		more();
	});
	t.regex(await failure(`${server.url}/endless`), /^download-refused 5/);
	server.site.set('/silent', () => undefined);
	const started = Date.now();
	t.regex(await failure(`${server.url}/silent`, {timeoutMs: 200}), /^download-unreachable 7 .*did not answer in time/);
	server.site.set('/slow', (_request, response) => response.writeHead(200).write('x'));
	t.regex(await failure(`${server.url}/slow`, {timeoutMs: 200}), /^download-unreachable 7/);
	t.true(Date.now() - started < 20_000);
	server.site.set('/cut', (_request, response) => {
		response.writeHead(200, {'content-length': '10'}).write('x', () => response.destroy());
	});
	t.regex(await failure(`${server.url}/cut`), /^download-unreachable 7/);
	server.site.set('/broken', (_request, response) => response.writeHead(503).end('x'.repeat(10)));
	t.regex(await failure(`${server.url}/broken`), /^download-unreachable 7 .*answered 503/);
	t.regex(await failure(`${server.url}/none`), /^not-published 7/);

	t.regex(
		await failure(`${server.url}/exact`, {ca: [serverIdentity().ca]}),
		/^download-unreachable 7 .*nobody whom this machine trusts/,
	);
	const foreign = await t.throwsAsync(httpsGet({env: {}, ca: []})(`${server.url}/exact`, options), {instanceOf: AppError});
	t.regex(foreign.next.join(), /NODE_EXTRA_CA_CERTS/);
	t.regex(await failure(`${server.url.replace('localhost', '127.0.0.1')}/exact`), /^download-unreachable 7/);
	const past = await httpsServer(t, serverIdentity(['localhost'], new Date(Date.now() - 30 * 86_400_000)));
	past.site.set('/exact', '');
	t.regex(await failure(`${past.url}/exact`, {ca: [past.ca]}), /^download-unreachable 7 .*expired/);
	for (const url of ['http://localhost/x', 'ftp://localhost/x', 'file:///etc/passwd', 'https://a:b@localhost/x', 'x', ''])
		t.regex(await failure(url), /^download-refused 5 .*only https/);

	const abort = new AbortController();
	const pending = httpsGet({...network, signal: abort.signal})(`${server.url}/silent`, options);
	abort.abort(new Error('left'));
	await t.throwsAsync(pending, {message: 'left'});
});

test('redirects are followed only where the content is signed, only to https, and not for ever', async t => {
	const server = await httpsServer(t);
	const get = httpsGet({env: {}, ca: [server.ca]});
	const send = (from: string, location: string) =>
		server.site.set(from, (_request, response) => response.writeHead(302, {location}).end());
	server.site.set('/file', 'content');
	send('/once', '/file');
	send('/out', 'http://localhost/file');
	send('/round', '/round');
	t.is(Buffer.from(bodyOf(await get(`${server.url}/once`, {...options, redirects: 'https'}))).toString(), 'content');
	await t.throwsAsync(get(`${server.url}/once`, options), {
		instanceOf: AppError,
		code: 'download-refused',
		message: /sends on to/,
	});
	await t.throwsAsync(get(`${server.url}/out`, {...options, redirects: 'https'}), {
		code: 'download-refused',
		message: /only https/,
	});
	await t.throwsAsync(get(`${server.url}/round`, {...options, redirects: 'https'}), {
		code: 'download-refused',
		message: /too often/,
	});
	t.is(server.asked.filter(path => path === 'GET /round').length, 4);
});

test('the proxy of the environment carries the connection, and sees no more than its target', async t => {
	const server = await httpsServer(t);
	server.site.set('/file', 'content');
	const proxy = await proxyServer(t);
	const through = async (env: Network['env']) => {
		proxy.asked.length = 0;
		bodyOf(await httpsGet({env, ca: [server.ca]})(`${server.url}/file`, options));
		return [...proxy.asked];
	};
	t.deepEqual(await through({HTTPS_PROXY: proxy.url}), [server.host]);
	t.deepEqual(await through({https_proxy: proxy.url}), [server.host]);
	t.deepEqual(await through({HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost'}), []);
	t.deepEqual(await through({HTTPS_PROXY: proxy.url, no_proxy: '*'}), []);
	t.deepEqual(await through({HTTP_PROXY: proxy.url}), []);
	const refusing = await proxyServer(t, 403);
	await t.throwsAsync(httpsGet({env: {HTTPS_PROXY: refusing.url}, ca: [server.ca]})(`${server.url}/file`, options), {
		code: 'download-unreachable',
	});
});
