import {readFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {
	canCreate,
	compareVersions,
	formatImagePath,
	imageVersionRule,
	parseImagePath,
	parseVersion,
	resolveKubernetesVersion,
} from '../../src/config/versions.ts';

/** Vectors of v2.9. */
const vectors = (name: string): {cases: Record<string, unknown>[]; supported?: string[]} =>
	JSON.parse(readFileSync(`test/fixtures/wire/versions/${name}.json`, 'utf8')) as {
		cases: Record<string, unknown>[];
		supported?: string[];
	};
const same = (t: ExecutionContext, actual: unknown, expected: unknown, id: unknown): void => {
	t.deepEqual(actual, expected, text(id));
};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

test('pairs of versions: order and which tool reads whose config', t => {
	for (const {id, from, to, binaryRule, compare} of vectors('pairs').cases) {
		same(t, imageVersionRule(text(from), text(to)), binaryRule === 'cli-older' ? 'tool-older' : binaryRule, id);
		const [a, b] = [parseVersion(text(from)), parseVersion(text(to))];
		if (typeof compare === 'number' && a !== undefined && b !== undefined) same(t, Math.sign(compareVersions(a, b)), compare, id);
	}
});

test('image short paths', t => {
	for (const {id, input, valid, ref, stream, version, rendered} of vectors('image-short-path').cases) {
		const path = parseImagePath(text(input));
		same(t, path !== undefined, valid, id);
		if (path === undefined) continue;
		same(t, path, {ref, stream, version}, id);
		same(t, formatImagePath(path), rendered, id);
	}
});

test('image and services that a tool creates clusters with', t => {
	for (const {id, cli, image, microserviceVersion, accepted} of vectors('create-init-equality').cases) {
		const path = parseImagePath(text(image));
		same(t, canCreate(path?.version ?? text(image), text(microserviceVersion), text(cli)), accepted, id);
	}
});

test('Kubernetes versions resolve to the supported patch of their minor release', t => {
	const {cases, supported} = vectors('kubernetes');
	for (const {id, input, configRuleResolvesTo} of cases)
		same(t, resolveKubernetesVersion(text(input), supported), configRuleResolvesTo, id);
});
