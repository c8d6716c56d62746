import {notHere} from '../flows/original/abilities.ts';
import type {OriginalCluster, Seen} from '../flows/original/cluster-facts.ts';
import type {RemovalStep} from '../flows/original/removal.ts';
import type {OriginalResources, TerraformFolder} from '../flows/original/resources.ts';
import type {OriginalStatus} from '../flows/original/status.ts';
import {hanging} from '../output/verify-table.ts';
import {count, oneLine} from '../text.ts';

const stages: Readonly<Record<OriginalStatus['stage'], string>> = {
	empty: 'how far it is, its files do not say in a form that is known here',
	configured: 'not created',
	interrupted: 'creating it was interrupted, or its identity is lost',
	created: 'created, not initialised',
	'init-tried': 'created; an init was tried, its end is not recorded',
	initialised: 'initialised',
	'kubeconfig-lost': 'initialised; the kubeconfig is missing',
	terminated: 'terminated; its secrets are left',
};

const formats: Readonly<Record<OriginalStatus['format'], string>> = {
	'before-v2.9': 'Constellation before v2.9',
	'v2.9': 'Constellation v2.9',
	'after-v2.9': 'Constellation after v2.9',
	unknown: 'the original Constellation',
};

/** One sentence that says what the folder is. */
export function originalTitle({
	name,
	format,
	provider,
	stage,
}: Pick<OriginalStatus, 'name' | 'format' | 'provider' | 'stage'>): string {
	const where = provider === 'Unknown' ? 'a provider that nothing here names' : provider;
	return `${name === '' ? 'A cluster' : oneLine(name, 80)}: ${formats[format]} on ${where}, ${stages[stage]}`;
}

/** Everything about a workspace of the original, for people. */
export function originalLines(found: OriginalStatus, width: number): string[] {
	const {image, kubernetesVersion, clusterId, endpoint, uid, files, cluster, resources, abilities, movingOn, because} = found;
	const facts: [string, string][] = [
		['image', image],
		['kubernetes', kubernetesVersion],
		['cluster ID', clusterId],
		['endpoint', endpoint],
		['uid', uid],
	];
	const widest = Math.max(0, ...files.map(({file}) => file.length));
	return [
		...hanging('', originalTitle(found), width),
		...hanging('', `This folder is only read, never changed. Told by its files: ${because}.`, width),
		'',
		...facts.flatMap(([label, value]) => (value === '' ? [] : hanging(label.padEnd(13), oneLine(value, 200), width))),
		'',
		'Files',
		...files.flatMap(({file, what}) => hanging(`  ${file.padEnd(widest)}  `, what, width)),
		...(cluster === undefined ? [] : ['', ...clusterLines(cluster, width)]),
		'',
		...resourceLines(resources, width),
		'',
		'What works here',
		...abilities.flatMap(({command, what, missing}) =>
			hanging(`  ${command.padEnd(16)}  `, `${what}${missing === undefined ? '' : `. Not now, it lacks: ${missing}`}`, width),
		),
		'What does not',
		...hanging('  ', notHere, width),
		'',
		'Moving on',
		...movingOn.flatMap((step, index) => hanging(`  ${index + 1}. `, step, width)),
	];
}

function clusterLines(cluster: OriginalCluster, width: number): string[] {
	const {server, certificateUntil, reachable, target, nodes, services, attestation} = cluster;
	const until = certificateUntil === undefined ? '' : `, with a certificate until ${certificateUntil.slice(0, 10)}`;
	if (!reachable) return [...hanging('The cluster ', `does not answer at ${server}${until}.`, width)];
	const part = <T>(label: string, seen: Seen<T>, words: (value: T) => string) =>
		hanging(`  ${label.padEnd(12)}  `, 'value' in seen ? words(seen.value) : `could not be read: ${seen.problem}`, width);
	return [
		...hanging('', `The cluster at ${server}${until}, by its own word`, width),
		...part('target', target, ({image, kubernetes, message}) =>
			[`image ${image}, Kubernetes ${kubernetes}`, message].filter(Boolean).join(': '),
		),
		...part('services', services, found => found.map(({name, version}) => `${name} ${version}`).join(', ') || 'none found'),
		...part(
			'attestation',
			attestation,
			({registers, enforced}) => `its JoinService compares ${count(registers, 'register')} and enforces ${enforced}`,
		),
		...part('nodes', nodes, found => `${found.filter(({ready}) => ready).length} of ${found.length} ready`),
		...('value' in nodes
			? nodes.value.flatMap(({name, role, ready, kubelet, image}) =>
					hanging('    ', `${name}: ${role}, ${ready ? 'Ready' : 'NotReady'}, ${kubelet}, image ${image}`, width),
				)
			: []),
	];
}

/** What Terraform of the original manages, by type and number. */
export function resourceLines({cluster, iam, upgrades, doubts}: OriginalResources, width: number): string[] {
	const shown = [cluster, iam, ...upgrades].filter(({state, unreadable}) => state !== undefined || unreadable);
	return [
		'Its own Terraform',
		...shown.flatMap(folder => folderLines(folder, width)),
		...doubts.flatMap(doubt => hanging('  ! ', doubt, width)),
	];
}

function folderLines({folder, state}: TerraformFolder, width: number): string[] {
	if (state === undefined) return hanging('  ', `${folder}: the state cannot be read`, width);
	return [
		...hanging('  ', `${folder}: ${count(state.total, 'resource')}, state ${state.serial}`, width),
		...state.types.map(({type, count: number}) => `    ${String(number).padStart(4)}  ${type}`),
	];
}

/** The steps of a removal by hand; commands are never broken, so that they can be copied. */
export const stepLines = (steps: readonly RemovalStep[], width: number): string[] =>
	steps.flatMap(({why, commands}) => [...hanging('', why, width), ...commands.map(command => `    ${command}`)]);
