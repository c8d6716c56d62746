import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {CollateralNeed} from '../../src/attestation/attested.ts';
import {parsePolicy} from '../../src/attestation/policy.ts';
import {AppError} from '../../src/errors.ts';
import {configToPrefetch, type PrefetchDependencies, prefetchTrust} from '../../src/flows/trust-prefetch.ts';
import type {TrustWorld} from '../../src/flows/trust-world.ts';
import {trustStore} from '../../src/trust/bundle/store.ts';
import {type Addresses, type AddressName, addresses, addressOf} from '../../src/trust/collateral/addresses.ts';
import {type CollateralDeps, fetchCollateral} from '../../src/trust/collateral/fetch.ts';
import {httpsGet} from '../../src/trust/net/get.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {forgeAzure, maaUrl} from '../helpers/forge-azure.ts';
import {at, forgeRevocationList} from '../helpers/forge-chain.ts';
import {newSigner} from '../helpers/forge-log.ts';
import {ark, chipId, tcb} from '../helpers/forge-snp.ts';
import {type Handler, httpsServer} from '../helpers/https-server.ts';
import {fileJson, publish} from '../helpers/measurements-world.ts';
import {policyOf} from '../helpers/snp-worlds.ts';
import {
	amdListPart,
	amdPart,
	anchors,
	cloudIssuer,
	cloudListPart,
	day,
	measurementsPart,
	tdxPart,
} from '../helpers/trust-parts.ts';

const amd: CollateralNeed = {kind: 'amd-certificates', product: 'Genoa', chipId, tcb};
const amdList: CollateralNeed = {kind: 'amd-revocation-list', product: 'Genoa'};
const tdx: CollateralNeed = {kind: 'tdx', fmspc: Buffer.from('90c06f000000', 'hex'), ca: 'platform'};

