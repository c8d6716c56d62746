import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';

const root = join(import.meta.dirname, '..', '..', 'terraform');
const clusters = ['aws', 'azure', 'gcp', 'local', 'openstack', 'stackit'];
const identities = ['iam/aws', 'iam/azure', 'iam/gcp'];

const textOf = async (module: string) => {
	const names = (await readdir(join(root, module))).filter(name => name.endsWith('.tf'));
	return (await Promise.all(names.map(name => readFile(join(root, module, name), 'utf8')))).join('\n');
};
const blocks = (text: string, kind: string) =>
	[...text.matchAll(new RegExp(`^${kind} "([a-z_]+)" \\{`, 'gmu'))].map(([, name]) => name).toSorted();

test('every module has the same variables and the same outputs', async t => {
	for (const module of clusters) {
		const text = await textOf(module);
		t.deepEqual(
			blocks(text, 'variable'),
			['cloud', 'control_plane_endpoint', 'init_secret_hash', 'name', 'node_groups', 'source_ranges', 'tags', 'uid'],
			module,
		);
		t.deepEqual(blocks(text, 'output'), ['attestation_url', 'endpoint', 'endpoints', 'ip', 'name', 'network', 'uid'], module);
	}
	for (const module of identities) {
		const text = await textOf(module);
		t.deepEqual(blocks(text, 'variable'), ['cloud', 'name_prefix', 'tags'], module);
		t.deepEqual(blocks(text, 'output'), ['config'], module);
	}
});

test('no module makes, takes or shows a secret, and every provider has a range of versions', async t => {
	for (const module of [...clusters, ...identities]) {
		const text = await textOf(module);
		t.notRegex(text, /\bsensitive\s*=/u, module);
		t.notRegex(text, /random_password|tls_private_key|admin_password|service_account_key|_password\b/u, module);
		const sources = [...text.matchAll(/source\s+=\s+"[^"]+"\s+version\s+=\s+"([^"]+)"/gu)].map(([, range]) => range);
		t.is(sources.length, [...text.matchAll(/^provider "/gmu)].length, `${module}: a version for every provider`);
		for (const range of sources) t.regex(range ?? '', /^>= \d+\.\d+, < \d+\.0$/u, module);
	}
});
