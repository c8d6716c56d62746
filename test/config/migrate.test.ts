import {readFileSync} from 'node:fs';
import test from 'ava';
import {parse} from 'yaml';
import {migrateConfig} from '../../src/config/migrate.ts';
import {AppError} from '../../src/errors.ts';

type Case = {
	id: string;
	v2Yaml: string;
	v3?: Record<string, unknown>;
	result: 'migrated' | 'already-v3' | 'refused';
	loadingTheResult?: {verdict: string; errors?: {path: string}[]};
};

const {cases} = JSON.parse(readFileSync('test/fixtures/wire/config/migrate-v2.json', 'utf8')) as {cases: Case[]};

const isMap = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** What both say: null, "" and an absent key mean the same; so do a bare register value and one that is enforced. */
function plain(value: unknown, key = ''): unknown {
	if (Array.isArray(value)) return value.map(each => plain(each));
	if (key === 'measurements' && isMap(value))
		return Object.fromEntries(
			Object.entries(value).map(([index, entry]) => [
				index,
				typeof entry === 'string' ? {expected: entry, warnOnly: false} : entry,
			]),
		);
	if (!isMap(value)) return value;
	// The root certificate is built in, and AWS switches off what the original left open.
	const left = ['amdRootKey', ...(key === 'aws' ? ['deployCSIDriver'] : [])];
	const entries = Object.entries(value).filter(
		([name, each]) => !left.includes(name) && each !== null && each !== '' && each !== 'Unknown' && each !== 0,
	);
	return Object.fromEntries(entries.map(([name, each]) => [name, plain(each, name)]));
}

test('v2 files become what the original makes of them', t => {
	t.is(cases.length, 13);
	for (const {id, v2Yaml, v3, result, loadingTheResult} of cases) {
		if (result === 'refused') {
			t.throws(() => migrateConfig(v2Yaml), {instanceOf: AppError}, id);
			continue;
		}
		const migrated = migrateConfig(v2Yaml);
		t.is(migrated === undefined, result === 'already-v3', id);
		if (migrated === undefined) continue;
		t.deepEqual(plain(parse(migrated.text)), plain(v3), id);
		const isFine = loadingTheResult?.verdict === 'valid';
		t.is(migrated.problems.length === 0, isFine, `${id}: ${JSON.stringify(migrated.problems)}`);
		for (const {path} of loadingTheResult?.errors ?? [])
			if (!/Provider$|Attestation$/.test(path))
				t.true(
					migrated.problems.some(each => each.path === path),
					`${id}: ${path}`,
				);
	}
});

const trusted = `version: v2 # of the file
image: v2.8.0
name: constell # mine
kubernetesVersion: v1.26.5
microserviceVersion: v2.8.0
debugCluster: false
sshUsers: {}
provider:
    azure:
        subscription: 11111111-2222-3333-4444-555555555555
        tenant: 99999999-aaaa-bbbb-cccc-dddddddddddd
        location: westeurope
        resourceGroup: rg
        userAssignedIdentity: /subscriptions/s/uami
        instanceType: Standard_D4as_v4
        stateDiskType: Premium_LRS
        deployCSIDriver: true
        secureBoot: false
        confidentialVM: false
        appClientID: abc
        # from the release page
        measurements:
            15: # zero before a node joins
                expected: ${'0'.repeat(64)}
                warnOnly: false
            4: ${'ab'.repeat(32)} # boot
`;

test('comments and digits survive, what is left out is named, and confidentialVM: false means trusted launch', t => {
	const {text, notes, problems} = migrateConfig(trusted) ?? {text: '', notes: [], problems: []};
	t.deepEqual(problems, []);
	for (const words of [
		'v3 # of the file',
		'# mine',
		'# from the release page',
		'# zero before a node joins',
		'# boot',
		'0'.repeat(64),
	])
		t.true(text.includes(words), words);
	t.true(text.includes('azureTrustedLaunch:'));
	t.false(/confidentialVM|appClientID|sshUsers/.test(text));
	t.regex(notes.join('\n'), /provider\.azure\.appClientID is left out: was removed with v2\.9/);
	t.regex(notes.join('\n'), /sshUsers is left out/);
	t.is(migrateConfig(text), undefined);
});

test('other versions, broken and large files are refused', t => {
	for (const text of ['version: v1\n', 'version: v9\n', '', 'a: [1', 'x: 1', `version: v2\nname: ${'x'.repeat(2 ** 20)}\n`])
		t.throws(() => migrateConfig(text), {instanceOf: AppError}, text.slice(0, 20));
});
