import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import type {Measurements} from '../../src/attestation/measurements.ts';
import {formatImageStatement} from '../../src/attestation/signed-measurements.ts';
import type {TrustSettings} from '../../src/config/trust.ts';
import {AppError} from '../../src/errors.ts';
import {type VouchWishes, vouchFor} from '../../src/flows/vouched.ts';
import {measurementsPath, signaturePath} from '../../src/trust/measurements/release-path.ts';
import {httpsGet} from '../../src/trust/net/get.ts';
import {workspaceAt} from '../../src/workspace/files.ts';
import {newLog, newSigner} from '../helpers/forge-log.ts';
import {httpsServer} from '../helpers/https-server.ts';
import {publishInLog} from '../helpers/measurements-world.ts';

const path = {ref: '-', stream: 'stable', version: 'v0.2.0'};
const [releaseKey, publisher] = [newSigner(), newSigner()];
const registers = [4, 9, 11, 15];
const measurementsWith = (change: Partial<Record<number, {fill?: number; warnOnly?: boolean}>> = {}): Measurements =>
	new Map(
		registers.map(register => {
			const {fill = register === 15 ? 0 : register, warnOnly = false} = change[register] ?? {};
			return [register, {expected: new Uint8Array(32).fill(fill), warnOnly}];
		}),
	);
const statement = {version: path.version, arguments: ['--jitless'], measurements: measurementsWith()};
const good = formatImageStatement(statement);
const image = {version: path.version, measurements: good, releaseKey: releaseKey.key};
type Signed = {content: Uint8Array; signature?: Uint8Array};
const signed = (content: Uint8Array, by = publisher): Signed & {signature: Uint8Array} => ({
	content,
	signature: signBlob(content, by.privateKey),
});

