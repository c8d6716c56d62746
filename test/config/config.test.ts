import test from 'ava';
import {generateConfig} from '../../src/config/generate.ts';
import {configWarnings, editConfig, parseConfig, parseLocalConfig} from '../../src/config/load.ts';
import {AppError} from '../../src/errors.ts';

const problemsOf = (text: string): Record<string, string> => {
	try {
		parseConfig(text);
	} catch (error) {
		if (error instanceof AppError)
			return Object.fromEntries(error.problems.map(({path, message, fix}) => [path, [message, fix].filter(Boolean).join('; ')]));
		throw error;
	}
	return {};
};

test('a generated config is valid and has one control plane and two workers', t => {
	const config = parseLocalConfig(generateConfig());
	t.is(config.nodeGroups.control_plane_default.count, 1);
	t.is(config.nodeGroups.worker_default.count, 2);
	t.deepEqual(config.provider, {local: {}});
	t.deepEqual(configWarnings(config), []);
	t.is(parseConfig(generateConfig({name: 'demo', controlPlanes: 3, workers: 0})).name, 'demo');
});

test('every problem is reported at once, with its path and a fix', t => {
	const problems = problemsOf(`version: v3
image: v9.9.9
name: Not A Name
kuberntesVersion: v1.32.9
kubernetesVersion: v1.12.0
microserviceVersion: nonsense
debugCluster: maybe
provider: {local: {region: x}, aws: {}}
nodeGroups:
  control_plane_default: {role: worker, count: 0}
  worker_default: {role: worker, count: 1.5, size: 1}
attestation:
  localVTPM:
    measurements: {4: abc, 99: {expected: "${'00'.repeat(32)}", warnOnly: false}, 9: {expected: "${'1234'.repeat(16)}", warnOnly: 1}}
    makerKey: "not base64"
`);
	t.deepEqual(Object.keys(problems).sort(), [
		'attestation.localVTPM.makerKey',
		'attestation.localVTPM.measurements.4',
		'attestation.localVTPM.measurements.9.expected',
		'attestation.localVTPM.measurements.9.warnOnly',
		'attestation.localVTPM.measurements.99',
		'debugCluster',
		'image',
		'kubernetesVersion',
		'kuberntesVersion',
		'microserviceVersion',
		'name',
		'nodeGroups.control_plane_default.count',
		'nodeGroups.control_plane_default.role',
		'nodeGroups.worker_default.count',
		'nodeGroups.worker_default.size',
		'provider.aws',
		'provider.local.region',
	]);
	t.regex(problems['kuberntesVersion'] ?? '', /did you mean kubernetesVersion/);
	t.regex(problems['provider.aws'] ?? '', /second provider; keep one/);
	t.regex(problems['image'] ?? '', /major version/);
	t.like(problems, {
		debugCluster: 'must be true or false',
		'nodeGroups.control_plane_default.role': 'must be "control-plane"',
		'nodeGroups.control_plane_default.count': 'must be at least 1',
		'nodeGroups.worker_default.count': 'must be a whole number',
		'attestation.localVTPM.measurements.9.warnOnly': 'must be true or false',
	});
	for (const text of Object.values(problems)) t.notRegex(text, /Invalid input|Too (?:small|big)/, 'no words of the library');
});

test('missing keys, duplicate keys, broken YAML and empty files are named', t => {
	t.regex(problemsOf('version: v3\n')['name'] ?? '', /is missing/);
	t.regex(problemsOf('version: v3\nversion: v3\n')['line 2'] ?? '', /unique/);
	t.truthy(problemsOf('a: [1')['line 1']);
	t.regex(problemsOf('')[''] ?? '', /empty/);
	t.regex(problemsOf(`a: ${'x'.repeat(1024 * 1024)}`)[''] ?? '', /larger/);
});

test('rules between keys', t => {
	t.regex(problemsOf(generateConfig({workers: 200}))['nodeGroups'] ?? '', /more than 200/);
	t.is(configWarnings(parseConfig(generateConfig({controlPlanes: 2}))).length, 1);
});

test('other versions of the format are refused by name', t => {
	const newer = t.throws(() => parseConfig('version: v4\nimage: x\n'), {instanceOf: AppError});
	t.is(newer.code, 'config-newer');
	t.regex(newer.message, /v4/);
	t.is(t.throws(() => parseConfig('version: v2\n'), {instanceOf: AppError}).code, 'config-older');
});

test('rewriting keeps comments and order, and refuses what would be invalid', t => {
	const text = generateConfig().replace('name:', '# mine\nname:');
	const edited = editConfig(text, [
		{path: ['nodeGroups', 'worker_default', 'count'], value: 5},
		{path: ['attestation', 'localVTPM', 'measurements'], value: {'4': {expected: 'ab'.repeat(32), warnOnly: false}}},
	]);
	t.true(edited.includes('# mine\nname:'));
	t.is(
		edited.split('\n').filter(line => line.trimStart().startsWith('#')).length,
		text.split('\n').filter(line => line.trimStart().startsWith('#')).length,
	);
	const config = parseLocalConfig(edited);
	t.is(config.nodeGroups.worker_default.count, 5);
	const quoted = edited.replace(/^name: .*/m, "name: 'demo'");
	t.is(editConfig(quoted, [{path: ['name'], value: 'demo'}]), quoted, 'what says it already keeps its form');
	t.deepEqual(config.attestation.localVTPM.measurements, {'4': {expected: 'ab'.repeat(32), warnOnly: false}});
	t.throws(() => editConfig(text, [{path: ['nodeGroups', 'worker_default', 'count'], value: -1}]), {instanceOf: AppError});
});

test('bare register values are enforced', t => {
	const config = parseLocalConfig(
		generateConfig().replace('localVTPM: {}', `localVTPM: {measurements: {4: "${'ab'.repeat(32)}"}}`),
	);
	t.deepEqual(config.attestation.localVTPM.measurements?.['4'], {expected: 'ab'.repeat(32), warnOnly: false});
});
