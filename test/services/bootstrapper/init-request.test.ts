import {createHash} from 'node:crypto';
import {create, type MessageInitShape} from '@bufbuild/protobuf';
import test from 'ava';
import {signBlob} from '../../../src/attestation/blob-signature.ts';
import {formatPolicy} from '../../../src/attestation/policy.ts';
import {formatImageStatement} from '../../../src/attestation/signed-measurements.ts';
import {encodeKmsUri, noStorageUri} from '../../../src/keys/kms-uri.ts';
import {generateMasterSecret} from '../../../src/keys/master-secret.ts';
import {generateKeys, privateKeyOf} from '../../../src/keys/pki.ts';
import {componentsHash, kubernetesComponents} from '../../../src/releases/kubernetes.ts';
import {InitRequestSchema, KubernetesComponentSchema} from '../../../src/rpc/gen/init_pb.ts';
import {checkComponents, componentsReference} from '../../../src/services/bootstrapper/init/components.ts';
import {checkInitRequest} from '../../../src/services/bootstrapper/init/request.ts';
import {newMaker} from '../../helpers/local-machine.ts';

type Request = MessageInitShape<typeof InitRequestSchema>;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const [maker, otherMaker] = [newMaker(), newMaker()];
const [release, otherRelease] = [generateKeys(), generateKeys()];
const pinned = {variant: 'local-vtpm', makerDigest: sha256(maker.publicKey), releaseDigest: sha256(release.publicKey)};

const register = (byte: number) => ({expected: new Uint8Array(32).fill(byte), warnOnly: false});
const ofImage = new Map([4, 9, 11].map(index => [index, register(index)]));
const measurements = new Map([...ofImage, [12, register(12)], [15, register(0)]]);
const policy = {variant: 'local-vtpm', measurements, makerKey: maker.publicKey, releaseKey: release.publicKey} as const;
const statement = formatImageStatement({version: 'v1.2.3', arguments: [], measurements: ofImage});
const configOf = (changes: Partial<typeof policy> = {}) => Buffer.from(JSON.stringify(formatPolicy({...policy, ...changes})));
const withRegister = (index: number, byte: number, warnOnly = false) =>
	configOf({measurements: new Map([...measurements, [index, {...register(byte), warnOnly}]])});

const good = {
	kmsUri: encodeKmsUri(generateMasterSecret()),
	storageUri: noStorageUri,
	kubernetesVersion: 'v1.32.9',
	clusterName: 'demo-0123abcd',
	attestationConfig: configOf(),
	signedMeasurements: statement,
	measurementsSignature: signBlob(statement, privateKeyOf(release.privateKey)),
	releaseKey: release.publicKey,
	imageVersion: 'v1.2.3',
	kubernetesComponents: [
		{url: 'https://example.org/kubelet', hash: `sha256:${'0'.repeat(64)}`, installPath: '/run/state/bin/kubelet'},
	],
} satisfies Request;

const check = (changes: Request = {}) => checkInitRequest(create(InitRequestSchema, {...good, ...changes}), pinned);

test('a good request is read', t => {
	const order = check();
	t.like(order, {clusterName: 'demo-0123abcd', kubernetesVersion: 'v1.32.9', imageVersion: 'v1.2.3'});
	t.deepEqual(order.components.list, [
		{URL: 'https://example.org/kubelet', Hash: `sha256:${'0'.repeat(64)}`, InstallPath: '/run/state/bin/kubelet', Extract: false},
	]);
	t.is(check({clusterName: ''}).clusterName, 'constellation');
});

const component = good.kubernetesComponents[0];
const refused: Record<string, [Request, RegExp]> = {
	'another maker': [{attestationConfig: configOf({makerKey: otherMaker.publicKey})}, /maker key/],
	'another release key': [{attestationConfig: configOf({releaseKey: otherRelease.publicKey})}, /release key/],
	'two release keys': [{releaseKey: otherRelease.publicKey}, /release key/],
	'measurements signed by somebody else': [
		{measurementsSignature: signBlob(statement, privateKeyOf(otherRelease.privateKey))},
		/not signed/,
	],
	'changed measurements': [{signedMeasurements: Buffer.concat([statement, Buffer.from(' ')])}, /not signed/],
	'a policy for another image': [{attestationConfig: withRegister(9, 1)}, /register 9/],
	'a policy that lets nodes of other clusters in': [{attestationConfig: withRegister(15, 1)}, /register 15/],
	'a policy that only warns of other clusters': [{attestationConfig: withRegister(15, 0, true)}, /policy/],
	'another image version': [{imageVersion: 'v9.9.9'}, /image version/],
	'a policy that is not JSON': [{attestationConfig: Buffer.from('{')}, /JSON/],
	'another key management': [{kmsUri: 'kms://aws?region=eu'}, /supported/],
	'a storage': [{storageUri: 'storage://aws?bucket=b'}, /storage/],
	'a cluster name with a newline': [{clusterName: 'a\nb'}, /cluster name/],
	'a Kubernetes version of another form': [{kubernetesVersion: 'latest'}, /Kubernetes version/],
	'a component without a hash': [{kubernetesComponents: [{...component, hash: 'sha256:12'}]}, /hash/],
	'a component for another place': [
		{kubernetesComponents: [{...component, installPath: '/run/state/bin/../../etc'}]},
		/install path/,
	],
	'too many components': [{kubernetesComponents: Array.from({length: 17}, () => component ?? {})}, /too many/],
};

for (const [what, [changes, message]] of Object.entries(refused)) {
	test(`refused: ${what}`, t => {
		const error = t.throws(() => check(changes));
		t.regex(`${error.message} ${JSON.stringify(error)}`, message);
		t.false(`${error.message} ${JSON.stringify(error)}`.includes(good.kmsUri));
	});
}

test('node and tool give the components of a version the same name', t => {
	const {components} = kubernetesComponents('v1.32.9');
	const list = checkComponents(components.map(component => create(KubernetesComponentSchema, {...component})));
	t.is(componentsReference(list), `k8s-components-${componentsHash(components).replace(':', '-')}`);
});
