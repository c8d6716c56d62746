import test from 'ava';
import {customResources} from '../../src/kubernetes/embedded/objects/registry.ts';
import {builtinResources} from '../../src/kubernetes/embedded/resources.ts';
import {customCauses} from '../../src/kubernetes/embedded/schema/custom.ts';
import {loadSchemas} from '../../src/kubernetes/embedded/schema/schemas.ts';
import {validateObject} from '../../src/kubernetes/embedded/schema/validate.ts';
import type {ApiObject, JsonObject} from '../../src/kubernetes/embedded/types.ts';
import {type Kube, KubeError, type KubeObject} from '../../src/kubernetes/kube.ts';
import {clusterManifests, createMissing} from '../../src/kubernetes/manifests.ts';
import {resourcePath} from '../../src/kubernetes/resources.ts';
import {Secret} from '../../src/secret.ts';

const secret = (text: string) => new Secret(Buffer.from(text));
const manifests = clusterManifests({
	image: 'local/v0.1.0',
	imageVersion: 'v0.1.0',
	kubernetesVersion: 'v1.32.9',
	components: {
		reference: 'k8s-components-sha256-00',
		list: [{URL: 'https://example.test', Hash: 'sha256:00', InstallPath: '/a', Extract: false}],
	},
	attestationConfig: {measurements: {'4': {expected: '00', warnOnly: false}}},
	acceptedPolicies: {generation: 1, policies: [{measurements: 'YQ==', signature: 'Yg==', attestationConfig: {}}]},
	measurementSalt: Buffer.from('salt'),
	masterSecret: {key: secret('key'), salt: secret('salt')},
});
const definitions = manifests.map(({object}) => object as ApiObject).filter(({kind}) => kind === 'CustomResourceDefinition');
const served = [...builtinResources, ...definitions.flatMap(customResources)];
const schemas = await loadSchemas();
const typeOf = ({resource}: (typeof manifests)[number]) =>
	served.find(
		({group, version, plural}) => group === (resource.group ?? '') && version === resource.version && plural === resource.plural,
	);

test('the objects of a new cluster', t => {
	t.snapshot(manifests.map(({resource, object}) => `${resourcePath(resource)} ${object.metadata.name}`));
	t.snapshot(manifests.filter(({object}) => ['ConfigMap', 'Secret', 'NodeVersion'].includes(object.kind)));
});

test('each is what its schema wants: no unknown field, no wrong type, no wrong value', t => {
	for (const manifest of manifests) {
		const resource = typeOf(manifest);
		const schema = resource && schemas.ofResource(resource);
		const {kind, metadata} = manifest.object;
		if (!schema) return t.fail(`${kind} is not served`);
		const object = manifest.object as JsonObject;
		const checked = validateObject(schemas, schema, object, {kind, custom: resource.custom !== undefined});
		t.deepEqual(checked, {object, unknown: []}, `${kind} ${metadata.name}`);
		if (resource.custom) t.deepEqual(customCauses(resource.custom.schema, object), []);
	}
});

test('the custom resources take what the node services write', t => {
	const causes = (kind: string, parts: JsonObject) => {
		const resource = served.find(type => type.kind === kind);
		if (!resource?.custom) throw new Error(`${kind} is not served`);
		const object = {apiVersion: 'update.edgeless.systems/v1alpha1', kind, metadata: {name: 'x'}, ...parts};
		const checked = validateObject(schemas, schemas.ofResource(resource) ?? {}, object, {kind, custom: true});
		return [...checked.unknown, ...customCauses(resource.custom.schema, checked.object).map(({field}) => field)];
	};
	const deadline = '2030-01-01T00:00:00Z';
	t.deepEqual(
		causes('JoiningNode', {spec: {name: 'n', componentsreference: 'c', iscontrolplane: true, deadline}, status: {}}),
		[],
	);
	t.deepEqual(causes('PendingNode', {spec: {goal: 'Join', deadline}, status: {cspState: 'Ready', reachedGoal: true}}), []);
	t.deepEqual(causes('PendingNode', {spec: {goal: 'Stay', deadline: 'soon'}}), ['spec.goal', 'spec.deadline']);
	t.deepEqual(causes('ScalingGroup', {spec: {role: 'Worker', min: 1, max: 10}, status: {}}), ['status.conditions']);
	t.deepEqual(causes('AutoscalingStrategy', {spec: {}}), ['spec.enabled', 'spec.deploymentName', 'spec.deploymentNamespace']);
	const condition = {
		type: 'Outdated',
		status: 'False',
		reason: 'NodeVersionsUpToDate',
		message: '',
		lastTransitionTime: deadline,
	};
	t.deepEqual(causes('NodeVersion', {status: {budget: 1, conditions: [condition], outdated: [{kind: 'Node', name: 'n'}]}}), []);
	t.deepEqual(causes('NodeVersion', {status: {budget: -1, extra: 1}}), [
		'unknown field "status.extra"',
		'status.conditions',
		'status.budget',
	]);
});

test('creating goes on over what is there already, and stops at any other failure', async t => {
	const created: string[] = [];
	const create = (_: unknown, object: KubeObject) => {
		created.push(object.metadata.name);
		if (object.metadata.name === 'kube-system') return Promise.reject(new KubeError(409, 'AlreadyExists', 'there'));
		if (object.metadata.name === 'constellation-version') return Promise.reject(new KubeError(403, 'Forbidden', 'no'));
		return Promise.resolve(object);
	};
	await t.throwsAsync(createMissing({create} as Pick<Kube, 'create'> as Kube, manifests), {instanceOf: KubeError, message: 'no'});
	t.deepEqual(
		created,
		manifests.map(({object}) => object.metadata.name),
	);
});
