import {version as toolVersion} from '../version.ts';
import {defaultKubernetesVersion} from './versions.ts';

export type ConfigAnswers = {
	name: string;
	controlPlanes: number;
	workers: number;
	kubernetesVersion: string;
	image: string;
};

export const defaultAnswers: ConfigAnswers = {
	name: 'constell',
	controlPlanes: 1,
	workers: 2,
	kubernetesVersion: defaultKubernetesVersion,
	image: `v${toolVersion}`,
};

/** The text of a config file for the local provider, with a comment for every key. Answers are checked by `parseConfig`, not here. */
export function generateConfig(answers: Partial<ConfigAnswers> = {}): string {
	const {name, controlPlanes, workers, kubernetesVersion, image} = {...defaultAnswers, ...answers};
	return `# Config of a Constellation cluster. docs/config.md explains every key.
version: v3
# Image that the nodes run. Its measurements decide which nodes are let in.
image: ${JSON.stringify(image)}
# Part of the names of machines and of the kubeconfig context.
name: ${JSON.stringify(name)}
kubernetesVersion: ${JSON.stringify(kubernetesVersion)}
# Version of the services on the nodes: that of the tool.
microserviceVersion: v${toolVersion}
debugCluster: false
provider:
  # Nodes are processes on this machine: the same protocol as everywhere, but not confidential.
  local: {}
nodeGroups:
  control_plane_default:
    role: control-plane
    # One is enough to try out; three survive the loss of one.
    count: ${String(controlPlanes)}
  worker_default:
    role: worker
    count: ${String(workers)}
attestation:
  # What a node has to prove. \`constellation apply\` computes the values from the image files and pins them here.
  localVTPM: {}
`;
}