/** A mirror, a folder with the files of one, and an imported bundle, all with the same content. */
async function world(t: ExecutionContext) {
	const home = await mkdtemp(join(tmpdir(), 'vouch-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	const server = await httpsServer(t);
	const log = newLog('localhost');
	const workspace = workspaceAt(home);
	const file = join(home, 'releases', measurementsPath(path));
	await mkdir(dirname(file), {recursive: true});
	let kept: Signed | undefined;
	const offer = async ({content, signature}: Signed) => {
		const place = `/${measurementsPath(path)}`;
		server.site.set(place, content);
		await writeFile(file, content);
		kept = signature === undefined ? undefined : {content, signature};
		if (signature === undefined) {
			server.site.delete(signaturePath(place));
			await rm(signaturePath(file), {force: true});
			return;
		}
		server.site.set(signaturePath(place), signature);
		await writeFile(signaturePath(file), signature);
	};
	const trust: TrustSettings = {
		keys: [Buffer.from(publisher.key).toString('base64')],
		log: {name: log.log.name, url: server.url, key: Buffer.from(log.log.key).toString('base64')},
	};
	const vouch = (wishes: VouchWishes, more: TrustSettings = {}) =>
		vouchFor(
			image,
			{workspace, trust: {...trust, ...more}, ...wishes},
			{
				get: httpsGet({env: {}, ca: [server.ca]}),
				kept: async () =>
					kept?.signature === undefined
						? undefined
						: {content: kept.content, signature: kept.signature, source: 'what was imported'},
				localImage: () => Promise.reject(new Error('the image is at hand')),
			},
		);
	const refusal = async (from: string, more?: TrustSettings) => {
		const {code, exitCode, problems} = await t.throwsAsync(vouch({from}, more), {instanceOf: AppError}, from);
		return [`${code} ${exitCode}`, ...problems.map(({path: where}) => where)].join(', ');
	};
	return {server, log, workspace, trust, offer, vouch, refusal, places: [server.url, join(home, 'releases'), 'bundle']};
}

test('a mirror, a file and an imported bundle vouch for an image whose values they share', async t => {
	const {server, log, offer, vouch, refusal, places} = await world(t);
	const file = signed(good);
	await offer(file);
	for (const from of places) {
		const vouched = await vouch({from});
		t.like(vouched, {flags: ['--measurements-from', from], signer: {name: 'key 1 of the config', pinned: false}});
		t.regex(vouched?.digest ?? '', /^sha256:[\da-f]{64}$/);
		t.regex(vouched?.logWords ?? '', /a key of your own|no proof came/);
	}
	// Where the policy asks for the log, it decides too.
	t.regex(await refusal(places[0] ?? '', {transparency: 'require'}), /7$/);
	publishInLog(server, log, file, publisher);
	t.is((await vouch({from: places[0] ?? ''}, {transparency: 'require'}))?.log.state, 'logged');
});

test('nobody is asked where nobody is named; the config names one, the flag wins over it', async t => {
	const {server, offer, vouch, places} = await world(t);
	const [mirror = ''] = places;
	await offer(signed(good));
	t.is(await vouch({}), undefined);
	t.is(await vouch({from: 'image'}, {measurements: mirror}), undefined);
	t.is(server.asked.length, 0);
	t.deepEqual((await vouch({}, {measurements: mirror}))?.flags, []);
	// A path in the config counts from its folder.
	t.truthy(await vouch({}, {measurements: 'releases'}));
});

test('without keys of its own the config trusts the key that signed the image on this machine', async t => {
	const {offer, refusal, vouch, workspace, trust} = await world(t);
	await offer(signed(good, releaseKey));
	t.is(await refusal('bundle'), 'measurements-unsigned 5');
	const {keys: _, ...others} = trust;
	const world_ = {
		get: () => Promise.reject(new Error('nobody is asked')),
		kept: async () => ({...signed(good, releaseKey), source: 'what was imported'}),
		localImage: () => Promise.reject(new Error('the image is at hand')),
	};
	const vouched = await vouchFor(image, {workspace, trust: others, from: 'bundle'}, world_);
	t.is(vouched?.signer.name, 'release key of this machine');
	t.is(await vouch({}), undefined);
});

test('what is tampered with, unsigned, older, of another variant or not the same is refused with 5, wherever it lies', async t => {
	const {offer, refusal, places} = await world(t);
	const entry = (change: object) => {
		const json = JSON.parse(Buffer.from(good).toString('utf8')) as {list: object[]};
		return Buffer.from(JSON.stringify({...json, list: [{...json.list[0], ...change}]}));
	};
	const changed = (change: Parameters<typeof measurementsWith>[0]) =>
		formatImageStatement({...statement, measurements: measurementsWith(change)});
	const without15 = formatImageStatement({
		...statement,
		measurements: new Map([...measurementsWith()].filter(([register]) => register !== 15)),
	});
	const flipped = Buffer.from(good);
	flipped[flipped.length - 20] = (flipped.at(-20) ?? 0) ^ 1;
	const cases: readonly (readonly [string, Signed, string])[] = [
		['tampered', {...signed(good), content: flipped}, 'measurements-unsigned 5'],
		['another key', signed(good, newSigner()), 'measurements-unsigned 5'],
		['older', signed(formatImageStatement({...statement, version: 'v0.1.0'})), 'measurements-mismatch 5, version'],
		['other variant', signed(entry({csp: 'QEMU', attestationVariant: 'qemu-vtpm'})), 'measurements-mismatch 5, list'],
		['other value', signed(changed({9: {fill: 7}})), 'measurements-differ 5, register 9'],
		['weaker', signed(changed({4: {warnOnly: true}})), 'measurements-differ 5, register 4'],
		['no register 15', signed(without15), 'measurements-differ 5, register 15'],
		['other command line', signed(formatImageStatement({...statement, arguments: []})), 'measurements-differ 5, arguments'],
	];
	for (const [name, file, expected] of cases) {
		await offer(file);
		for (const place of places) t.is(await refusal(place), expected, `${name}: ${place}`);
	}
	await offer({content: good});
	const [mirror = '', folder = ''] = places;
	t.is(await refusal(mirror), 'measurements-unsigned 5');
	t.is(await refusal(folder), 'measurements-unsigned 5');
	t.is(await refusal('bundle'), 'measurements-missing 3', 'nothing was imported');
});
