/** A config for AWS as a person would write it; `more` are keys of the top level. */
export const awsConfig = ({
	name = 'demo',
	zone = 'eu-west-1a',
	image = '',
	workers = 2,
	more = '',
} = {}): string => `# my cluster on AWS
version: v3
image: "${image}"
name: ${name}
kubernetesVersion: v1.32.9
microserviceVersion: v0.1.0
debugCluster: false
sourceRanges: [198.51.100.0/24] # the office
provider:
  aws:
    region: ${zone.slice(0, -1)}
    zone: ${zone}
    instanceType: m6a.xlarge
    stateDiskType: gp3
    iamProfileControlPlane: demo_control_plane_profile
    iamProfileWorkerNodes: demo_worker_profile
nodeGroups:
  control_plane_default: {role: control-plane, count: 3}
  worker_default: {role: worker, count: ${String(workers)}}
attestation:
  awsSEVSNP:
    measurements: {}
    bootloaderVersion: 3
    teeVersion: 0
    snpVersion: 8
    microcodeVersion: 115
    acceptUnknownKeys: true
    acceptUnknownMachineImages: true
${more}`;
