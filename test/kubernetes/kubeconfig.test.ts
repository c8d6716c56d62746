import {readFileSync} from 'node:fs';
import test from 'ava';
import {parse} from 'yaml';
import {AppError} from '../../src/errors.ts';
import {buildKubeconfig, kubeconfigNames, mergeKubeconfig, parseKubeconfig} from '../../src/kubernetes/kubeconfig.ts';
import {Secret} from '../../src/secret.ts';

type Case = {id: string; description: string; constellationYaml: string; homeYaml: string | null; merged: unknown; ok: boolean};
const {cases} = JSON.parse(readFileSync('test/fixtures/wire/kubeconfig-merge.json', 'utf8')) as {cases: Case[]};
const home = '/home/user/.kube';

/** Go writes null and false for absent fields of an exec plugin; both mean absent. */
const normal = (value: unknown): unknown =>
	JSON.parse(JSON.stringify(value).replaceAll('$HOME/.kube', home), (_, field: unknown) =>
		field === null || field === false ? undefined : field,
	);
const merge = (entry: Case) => mergeKubeconfig(entry.homeYaml ?? undefined, entry.constellationYaml, home);

for (const entry of cases.filter(({ok, id}) => ok && id !== 'skip-verify-conflict')) {
	test(`merges like v2.9: ${entry.id}`, t => {
		t.deepEqual(normal(parse(merge(entry))), normal(entry.merged));
	});
}

test('a home file that is not a kubeconfig is left alone, and its content stays out of the error', t => {
	const entry = cases.find(({id}) => id === 'home-invalid') as Case;
	const error = t.throws(() => merge(entry), {instanceOf: AppError, code: 'kubeconfig-invalid'});
	t.false(JSON.stringify(error).includes('this: [is'));
});

test('a stale switch or credential in the home file never stays beside the new ones', t => {
	const entry = cases.find(({id}) => id === 'skip-verify-conflict') as Case;
	const merged = parse(merge(entry)) as {clusters: {cluster: object}[]};
	t.deepEqual(merged.clusters[0]?.cluster, {'certificate-authority-data': 'Y2E=', server: 'https://203.0.113.9:6443'});

	const stale = entry.constellationYaml.replace('client-key-data: a2V5', 'client-key-data: b2xk\n    token: stale');
	const {users} = parse(mergeKubeconfig(stale, entry.constellationYaml, home)) as {users: {user: object}[]};
	t.deepEqual(users[0]?.user, {'client-certificate-data': 'Y2VydA==', 'client-key-data': 'a2V5'});
});

test('builds the administrator kubeconfig with the v2.9 names and reads it back', t => {
	const connection = {server: 'https://127.8.8.1:6443', ca: 'CA', cert: 'CERT', key: new Secret(Buffer.from('KEY'))};
	const file = buildKubeconfig('mini', '1a2b3c4d', connection);
	t.is(String(file), '[secret]');
	const text = Buffer.from(file.reveal()).toString();
	t.snapshot(text);
	const {key, ...rest} = parseKubeconfig(text);
	t.is(Buffer.from(key.reveal()).toString(), 'KEY');
	t.deepEqual(rest, {server: 'https://127.8.8.1:6443', ca: 'CA', cert: 'CERT', ...kubeconfigNames('mini', '1a2b3c4d')});
});

test('says every field that a kubeconfig lacks', t => {
	const error = t.throws(() => parseKubeconfig('apiVersion: v1\nkind: Config\ncurrent-context: a\n'), {instanceOf: AppError});
	t.deepEqual(
		error.problems.map(({path}) => path),
		['server', 'ca', 'cert', 'key'],
	);
	t.throws(() => parseKubeconfig('clusters: {}\ncurrent-context: a'), {code: 'kubeconfig-invalid'});
});
