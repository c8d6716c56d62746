import {type CloudId, catalogues} from '../providers/catalogues.ts';
import {version as toolVersion} from '../version.ts';
import type {AccountKey} from './account-keys.ts';
import {attestationKeyOf} from './attestation-keys.ts';
import {azureSigners} from './cloud/azure-signers.ts';
import {editProvider} from './edit-provider.ts';
import {type ConfigAnswers, defaultAnswers} from './generate.ts';

/** What can be said of a cluster on a cloud before its config is written; what is not said is left to fill in. */
export type CloudAnswers = Omit<ConfigAnswers, 'image'> & {
	image: string;
	variant: string;
	region: string;
	zone: string;
	instanceType: string;
	sourceRanges: readonly string[];
	/** Keys of the provider section: the account, and the identities of the nodes. */
	account: Readonly<Partial<Record<AccountKey, string>>>;
};

const text = JSON.stringify;

const aws = ({region, zone, instanceType}: CloudAnswers) => `  aws:
    region: ${text(region)}
    # Zone of the load balancer, and of node groups that name none.
    zone: ${text(zone)}
    instanceType: ${text(instanceType)}
    stateDiskType: gp3
    # Instance profiles: what the nodes may do on AWS. \`constellation iam create aws\` makes them and writes their names here.
    iamProfileControlPlane: ""
    iamProfileWorkerNodes: ""
    deployCSIDriver: true
`;

const azure = ({region, instanceType}: CloudAnswers) => `  azure:
    # az account show --query "{subscription: id, tenant: tenantId}"
    subscription: ""
    tenant: ""
    location: ${text(region)}
    # \`constellation iam create azure\` makes the group and the identity of the nodes, and writes both here.
    resourceGroup: ""
    userAssignedIdentity: ""
    instanceType: ${text(instanceType)}
    stateDiskType: Premium_LRS
    deployCSIDriver: true
    secureBoot: false
`;

const gcp = ({region, zone, instanceType}: CloudAnswers) => `  gcp:
    # The id of the project, not its name or number.
    project: ""
    region: ${text(region)}
    zone: ${text(zone)}
    # E-mail of the service account of the nodes. \`constellation iam create gcp\` makes one and writes it here.
    serviceAccount: ""
    instanceType: ${text(instanceType)}
    stateDiskType: pd-ssd
    deployCSIDriver: true
`;

type OpenstackDefaults = {cloud: string; pool: string; disk: string; auth: string; domain: string; region: string};

const openstack =
	({cloud, pool, disk, auth, domain, region: knownRegion}: OpenstackDefaults) =>
	({region, zone, instanceType}: CloudAnswers) =>
		`  openstack:
    # Entry of clouds.yaml to log in with; empty: the OS_* variables.${cloud === 'stackit' ? ' This word makes it a cluster on STACKIT.' : ''}
    cloud: ${text(cloud)}
    availabilityZone: ${text(zone)}
    # Flavor by id or name; machines need SEV and a TPM, which nobody can check beforehand.
    flavorID: ${text(instanceType)}
    # Network that public addresses come from.
    floatingIPPoolID: ${text(pool)}
    stateDiskType: ${text(disk)}
    # How the cluster’s own controllers log in. The password stays out of this file: set CONSTELL_OS_PASSWORD.
    authURL: ${text(auth)}
    projectID: ""
    projectName: ""
    userDomainName: ${text(domain)}
    projectDomainName: ${text(domain)}
    regionName: ${text(region === '' ? knownRegion : region)}
    username: ""
    directDownload: true
    # Load balancers for Kubernetes services; its image and flavor are ids in your cloud.
    deployYawolLoadBalancer: false
    deployCSIDriver: true
`;

const nothing: OpenstackDefaults = {cloud: '', pool: '', disk: '', auth: '', domain: '', region: ''};
/** Values of STACKIT's public documentation for this cloud. */
const stackit: OpenstackDefaults = {
	cloud: 'stackit',
	pool: '970ace5c-458f-484a-a660-0903bcfd91ad',
	disk: 'storage_premium_perf6',
	auth: 'https://keystone.api.iaas.eu01.stackit.cloud/v3',
	domain: 'portal_mvp',
	region: 'RegionOne',
};

