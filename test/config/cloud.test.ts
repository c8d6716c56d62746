import {readFileSync} from 'node:fs';
import test from 'ava';
import {parsePolicy} from '../../src/attestation/policy.ts';
import {type AttestationKey, attestationKeys} from '../../src/config/attestation-keys.ts';
import {sectionKeys} from '../../src/config/cloud/attestation-words.ts';
import {type CloudAnswers, generateCloudConfig} from '../../src/config/generate-cloud.ts';
import {configJsonSchema} from '../../src/config/json-schema.ts';
import {configWarnings, editConfig, parseConfig, requireLocal} from '../../src/config/load.ts';
import {attestationIn, nodeGroupsOf, providerOf, regionOf, variantOf} from '../../src/config/provider.ts';
import {isLocal} from '../../src/config/schema.ts';
import {AppError} from '../../src/errors.ts';
import {type CloudId, catalogues, cloudIds} from '../../src/providers/catalogues.ts';

const uuid = '11111111-2222-3333-4444-555555555555';

/** What only a user knows, by key. */
const known: Readonly<Record<string, string>> = {
	iamProfileControlPlane: 'cp',
	iamProfileWorkerNodes: 'wn',
	subscription: uuid,
	tenant: uuid,
	resourceGroup: 'rg',
	userAssignedIdentity: '/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/n',
	project: 'my-project-1',
	serviceAccount: 'nodes@my-project-1.iam.gserviceaccount.com',
	floatingIPPoolID: uuid,
	stateDiskType: 'ssd',
	authURL: 'https://keystone.example.org/v3',
	projectID: uuid,
	projectName: 'p',
	userDomainName: 'd',
	projectDomainName: 'd',
	username: 'u',
};

const placeOf: Readonly<Record<CloudId, Partial<CloudAnswers>>> = {
	aws: {region: 'eu-west-1', zone: 'eu-west-1b'},
	azure: {region: 'westeurope'},
	gcp: {region: 'europe-west3', zone: 'europe-west3-b'},
	openstack: {region: 'r1', zone: 'nova', instanceType: 'm1.large'},
	stackit: {zone: 'eu01-1'},
};

/** A generated config with everything filled in. */
const filled = (cloud: CloudId, answers: Partial<CloudAnswers> = {}): string =>
	generateCloudConfig(cloud, {...placeOf[cloud], sourceRanges: ['198.51.100.7/32'], ...answers}).replace(
		/^( +)(\w+): ""$/gm,
		(line, indent: string, key: string) => (known[key] === undefined ? line : `${indent}${key}: ${JSON.stringify(known[key])}`),
	);

function problemsOf(text: string): Record<string, string> {
	try {
		parseConfig(text);
		return {};
	} catch (error) {
		if (error instanceof AppError)
			return Object.fromEntries(error.problems.map(({path, message, fix}) => [path, `${message}; ${fix ?? ''}`]));
		throw error;
	}
}

function cloudConfig(text: string) {
	const config = parseConfig(text);
	if (isLocal(config)) throw new TypeError('local');
	return config;
}

test('generated configs of every cloud and variant name what is open, and are valid when it is filled in', t => {
	for (const cloud of cloudIds)
		for (const variant of catalogues[cloud].variants) {
			const open = Object.values(problemsOf(generateCloudConfig(cloud, {variant})));
			t.true(open.length > 2 && open.every(text => /^is empty.*; \S/.test(text)), `${cloud} ${variant}`);
			const text = filled(cloud, {variant});
			t.deepEqual(problemsOf(text), {}, `${cloud} ${variant}`);
			const config = cloudConfig(text);
			t.is(providerOf(config), cloud);
			t.is<string, string>(variantOf(config), variant);
			const groups = nodeGroupsOf(config);
			t.like(groups['control_plane_default'], {role: 'control-plane', count: 1, stateDiskSizeGB: 30});
			t.true(Object.values(groups).every(({instanceType, stateDiskType}) => instanceType !== '' && stateDiskType !== ''));
		}
	t.is(regionOf(cloudConfig(filled('azure'))), 'westeurope');
});

