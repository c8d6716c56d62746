import {AppError} from '../../../src/errors.ts';
import {planInfrastructure} from '../../../src/flows/cloud/create.ts';
import {cloudDependencies} from '../../../src/flows/cloud-provider.ts';
import {systemDependencies} from '../../../src/flows/system.ts';
import {cloudWorld, finish, never, withTerraform} from '../../helpers/cloud-world.ts';
import type {ProviderName} from '../../helpers/terraform-provider/schema.ts';

const head = (image: string) => `version: v3
image: "${image}"
name: demo
kubernetesVersion: v1.32.9
microserviceVersion: v0.1.0
debugCluster: false
sourceRanges: [198.51.100.0/24]
`;
const uuid = '11111111-2222-4333-8444-555555555555';
const openstack = (cloud: string, flavor: string) => `provider:
  openstack:
    cloud: "${cloud}"
    availabilityZone: eu01-1
    flavorID: ${flavor}
    floatingIPPoolID: ${uuid}
    stateDiskType: storage_premium_perf6
    authURL: https://127.0.0.1:9/v3
    projectID: ${uuid}
    projectName: p
    userDomainName: d
    projectDomainName: d
    regionName: RegionOne
    username: u
    password: ""
    directDownload: false
    deployYawolLoadBalancer: false
    deployCSIDriver: false
attestation:
  qemuVTPM: {measurements: {}, acceptUnknownKeys: true}
`;
const cases: readonly {name: string; providers: readonly ProviderName[]; body: string; image: string; group: RegExp}[] = [
	{
		name: 'azure',
		providers: ['azurerm'],
		image: '/communityGalleries/gallery/images/node/versions/1.2.3',
		group: /scale set/,
		body: `provider:
  azure:
    subscription: ${uuid}
    tenant: ${uuid}
    location: westeurope
    resourceGroup: demo
    userAssignedIdentity: /subscriptions/${uuid}/resourceGroups/demo-identity/providers/Microsoft.ManagedIdentity/userAssignedIdentities/demo-nodes
    instanceType: Standard_DC4as_v5
    stateDiskType: Premium_LRS
    deployCSIDriver: false
    secureBoot: false
attestation:
  azureSEVSNP:
    measurements: {}
    bootloaderVersion: 3
    teeVersion: 0
    snpVersion: 8
    microcodeVersion: 115
    firmwareSignerConfig: {acceptedKeyDigests: [], enforcementPolicy: MAAFallback, maaURL: ''}
`,
	},
	{
		name: 'gcp',
		providers: ['google'],
		image: 'projects/my-project/global/images/node',
		group: /instance group/,
		body: `provider:
  gcp:
    project: my-project
    region: europe-west3
    zone: europe-west3-b
    serviceAccount: demo-nodes@my-project.iam.gserviceaccount.com
    instanceType: n2d-standard-4
    stateDiskType: pd-ssd
    deployCSIDriver: false
attestation:
  gcpSEVES: {measurements: {}}
`,
	},
	{name: 'openstack', providers: ['openstack'], image: uuid, group: /machine/, body: openstack('', 'c1.4')},
	{name: 'stackit', providers: ['openstack', 'stackit'], image: uuid, group: /machine/, body: openstack('stackit', 'm1a.4cd')},
];

for (const {name, providers, body, image, group} of cases) {
	withTerraform(`a config for ${name} becomes a plan that Terraform accepts, with and without an image`, async t => {
		const world = await cloudWorld(t, providers);
		const deps = {
			...cloudDependencies(await systemDependencies(world.place), world.env),
			checks: () => Promise.resolve([]),
		};
		const titles = async (named: string) => {
			await world.writeConfig(head(named) + body);
			const {plan} = (await finish(planInfrastructure(deps, never))).value;
			return new Map((plan.preview ?? []).map(part => [part.title, part.lines.join('; ')]));
		};
		if (name === 'stackit') {
			// Its load balancer takes no empty list of targets.
			const error = await t.throwsAsync(titles(''), {instanceOf: AppError});
			t.deepEqual([error.code, error.problems.map(({path}) => path)], ['preflight', ['image']]);
		} else {
			const without = await titles('');
			t.regex(without.get('Machines') ?? '', /^none yet: the config names no image/);
			t.false(without.has('Disks'));
			t.is(without.get('Other'), undefined, 'every type of resource has words');
		}
		const parts = await titles(image);
		t.regex(parts.get('Machines') ?? '', /worker_default: 2 workers/);
		t.regex(parts.get('Machines') ?? '', group);
		t.is(parts.get('Other'), undefined);
		t.regex(parts.get('Disks') ?? '', /state disk/);
		t.truthy(parts.get('Costs money'));
	});
}