const sections: Readonly<Record<CloudId, (answers: CloudAnswers) => string>> = {
	aws,
	azure,
	gcp,
	openstack: openstack(nothing),
	stackit: openstack(stackit),
};

/** What a variant needs beside measurements. Versions of firmware are the lowest that are accepted. */
const variantLines: Readonly<Record<string, string>> = {
	'azure-sev-snp': `    bootloaderVersion: latest
    teeVersion: latest
    snpVersion: latest
    microcodeVersion: latest
    # Who may have signed the firmware of the machines; another one is shown to Microsoft Azure Attestation.
    firmwareSignerConfig:
      acceptedKeyDigests:
${azureSigners.map(digest => `        - "${digest}"\n`).join('')}      enforcementPolicy: MAAFallback
`,
	'gcp-sev-snp': `    # Lowest versions that are accepted; raise them to what your machines report.
    bootloaderVersion: 3
    teeVersion: 0
    snpVersion: 8
    microcodeVersion: 115
`,
	'qemu-vtpm': `    # Nothing certifies the TPMs of OpenStack: list the keys of your machines, or accept any, which stays visible as a warning.
    acceptUnknownKeys: false
`,
};

/** Which of a cloud's variants is written where none is asked for: the one that protects most. */
const defaultVariant = (cloud: CloudId): string => catalogues[cloud].variants[0] ?? '';

/** A type with four processors. */
const defaultType = (cloud: CloudId, variant: string): string => catalogues[cloud].instanceTypes(variant)[0]?.name ?? '';

/**
 * The text of a config for a cloud, with comments. Values that only the user knows are empty: \`config validate\` names them all.
 * Answers are checked by \`parseConfig\`, not here.
 */
export function generateCloudConfig(cloud: CloudId, answers: Partial<CloudAnswers> = {}): string {
	const variant = answers.variant ?? defaultVariant(cloud);
	const all: CloudAnswers = {
		...defaultAnswers,
		image: '',
		variant,
		region: '',
		zone: '',
		instanceType: defaultType(cloud, variant),
		sourceRanges: [''],
		account: {},
		...answers,
	};
	const said = Object.entries(all.account).filter(([, value]) => value !== '');
	const section = cloud === 'stackit' ? 'openstack' : cloud;
	const written = configText(cloud, variant, all);
	return said.length === 0 ? written : editProvider(written, section, Object.fromEntries(said));
}

function configText(cloud: CloudId, variant: string, all: CloudAnswers): string {
	return `# Config of a Constellation cluster on ${catalogues[cloud].title}. docs/config.md explains every key.
version: v3
# Image that the nodes run. Empty: \`constellation apply\` stops after the infrastructure.
image: ${text(all.image)}
# Part of the names of machines and of the kubeconfig context.
name: ${text(all.name)}
kubernetesVersion: ${text(all.kubernetesVersion)}
# Version of the services on the nodes: that of the tool.
microserviceVersion: v${toolVersion}
debugCluster: false
# Size of the state disks in gigabytes.
stateDiskSizeGB: 30
# Who may reach the public ports: IPv4 ranges, such as 198.51.100.7/32 for one address. 0.0.0.0/0 is everyone.
sourceRanges:
${all.sourceRanges.map(range => `  - ${text(range)}\n`).join('')}provider:
${sections[cloud](all)}nodeGroups:
  # instanceType, zone, stateDiskSizeGB and stateDiskType can be said here too, for one group.
  control_plane_default:
    role: control-plane
    # One is enough to try out; three survive the loss of one.
    count: ${all.controlPlanes}
  worker_default:
    role: worker
    count: ${all.workers}
attestation:
  # What a node has to prove. \`constellation config fetch-measurements\` writes the values of the image here.
  ${attestationKeyOf(variant) ?? variant}:
    measurements: {}
${variantLines[variant] ?? ''}`;
}