test('node groups take from the provider section what they do not say', t => {
	const text = filled('aws').replace(
		'  worker_default:\n',
		'  big: {role: worker, initialCount: 4, instanceType: r6a.2xlarge, zone: eu-west-1c, stateDiskSizeGB: 100, stateDiskType: io1}\n  worker_default:\n',
	);
	t.deepEqual(nodeGroupsOf(cloudConfig(text)), {
		control_plane_default: {
			role: 'control-plane',
			count: 1,
			instanceType: 'm6a.xlarge',
			zone: 'eu-west-1b',
			stateDiskSizeGB: 30,
			stateDiskType: 'gp3',
		},
		big: {role: 'worker', count: 4, instanceType: 'r6a.2xlarge', zone: 'eu-west-1c', stateDiskSizeGB: 100, stateDiskType: 'io1'},
		worker_default: {
			role: 'worker',
			count: 2,
			instanceType: 'm6a.xlarge',
			zone: 'eu-west-1b',
			stateDiskSizeGB: 30,
			stateDiskType: 'gp3',
		},
	});
	const [withoutGroups = ''] = filled('gcp').split(/^nodeGroups:/m);
	const attestation = filled('gcp').slice(filled('gcp').indexOf('attestation:'));
	t.is(nodeGroupsOf(cloudConfig(`${withoutGroups}${attestation}`))['worker_default']?.count, 2);
});

test('every problem of a cloud is named at once', t => {
	const text = filled('aws', {
		variant: 'aws-sev-snp',
		name: 'much-too-long',
		region: 'nowhere',
		instanceType: 'm5.xlarge',
		sourceRanges: ['198.51.100.7', '2001:db8::/32'],
		image: 'newest',
	}).replace(
		'nodeGroups:\n',
		`tags: {Name: x, constellation-uid: y, fine: z}
surprise: 1
nodeGroups:
  Bad-Name: {role: worker, count: 1}
  half: {role: worker}
  two: {role: worker, count: 1, initialCount: 2}
  wrong: {role: boss, count: 1, instanceType: t3.large}
`,
	);
	const problems = problemsOf(text);
	t.deepEqual(Object.keys(problems).sort(), [
		'image',
		'name',
		'nodeGroups.Bad-Name',
		'nodeGroups.half.count',
		'nodeGroups.two.initialCount',
		'nodeGroups.wrong.instanceType',
		'nodeGroups.wrong.role',
		'provider.aws.instanceType',
		'provider.aws.region',
		'sourceRanges.0',
		'sourceRanges.1',
		'surprise',
		'tags.Name',
		'tags.constellation-uid',
	]);
	t.regex(problems['image'] ?? '', /an AMI like/);
	t.regex(problems['provider.aws.instanceType'] ?? '', /it can run aws-nitro-tpm/);
});

test('rules between keys, tags and images of each cloud', t => {
	const group = (cloud: CloudId, words: string) => problemsOf(filled(cloud).replace('count: 2', `count: 2\n    ${words}`));
	t.regex(group('aws', 'zone: us-east-2a')['nodeGroups.worker_default.zone'] ?? '', /no zone of eu-west-1/);
	t.regex(group('azure', 'zone: 4')['nodeGroups.worker_default.zone'] ?? '', /use 1, 2 or 3/);
	t.deepEqual(group('azure', 'zone: 2'), {});
	t.regex(group('gcp', 'stateDiskType: gp3')['nodeGroups.worker_default.stateDiskType'] ?? '', /pd-ssd/);
	t.regex(problemsOf(filled('gcp', {controlPlanes: 0}))['nodeGroups'] ?? '', /no control plane/);
	const tagged = (cloud: CloudId, tag: string) =>
		Object.keys(problemsOf(filled(cloud).replace('provider:', `tags: {${tag}}\nprovider:`)));
	t.deepEqual(tagged('gcp', 'Team: Blue'), ['tags.Team']);
	t.deepEqual(tagged('azure', '"a/b": x'), ['tags.a/b']);
	t.deepEqual(tagged('openstack', `a: "${'x'.repeat(60)}"`), ['tags.a']);
	t.deepEqual(tagged('aws', '"aws:x": y'), ['tags.aws:x']);
	const images: [CloudId, string][] = [
		['aws', 'ami-0123456789abcdef0'],
		['azure', '/communityGalleries/g/images/n/versions/1.2.3'],
		['gcp', 'projects/p/global/images/n'],
		['stackit', uuid],
		['aws', 'v2.9.1'],
		['gcp', 'ref/main/stream/nightly/v2.9.0-pre'],
	];
	for (const [cloud, image] of images) t.deepEqual(problemsOf(filled(cloud, {image})), {}, image);
	t.deepEqual(Object.keys(problemsOf(filled('gcp', {image: 'ami-0123456789abcdef0'}))), ['image']);
	for (const [cloud, limit] of [
		['aws', 9],
		['azure', 26],
		['gcp', 26],
		['openstack', 26],
	] as const) {
		t.deepEqual(problemsOf(filled(cloud, {name: 'a'.repeat(limit)})), {}, cloud);
		t.deepEqual(Object.keys(problemsOf(filled(cloud, {name: 'a'.repeat(limit + 1)}))), ['name'], cloud);
	}
});

