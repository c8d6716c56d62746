import {mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {variantOids} from '../../src/attestation/attested.ts';
import {postureLines} from '../../src/commands/posture.ts';
import {generateConfig} from '../../src/config/generate.ts';
import {AppError} from '../../src/errors.ts';
import {readPosture} from '../../src/flows/posture.ts';
import {
	commonClaims,
	conditions,
	configClaims,
	familyClaims,
	type Place,
	type PostureProvider,
	readers,
	variantsOf,
} from '../../src/trust/posture/claims.ts';
import {postureOf} from '../../src/trust/posture/posture.ts';
import {golden} from '../helpers/golden.ts';

const places: Place[] = (Object.keys(variantsOf) as PostureProvider[]).flatMap(provider =>
	variantsOf[provider].map(variant => ({provider, variant})),
);

test('every variant has its answers, one a reader, each with a source and a date', t => {
	t.deepEqual([...new Set(places.map(({variant}) => variant))].sort(), Object.keys(variantOids).sort());
	for (const place of places) {
		const {answers} = postureOf(place, []);
		const name = `${place.variant} on ${place.provider}`;
		for (const who of ['host-software', 'machine-firmware', 'machine-tpm', 'hands-on-server'] as const) {
			t.is(familyClaims(place).filter(claim => claim.who === who).length, 1, `${name}: ${who}`);
		}
		t.is(new Set(answers.map(({who}) => who)).size, answers.length, name);
		for (const claim of answers.flatMap(({claims}) => claims)) {
			t.regex(claim.source.url, /^(https:\/\/\S+|docs\/[a-z]+\.md)$/, name);
			t.true(claim.source.document.length > 0 && claim.source.section.length > 0, name);
			t.true(Date.parse(claim.date) <= Date.parse('2026-11-30'), name);
			t.true(claim.because.endsWith('.'), claim.because);
		}
	}
	const all = [...commonClaims, ...configClaims, ...places.flatMap(place => familyClaims(place))];
	for (const {source} of all) {
		if (!source.url.startsWith('docs/')) continue;
		t.is(source.read, undefined, 'one’s own words are known');
		t.true(readFileSync(source.url, 'utf8').includes(`## ${source.section}`), `${source.url} has ${source.section}`);
	}
	t.deepEqual(configClaims.map(({when}) => when).sort(), [...conditions].sort());
	t.deepEqual([...new Set(all.map(({who}) => who))].sort(), Object.keys(readers).sort());
});

test('nothing is called out of reach that is not: the worst statement counts', t => {
	const can = (place: Place, who: string, adds: Parameters<typeof postureOf>[1] = []) =>
		postureOf(place, adds).answers.find(answer => answer.who === who)?.can;
	const azure = {provider: 'azure', variant: 'azure-sev-snp'} as const;
	const aws = {provider: 'aws', variant: 'aws-sev-snp'} as const;
	const local = {provider: 'local', variant: 'local-vtpm'} as const;
	const tdx = {provider: 'azure', variant: 'azure-tdx'} as const;
	t.is(can(azure, 'host-software'), 'partly');
	t.is(can(tdx, 'host-software'), 'no');
	t.is(can(tdx, 'host-software', ['warn-only']), 'partly');
	t.is(can(azure, 'machine-tpm', ['unknown-keys']), 'yes');
	t.is(can(aws, 'host-software'), 'partly');
	t.is(can(aws, 'host-software', ['snp-unchecked']), 'yes');
	for (const who of ['account', 'host-software', 'machine-tpm', 'hands-on-server']) t.is(can(local, who), 'yes', who);
	for (const place of places)
		for (const who of ['administrators', 'secret-holders', 'image-signers']) t.is(can(place, who), 'yes');
	const change = postureOf(azure, []).alternatives.find(({variant}) => variant === 'azure-trustedlaunch');
	t.like(
		change?.changes.find(({who}) => who === 'host-software'),
		{from: 'partly', to: 'yes'},
	);
});

test('the config of a workspace adds what it gives up', async t => {
	const folder = mkdtempSync(path.join(tmpdir(), 'posture-'));
	const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
	const adds = async () => (await readPosture(folder, {})).conditions;
	const error = await t.throwsAsync(readPosture(folder, {}), {instanceOf: AppError});
	t.is(error.exitCode, 2);
	write('constellation-conf.yaml', generateConfig());
	t.deepEqual(await adds(), []);
	write('constellation-mastersecret.json', '{}');
	t.deepEqual(await adds(), ['secret-here']);
	const register = (warnOnly: boolean) => `measurements: {15: {expected: ${'0'.repeat(64)}, warnOnly: ${warnOnly}}}`;
	const config = (provider: string, section: string, debug = false) =>
		`version: v3\ndebugCluster: ${debug}\nprovider:\n  ${provider}:\n    a: 1\nattestation:\n  ${section}\n`;
	for (const [text, place, expected] of [
		[
			config('openstack', `qemuVTPM: {acceptUnknownKeys: true, ${register(true)}}`, true),
			'openstack',
			['unknown-keys', 'warn-only', 'debug', 'secret-here'],
		],
		[config('qemu', `qemuVTPM: {${register(false)}}`), 'qemu', ['secret-here']],
		[config('aws', `awsSEVSNP: {${register(false)}}`), 'aws', ['snp-unchecked', 'secret-here']],
		[config('aws', `awsSEVSNP: {snp: {}, ${register(false)}}`), 'aws', ['secret-here']],
		[
			config('azure', `azureSEVSNP: {firmwareSignerConfig: {enforcementPolicy: MAAFallback}, ${register(false)}}`),
			'azure',
			['id-key-lenient', 'secret-here'],
		],
		[
			config('azure', `azureSEVSNP: {firmwareSignerConfig: {enforcementPolicy: equal}, ${register(false)}}`),
			'azure',
			['secret-here'],
		],
	] as const) {
		write('constellation-conf.yaml', text);
		t.is((await readPosture(folder, {})).provider, place);
		t.deepEqual(await adds(), [...expected], text);
	}
	for (const named of [{provider: 'azure', variant: 'gcp-sev-es'}, {provider: 'moon'}, {variant: 'dummy'}])
		t.is((await t.throwsAsync(readPosture(folder, named), {instanceOf: AppError})).code, 'usage');
	t.like(await readPosture(folder, {provider: 'GCP'}), {provider: 'gcp', variant: 'gcp-sev-snp', conditions: []});
	t.like(await readPosture(folder, {variant: 'qemu-tdx'}), {provider: 'qemu', variant: 'qemu-tdx'});
});

test('the answer for people, wide and narrow', t => {
	const texts = [{provider: 'local', variant: 'local-vtpm'} as const, {provider: 'aws', variant: 'aws-sev-snp'} as const].flatMap(
		place =>
			[80, 40].map(width => {
				const lines = postureLines(postureOf(place, place.provider === 'aws' ? ['snp-unchecked'] : []), width);
				t.deepEqual(
					lines.filter(line => line.length > width && !/^ {4}\S+$/.test(line)),
					[],
					`${width} columns`,
				);
				return lines.join('\n');
			}),
	);
	// Not to have read a source is said beside it.
	const quoted = postureLines(postureOf({provider: 'aws', variant: 'aws-sev-snp'}, []), 200).filter(
		line => line.includes('badram') || line.includes('BadRAM'),
	);
	t.regex(quoted.join(), /\(2024-12; not read itself, only as others quote it\)/);
	golden(t, 'posture/answers.txt', `${texts.join('\n=====\n')}\n`);
});
