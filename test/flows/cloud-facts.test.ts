import {createPublicKey, type KeyObject} from 'node:crypto';
import {mkdtempSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {AttestationRefused} from '../../src/attestation/findings.ts';
import {validatorOf} from '../../src/attestation/variant.ts';
import {cloudClients} from '../../src/flows/cloud-facts.ts';
import type {TrustWorld} from '../../src/flows/trust-world.ts';
import {collateralFor} from '../../src/flows/verify-collateral.ts';
import {connectAws} from '../../src/providers/aws/connect.ts';
import {connectGoogle} from '../../src/providers/gcp/connect.ts';
import {googleWords} from '../../src/providers/gcp/sign-in.ts';
import {noCredentials} from '../../src/providers/refusals.ts';
import {trustStore} from '../../src/trust/bundle/store.ts';
import {cloudServer, type Reply} from '../helpers/cloud-server.ts';
import {nonce, rsa, userData} from '../helpers/forge.ts';
import {keysOf} from '../helpers/forge-chain.ts';
import {forgeDocument} from '../helpers/forge-document.ts';
import {awsWorld, gcpApiWorld, type TpmWorld} from '../helpers/tpm-worlds.ts';

const unused = (): never => {
	throw new Error('not part of this test');
};
const nobody: TrustWorld = {
	get: unused,
	store: trustStore(path.join(mkdtempSync(path.join(tmpdir(), 'facts-')), 'trust')),
	dataHome: '/nowhere',
	now: Date.now,
	kept: unused,
	localImage: unused,
};

/** Judges honest evidence with what a cloud on this machine answers, and nothing else. */
async function judge(t: ExecutionContext, world: TpmWorld, reply: Reply | Error) {
	const {url, asked} = await cloudServer(t, () => (reply instanceof Error ? {status: 500} : reply));
	const clouds = {env: {}, fetch, now: () => 0, wait: () => Promise.resolve()};
	const auth = {
		getRequestHeaders: () =>
			reply instanceof Error ? Promise.reject(reply) : Promise.resolve(new Headers({authorization: 'Bearer google'})),
	};
	const clients = cloudClients({
		google: project => connectGoogle(project, clouds, {compute: url, auth}),
		aws: region =>
			Promise.resolve(
				connectAws(region, clouds, {
					endpoint: url,
					credentials: reply instanceof Error ? () => Promise.reject(reply) : {accessKeyId: 'a', secretAccessKey: 'b'},
				}),
			),
	});
	const document = forgeDocument(world.knobs);
	const {collateral, missing} = await collateralFor(nobody, {}, world.policy, document, clients);
	const calls = asked.map(({path: place, body}) =>
		body === '' ? place : `${new URLSearchParams(body).get('Action') ?? ''} ${body}`,
	);
	try {
		validatorOf(world.policy, {now: () => world.at, collateral}).validate(document, nonce, userData);
		return {verdict: 'accepted', missing, calls};
	} catch (error) {
		if (!(error instanceof AttestationRefused)) throw error;
		return {verdict: error.findings.map(({code}) => code).join(), missing, calls};
	}
}

const pem = (key: KeyObject) => key.export({type: 'spki', format: 'pem'});
const identity = (ekPub: string): Reply => ({body: {kind: 'compute#shieldedInstanceIdentity', signingKey: {ekPub}}});
const images = (content: string): Reply => ({
	headers: {'content-type': 'text/xml'},
	text: `<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><imagesSet>${content}</imagesSet></DescribeImagesResponse>`,
});
const image = (more: string) => images(`<item><imageId>ami-0123456789abcdef0</imageId>${more}</item>`);
const noGoogle = new Error('Could not load the default credentials. Browse to https://cloud.google.com/docs');
const noAws = Object.assign(new Error('Could not load credentials from any providers'), {name: 'CredentialsProviderError'});
const denied: Reply = {
	status: 403,
	body: {error: {message: 'Required compute.instances.getShieldedInstanceIdentity permission'}},
};

const cases: [string, () => TpmWorld, Reply | Error, string, RegExp | undefined][] = [
	['Google names the key', gcpApiWorld, identity(pem(createPublicKey(rsa))), 'accepted', undefined],
	[
		'Google names another key',
		gcpApiWorld,
		identity(pem(keysOf('foreign', 'rsa-2048').publicKey)),
		'shielded-key-mismatch',
		undefined,
	],
	['Google knows no TPM', gcpApiWorld, {body: {}}, 'shielded-key-missing', /no virtual TPM/],
	['Google names no key', gcpApiWorld, identity('-----BEGIN PUBLIC KEY-----'), 'shielded-key-missing', /no public key/],
	['no permission at Google', gcpApiWorld, denied, 'shielded-key-missing', /getShieldedInstanceIdentity permission/],
	['no such machine', gcpApiWorld, {status: 404}, 'shielded-key-missing', /The cloud has no GET .*node-1/],
	[
		'nobody signed in to Google',
		gcpApiWorld,
		noGoogle,
		'shielded-key-missing',
		/default credentials\..*gcloud auth application-default login/,
	],
	['an image with a TPM', awsWorld, image('<tpmSupport>v2.0</tpmSupport>'), 'accepted', undefined],
	['an image without', awsWorld, image(''), 'machine-image-without-tpm', undefined],
	['an image that nobody knows', awsWorld, images(''), 'machine-image-unknown', /no image ami-0123456789abcdef0/],
	['nobody signed in to AWS', awsWorld, noAws, 'machine-image-unknown', /none were found\. .*aws /],
];

for (const [name, worldOf, reply, verdict, why] of cases) {
	test(`facts that only customers are told: ${name}`, async t => {
		const found = await judge(t, {...worldOf(), collateral: {}}, reply);
		t.is(found.verdict, verdict);
		t.is(found.missing.length, why === undefined ? 0 : 1, found.missing.join());
		if (why !== undefined) t.regex(found.missing.join(), why);
		if (reply instanceof Error) t.deepEqual(found.calls, []);
		else if (verdict === 'accepted')
			t.regex(
				found.calls.join(),
				worldOf === awsWorld
					? /^DescribeImages .*IncludeDeprecated=true.*ami-0123456789abcdef0/
					: /^\/projects\/my-project\/zones\/europe-west3-b\/instances\/node-1\/getShieldedInstanceIdentity$/,
			);
	});
}

test('nobody is asked where the evidence or the policy answers', async t => {
	const trap = {google: unused, aws: unused};
	for (const world of [
		{...gcpApiWorld(), collateral: {}, policy: {...gcpApiWorld().policy, acceptUnknownKeys: true}},
		{...awsWorld(), collateral: {}, policy: {...awsWorld().policy, acceptUnknownMachineImages: true}},
	]) {
		const {missing} = await collateralFor(nobody, {}, world.policy, forgeDocument(world.knobs), cloudClients(trap));
		t.deepEqual(missing, []);
	}
	await t.throwsAsync(
		cloudClients({...trap, google: () => Promise.reject(noCredentials(googleWords, 'invalid_grant'))}).shieldedKey?.({
			kind: 'shielded-key',
			project: 'p',
			zone: 'z',
			instance: 'i',
		}) ?? Promise.resolve(),
		{message: /invalid_grant\. Run `gcloud/},
	);
});