test('nothing is open unless the config says so itself', t => {
	const closed = cloudConfig(filled('aws').replace(/sourceRanges:\n.*\n/, ''));
	t.deepEqual(closed.sourceRanges, []);
	t.true(configWarnings(closed).some(text => /nobody outside the cluster/.test(text)));
	const open = cloudConfig(filled('aws', {sourceRanges: ['0.0.0.0/0']}));
	t.true(configWarnings(open).some(text => /everyone can reach/.test(text)));
	for (const cloud of cloudIds) t.false(/^\s*- "0\.0\.0\.0\/0"/m.test(generateCloudConfig(cloud)), cloud);
});

test('what may have changed since the catalogue is a warning', t => {
	const elsewhere = cloudConfig(filled('azure', {region: 'polandcentral'}));
	t.true(configWarnings(elsewhere).some(text => /^provider\.azure\.location: polandcentral is not known to offer/.test(text)));
	t.false(configWarnings(cloudConfig(filled('azure'))).some(text => /known to offer/.test(text)));
	t.true(configWarnings(cloudConfig(filled('azure'))).some(text => /stops after the infrastructure/.test(text)));
});

test('rewriting a config of a cloud keeps its comments', t => {
	const text = filled('gcp').replace('nodeGroups:', '# mine\nnodeGroups:');
	const value = {'4': {expected: 'ab'.repeat(32), warnOnly: false}, '15': {expected: '0'.repeat(64), warnOnly: false}};
	const edited = editConfig(text, [
		{path: ['provider', 'gcp', 'serviceAccount'], value: 'other@my-project-1.iam.gserviceaccount.com'},
		{path: ['attestation', 'gcpSEVSNP', 'measurements'], value},
	]);
	const comments = (words: string) => words.match(/#.*$/gm);
	t.deepEqual(comments(edited), comments(text));
	const {value: section, key} = attestationIn(cloudConfig(edited));
	t.is(key, 'gcpSEVSNP');
	t.deepEqual(section.measurements, value);
	t.deepEqual(parsePolicy('gcp-sev-snp', section).variant, 'gcp-sev-snp');
	t.is(t.throws(() => requireLocal(parseConfig(edited)), {instanceOf: AppError}).code, 'other-provider');
});

test('attestation sections are those of the policy: its keys, one of them, of this cloud', t => {
	for (const key of Object.keys(attestationKeys) as AttestationKey[]) {
		if (key === 'localVTPM') continue;
		const value = Object.fromEntries(Object.keys(sectionKeys(key)).map(name => [name, {}]));
		const refused = t.throws(() => parsePolicy(attestationKeys[key], {measurements: {}, ...value}), {instanceOf: AppError});
		for (const {path, message} of refused.problems) t.not(message, 'is not a known key', `${key}.${path}`);
	}
	const aws = filled('aws');
	const unknown = problemsOf(aws.replace('measurements: {}', 'measurements: {}\n    acceptUnknownKey: true'));
	t.deepEqual(Object.keys(unknown), ['attestation.awsSEVSNP.acceptUnknownKey']);
	const two = problemsOf(`${aws}  awsNitroTPM: {measurements: {}}\n`);
	t.regex(two['attestation'] ?? '', /more than one/);
	const foreign = problemsOf(aws.replace('awsSEVSNP', 'gcpSEVES'));
	t.regex(foreign['attestation.gcpSEVES'] ?? '', /no attestation of aws/);
	const placeholder = problemsOf(aws.replace('measurements: {}', `measurements: {4: "${'1234'.repeat(16)}"}`));
	t.regex(placeholder['attestation.awsSEVSNP.measurements.4'] ?? '', /placeholder/);
	const latest = filled('gcp').replace('snpVersion: 8', 'snpVersion: latest');
	t.regex(problemsOf(latest)['attestation.gcpSEVSNP.snpVersion'] ?? '', /replaced by a number/);
});

test('the published schema is the one of the code', t => {
	const published: unknown = JSON.parse(readFileSync('docs/config.schema.json', 'utf8'));
	t.deepEqual(published, configJsonSchema());
	t.true(JSON.stringify(published).includes('"$ref":"#/$defs/aws"'));
});
