import type {Problem} from '../errors.ts';
import {weaknessesOf} from './cloud/attestation.ts';
import {firm, groupProblems, misfits} from './fit-rules.ts';
import {attestationIn, nodeGroupsOf} from './provider.ts';
import {type CloudConfig, type Config, isLocal, type LocalConfig, maxNodes} from './schema.ts';
import {parseVersion} from './versions.ts';

/** Rules between keys. */
export function crossProblems(config: Config): Problem[] {
	return isLocal(config) ? localProblems(config) : [...firm(misfits(config)), ...groupProblems(config)];
}

function localProblems({nodeGroups, debugCluster}: LocalConfig): Problem[] {
	const problems: Problem[] = [];
	const {control_plane_default: controlPlanes, worker_default: workers} = nodeGroups;
	if (controlPlanes.count + workers.count > maxNodes)
		problems.push({
			path: 'nodeGroups',
			message: `more than ${maxNodes} nodes`,
			fix: `lower a count: the local provider has ${maxNodes} addresses`,
		});
	if (debugCluster) problems.push({path: 'debugCluster', message: 'the local provider has no debug images', fix: 'write false'});
	return problems;
}

/** What is allowed and still deserves a word. */
export function configWarnings(config: Config): string[] {
	const groups = isLocal(config) ? config.nodeGroups : nodeGroupsOf(config);
	const controlPlanes = Object.values(groups)
		.filter(({role}) => role === 'control-plane')
		.reduce((sum, {count}) => sum + count, 0);
	const even =
		controlPlanes % 2 === 0
			? [`${controlPlanes} control planes survive no more failures than ${controlPlanes - 1}; use an odd number.`]
			: [];
	return isLocal(config) ? even : [...even, ...cloudWarnings(config)];
}

function cloudWarnings(config: CloudConfig): string[] {
	const {provider, image = '', sourceRanges, microserviceVersion} = config;
	const {key, value} = attestationIn(config);
	const has = (condition: boolean, text: string) => (condition ? [text] : []);
	return [
		...has(image === '', 'No image is named: `constellation apply` stops after the infrastructure.'),
		...weaknessesOf(key, value).map(text => `attestation.${key}: ${text}`),
		...has(sourceRanges.length === 0, 'sourceRanges is empty: nobody outside the cluster can reach it.'),
		...has(sourceRanges.includes('0.0.0.0/0'), 'sourceRanges has 0.0.0.0/0: everyone can reach the public ports.'),
		...has(
			parseVersion(microserviceVersion)?.numbers[0] === '2',
			'The versions are those of the archived original: this tool reads the config, and makes no cluster of these versions.',
		),
		...has(
			'openstack' in provider && provider.openstack.password !== undefined,
			'provider.openstack.password holds a secret in plain text; leave it empty and set CONSTELL_OS_PASSWORD.',
		),
		...has(
			'gcp' in provider && !provider.gcp.serviceAccount,
			'provider.gcp.serviceAccount is missing: nodes of this tool need one; `constellation iam create gcp` makes it.',
		),
		...misfits(config)
			.filter(each => !each.firm)
			.map(({path, reason, fix}) => `${path}: ${reason}; ${fix}.`),
	];
}