const pem = (der: Uint8Array): string =>
	`-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

/** The vendors' servers on one host, at the vendors' paths. */
async function world(t: ExecutionContext) {
	const folder = await mkdtemp(join(tmpdir(), 'collateral-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	const server = await httpsServer(t);
	const moved = Object.entries(addresses).map(([name, url]) => [name, url.replace(/^https:\/\/[^/]+/, server.url)] as const);
	const places = Object.fromEntries(moved) as Record<AddressName, string> satisfies Addresses;
	const [leaf = Buffer.alloc(0), ...chain] = amdPart().blobs;
	const withChain =
		(body: Uint8Array, header: string, value: Uint8Array): Handler =>
		(_request, response) =>
			response.writeHead(200, {[header]: encodeURIComponent(Buffer.from(value).toString())}).end(body);
	const [info, infoChain, identity, identityChain, list, listChain, rootList] = tdxPart().blobs.map(blob => Buffer.from(blob));
	const none = Buffer.alloc(0);
	const levels = 'blSPL=3&teeSPL=0&snpSPL=20&ucodeSPL=209';
	server.site.set(`/vcek/v1/Genoa/${'c1'.repeat(64)}?${levels}`, leaf);
	server.site.set('/vcek/v1/Genoa/cert_chain', chain.map(pem).join(''));
	server.site.set('/vcek/v1/Genoa/crl', amdListPart().blobs[0] ?? none);
	server.site.set(
		'/tdx/certification/v4/tcb?fmspc=90c06f000000',
		withChain(info ?? none, 'TCB-Info-Issuer-Chain', infoChain ?? none),
	);
	server.site.set(
		'/tdx/certification/v4/qe/identity',
		withChain(identity ?? none, 'SGX-Enclave-Identity-Issuer-Chain', identityChain ?? none),
	);
	server.site.set(
		'/sgx/certification/v4/pckcrl?ca=platform&encoding=der',
		withChain(list ?? none, 'SGX-PCK-CRL-Issuer-Chain', listChain ?? none),
	);
	server.site.set('/IntelSGXRootCA.der', rootList ?? none);
	const deps: CollateralDeps = {
		get: httpsGet({env: {}, ca: [server.ca]}),
		store: trustStore(join(folder, 'trust')),
		anchors: anchors(),
		addresses: places,
	};
	const {get: _, ...offline} = deps;
	const asks = async (needs: readonly CollateralNeed[], with_ = deps) => {
		server.asked.length = 0;
		const found = await fetchCollateral(needs, with_);
		return {...found, asked: server.asked.length, why: found.missing.map(({why}) => why).join('; ')};
	};
	return {server, deps, offline, asks};
}

test('signed pieces are fetched once, checked, kept while they are valid, and used without a network', async t => {
	const {server, deps, offline, asks} = await world(t);
	const needs = [amd, amdList, tdx];
	t.is((await asks(needs, offline)).missing.length, 3);
	const first = await asks(needs);
	t.deepEqual([first.missing, first.asked], [[], 7]);
	t.deepEqual(first.collateral.certificates?.length, 3);
	t.deepEqual(first.collateral.revocationLists?.length, 3);
	t.truthy(first.collateral.tdx);
	for (const with_ of [deps, offline]) {
		const again = await asks(needs, with_);
		t.deepEqual([again.missing, again.asked], [[], 0]);
		t.deepEqual(again.collateral.tdx, first.collateral.tdx);
	}
	// Lists and statements end sooner than certificates: only they are asked for again.
	const later = {...deps, anchors: anchors(at + 2 * day)};
	server.site.set(
		'/vcek/v1/Genoa/crl',
		forgeRevocationList({issuer: ark(), algorithm: 'rsa-pss-sha384', nextUpdate: at + 9 * day}),
	);
	const renewed = await asks(needs, later);
	t.deepEqual([renewed.missing, renewed.asked, (await asks([amdList], later)).asked], [[], 5, 0]);
	// Where nobody answers, what expired is better than nothing: the verifier says that it is outdated.
	server.site.set('/vcek/v1/Genoa/crl', (_request, response) => response.writeHead(503).end());
	const late = {...deps, anchors: anchors(at + 20 * day)};
	t.deepEqual(
		[(await asks([amdList], late)).missing, (await asks([amdList], {...offline, anchors: late.anchors})).missing],
		[[], []],
	);
});

test('what proves nothing is not kept and not used', async t => {
	const {server, deps, offline, asks} = await world(t);
	const refused = async (need: CollateralNeed, path: string, body: Uint8Array | string | Handler) => {
		const good = server.site.get(path) ?? '';
		server.site.set(path, body);
		const found = await asks([need]);
		server.site.set(path, good);
		t.is(found.missing.length, 1, path);
		t.is((await asks([need], offline)).missing.length, 1, path);
		return found.why;
	};
	const crl = forgeRevocationList({issuer: cloudIssuer});
	t.regex(await refused(amdList, '/vcek/v1/Genoa/crl', crl), /did not sign/);
	t.regex(await refused(amdList, '/vcek/v1/Genoa/crl', 'x'), /cannot be read/);
	t.regex(await refused(amd, '/vcek/v1/Genoa/cert_chain', pem(cloudIssuer.der)), /proves nothing/);
	t.regex(await refused(amd, '/vcek/v1/Genoa/cert_chain', 'x'), /PEM/);
	t.regex(await refused(amd, '/vcek/v1/Genoa/cert_chain', 'x'.repeat(70_000)), /more than/);
	t.regex(await refused(tdx, '/IntelSGXRootCA.der', crl), /did not sign/);
	t.regex(await refused(tdx, '/tdx/certification/v4/qe/identity', '{}'), /no usable sgx-enclave-identity/);
	t.regex((await asks([{...amd, product: 'Naples'}])).why, /no such processor/);
	t.regex((await asks([{...amd, chipId: Buffer.alloc(64)}])).why, /There is no/);
	t.regex(
		(
			await asks([tdx], {...deps, get: async () => Promise.reject(new TypeError('bug'))}).catch((error: unknown) => ({
				why: String(error),
			}))
		).why,
		/bug/,
	);
});

test('pieces at addresses: issuers and lists by http, keys over https only and from nowhere else', async t => {
	const {server, deps, offline, asks} = await world(t);
	const {url} = server;
	const issuer: CollateralNeed = {kind: 'certificate', url: `${url}/issuer.crt`};
	const list: CollateralNeed = {kind: 'revocation-list', url: `${url}/issuer.crl`};
	server.site.set('/issuer.crt', cloudIssuer.der);
	server.site.set('/issuer.crl', cloudListPart().blobs[0] ?? '');
	const found = await asks([issuer, list]);
	t.deepEqual([found.missing, found.collateral.certificates?.length, found.collateral.revocationLists?.length], [[], 1, 1]);
	t.deepEqual([(await asks([issuer, list], offline)).missing, (await asks([issuer, list])).asked], [[], 0]);

	const keys: CollateralNeed = {kind: 'maa-keys', url: `${url}/certs`};
	server.site.set('/certs', '{"keys":[]}');
	t.is((await asks([keys])).collateral.maaKeys?.get(keys.url)?.length, 11);
	t.is((await asks([keys])).asked, 1);
	t.regex((await asks([keys], offline)).why, /only the connection vouches/);
	server.site.set('/certs', (_request, response) => response.writeHead(302, {location: '/other'}).end());
	t.regex((await asks([keys])).why, /sends on to/);
	t.regex((await asks([{kind: 'maa-keys', url: 'http://localhost/certs'}])).why, /only https/);

	const key: CollateralNeed = {kind: 'shielded-key', project: 'p', zone: 'z', instance: 'i'};
	const ami: CollateralNeed = {kind: 'machine-image', region: 'eu-west-1', image: 'ami-1'};
	t.is((await asks([key, ami])).missing.length, 2);
	const clients = {shieldedKey: async () => Buffer.from('key'), machineImage: async () => ({tpmSupport: 'v2.0'})};
	const facts = (await asks([key, ami], {...deps, clients})).collateral;
	t.deepEqual(
		[facts.shieldedKeys?.get('p/z/i'), facts.machineImages?.get('eu-west-1/ami-1')],
		[Buffer.from('key'), {tpmSupport: 'v2.0'}],
	);
});

test('an export fetches first what checks of the cluster take, keeps going, and says what could not be had', async t => {
	const {server, deps, offline} = await world(t);
	const home = await mkdtemp(join(tmpdir(), 'prefetch-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	const key = newSigner();
	publish(server, {ref: '-', stream: 'stable', version: 'v2.9.1'}, fileJson(), key);
	const config = (section: string, image = 'v2.9.1') =>
		`version: v3\nimage: ${image}\nattestation:\n  ${section}\ntrust:\n  measurements: ${server.url}\n  keys: [${Buffer.from(key.key).toString('base64')}]\n`;
	const azure = 'azureSEVSNP: {bootloaderVersion: 3, teeVersion: 0, snpVersion: 20, microcodeVersion: 209}';
	const unasked = async () => Promise.reject(new AppError('Nobody answers.', {code: 'rpc-unreachable', exitCode: 7}));
	const trust: TrustWorld = {
		get: async (url, options) => (url.startsWith(server.url) ? (deps.get ?? unasked)(url, options) : unasked()),
		store: deps.store,
		dataHome: home,
		now: () => at,
		kept: unasked,
		localImage: unasked,
	};
	const own = {...anchors(), signersOf: () => [{name: 'own', key: key.key, pinned: false}]};
	let challenged = 0;
	const honest = async () => {
		challenged += 1;
		// A firmware that the policy does not list is vouched for by Microsoft's provider.
		const firmwareSignerConfig = {acceptedKeyDigests: ['ee'.repeat(48)], enforcementPolicy: 'MAAFallback', maaURL: maaUrl};
		const policy = parsePolicy('azure-sev-snp', {...policyOf('azure-sev-snp'), firmwareSignerConfig});
		return {policy, document: forgeAzure({info: json => ({...json, Vcek: '', CertChain: ''}), token: {}})};
	};
	const run = async (text: string, more: Partial<PrefetchDependencies> = {}) => {
		server.asked.length = 0;
		challenged = 0;
		const workspace = workspaceAt(home);
		await writeFile(workspace.path('config'), text);
		t.is(await configToPrefetch(workspace), text);
		const flow = prefetchTrust(text, {
			workspace,
			world: trust,
			anchors: own,
			evidence: honest,
			addresses: deps.addresses ?? addresses,
			...more,
		});
		const states: string[] = [];
		for (;;) {
			const {value, done} = await flow.next();
			if (done === true) return {missing: value, states};
			if (value.type === 'check') states.push(`${value.id} ${value.state}`);
		}
	};
	t.is(await configToPrefetch(workspaceAt(home)), undefined);
	await writeFile(workspaceAt(home).path('config'), config('localVTPM: {}'));
	t.is(await configToPrefetch(workspaceAt(home)), undefined);

	// Where nobody answers, the rest is had all the same.
	const silent = await run(config(azure, ''), {evidence: unasked});
	t.deepEqual(silent.states, ['measurements warning', 'firmware-versions ok', 'collateral warning']);
	t.regex(
		silent.missing.join('; '),
		/^measurements: The config names no image yet; certificates and lists of vendors: Nobody answers$/,
	);
	const complete = await run(config('qemuVTPM: {}', ''), {evidence: unasked});
	t.deepEqual(complete.missing, ['measurements: The config names no image yet']);
	const crl = server.site.get('/vcek/v1/Genoa/crl') ?? '';
	server.site.delete('/vcek/v1/Genoa/crl');
	const half = await run(config(azure));
	t.deepEqual([challenged, half.states[2]], [1, 'collateral warning']);
	t.regex(
		half.missing.join('; '),
		/every check asks for them; certificates and lists of vendors: amd-revocation-list: There is no .*crl/,
	);
	server.site.set('/vcek/v1/Genoa/crl', crl);

	// What is kept but signed by a stranger is as good as none.
	await deps.store.write(measurementsPart());
	const signed = [...server.site].find(([path]) => path.endsWith('measurements.json')) ?? t.fail();
	server.site.set(signed[0], `${String(signed[1])} `);
	await t.throwsAsync(
		run(config(azure)),
		{instanceOf: AppError, code: 'measurements-unsigned'},
		'nothing is exported past a forgery',
	);
	server.site.set(...signed);
	const whole = await run(config(azure));
	t.true(server.asked.some(path => path.endsWith('measurements.json')));
	t.deepEqual([challenged, whole.states[0]], [8, 'measurements ok']);
	t.deepEqual(
		whole.missing.map(each => /keys of the Microsoft/.test(each)),
		[true],
	);
	const {parts} = await deps.store.list();
	t.deepEqual(parts.map(({kind}) => kind).toSorted(), ['amd-certificates', 'amd-revocation-list', 'measurements']);
	t.is((await fetchCollateral([amd, amdList], offline)).missing.length, 0);
	// What is kept and valid is not asked for again.
	await run(config(azure));
	t.deepEqual(server.asked, []);
});

test('addresses are data, and nothing but fixed words and hex gets into them', t => {
	for (const address of Object.values(addresses)) t.regex(address, /^https:\/\/[a-z.]+\.(?:amd|intel)\.com\//);
	t.is(
		addressOf(addresses.intelTcbInfo, {fmspc: '00'}),
		'https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=00',
	);
	for (const fmspc of ['../x', '00#', '00?', '', '00/'])
		t.throws(() => addressOf(addresses.intelTcbInfo, {fmspc}), {instanceOf: TypeError});
	t.throws(() => addressOf(addresses.intelList, {}), {instanceOf: TypeError});
});
