import {readFileSync} from 'node:fs';
import test from 'ava';
import {aggregatedDiscovery, aggregatedVersion} from '../../../src/kubernetes/embedded/discovery/aggregated.ts';
import {legacyDiscovery} from '../../../src/kubernetes/embedded/discovery/legacy.ts';
import {customResources} from '../../../src/kubernetes/embedded/objects/registry.ts';
import {builtinResources} from '../../../src/kubernetes/embedded/resources.ts';
import type {JsonObject} from '../../../src/kubernetes/embedded/types.ts';
import {widgetDefinition} from '../../helpers/widget.ts';

type Entry = {resource: string; subresources?: {subresource: string}[]};
type Aggregated = {items: {metadata: {name?: string}; versions: {version: string; freshness: string; resources: Entry[]}[]}[]};
type Resources = {groupVersion: string; resources: {name: string; storageVersionHash?: string}[]};
/** What kube-apiserver v1.32 answered. */
const recorded = JSON.parse(readFileSync('test/fixtures/kube-api/discovery.json', 'utf8')) as {
	aggregated: {api: Aggregated; apis: Aggregated};
	lists: Record<string, Resources>;
};
const read = (root: 'api' | 'apis') => JSON.parse(aggregatedDiscovery(builtinResources, root).body) as Aggregated;

for (const root of ['api', 'apis'] as const) {
	test(`every entry of aggregated /${root} is one that the real server has, with subresources that it has`, t => {
		for (const group of read(root).items.filter(({metadata}) => metadata.name !== 'autoscaling')) {
			const real = recorded.aggregated[root].items.find(({metadata}) => metadata.name === group.metadata.name);
			t.truthy(real, group.metadata.name ?? 'core');
			for (const entry of group.versions[0]?.resources ?? []) {
				const {subresources = [], ...main} = entry;
				const {subresources: realSub = [], ...realMain} =
					real?.versions[0]?.resources.find(({resource}) => resource === entry.resource) ?? {};
				t.deepEqual<object, object>(main, realMain);
				for (const sub of subresources) {
					t.deepEqual<object | undefined, object | undefined>(
						sub,
						realSub.find(({subresource}) => subresource === sub.subresource),
					);
				}
			}
		}
	});
}

test('every entry of the legacy lists is one that the real server has', t => {
	for (const [path, real] of Object.entries(recorded.lists)) {
		const [version = '', group = ''] = path.split('/').slice(2).reverse();
		const list = legacyDiscovery.resources(builtinResources, {group: path.startsWith('/api/') ? '' : group, version}) as
			| Resources
			| undefined;
		if (list === undefined) continue;
		t.deepEqual(Object.keys(list), Object.keys(real), path);
		for (const entry of list.resources) {
			const expected = {...real.resources.find(({name}) => name === entry.name)};
			delete expected.storageVersionHash;
			t.deepEqual<object, object>(entry, expected);
		}
	}
	t.is(legacyDiscovery.resources(builtinResources, {group: 'apps', version: 'v9'}), undefined);
});

test('drain finds the eviction of pods in the legacy list of core/v1', t => {
	const list = legacyDiscovery.resources(builtinResources, {group: '', version: 'v1'}) as unknown as {resources: JsonObject[]};
	t.like(
		list.resources.find(({name}) => name === 'pods/eviction'),
		{kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create']},
	);
});

test('a CustomResourceDefinition adds its group, and its ETag differs', t => {
	const all = [...builtinResources, ...customResources(widgetDefinition)];
	const {body, etag} = aggregatedDiscovery(all, 'apis');
	t.not(etag, aggregatedDiscovery(builtinResources, 'apis').etag);
	const found = (JSON.parse(body) as Aggregated).items.at(-1);
	t.is(found?.metadata.name, 'demo.example.test');
	t.like(found?.versions[0]?.resources[0], {resource: 'widgets', scope: 'Namespaced', shortNames: ['wd'], categories: ['all']});
	t.like(legacyDiscovery.group(all, 'demo.example.test'), {kind: 'APIGroup', preferredVersion: {version: 'v1'}});
	t.is(legacyDiscovery.group(all, 'no.example.test'), undefined);
});

test('of several versions the most stable and highest is preferred', t => {
	const [widget] = customResources(widgetDefinition);
	if (!widget) return t.fail();
	const versions = ['v1alpha1', 'v1beta2', 'v2', 'v10', 'v1', 'odd'].map(version => ({...widget, version}));
	const {versions: sorted} = legacyDiscovery.group(versions, widget.group) as unknown as {versions: {version: string}[]};
	t.deepEqual(
		sorted.map(({version}) => version),
		['v10', 'v2', 'v1', 'v1beta2', 'v1alpha1', 'odd'],
	);
});

const accepts: [string, string | undefined][] = [
	[
		'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json',
		'v2',
	],
	['application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json', 'v2beta1'],
	['application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io', 'v2'],
	['application/json', undefined],
	['application/json, */*', undefined],
	['', undefined],
];
for (const [accept, version] of accepts) {
	test(`Accept "${accept.slice(0, 70)}" means ${version ?? 'legacy'}`, t => {
		t.is(aggregatedVersion(accept), version as never);
	});
}
