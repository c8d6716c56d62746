import {defaultKubernetesVersion, kubernetesVersions} from '../config/versions.ts';
import {cloudIds, offersOf} from '../flows/config-tools.ts';
import type {CommandInput, CommandModule} from './types.ts';

type Offer = ReturnType<typeof offersOf>[number];
type Source = Offer['regions'][number]['source'];

const asked = ({argument}: CommandInput): Offer[] => offersOf(cloudIds.find(cloud => cloud === argument));

/** Where the facts are from, each once. */
function sourceLines(sources: readonly Source[]): string[] {
	const lines = sources.map(
		({document, date, url, note}) => `  ${document} (${[date, ...(note ? [note] : [])].join('; ')})\n  ${url}`,
	);
	return lines.length === 0 ? [] : ['', 'Sources:', ...new Set(lines)].flatMap(line => line.split('\n'));
}

const others = (families: readonly string[]): string[] =>
	families.length === 0 ? [] : [`  and sizes from xlarge on of ${families.join(', ')}`];

const unknown = ({title}: Offer) => `${title}: every cloud has its own; ask it with the openstack command.`;

/** Types of the same family on one line: without the number of Azure's sizes, without the last part of other names. */
function inLines(names: readonly string[]): string[] {
	const families = Map.groupBy(names, name => (name.includes('_v') ? name.replace(/\d+/, '') : name.replace(/[^.-]*$/, '')));
	return [...families.values()].map(each => `  ${each.join(' ')}`);
}

export const instanceTypes: CommandModule = async (_context, input) => {
	const offers = asked(input);
	const sources = offers.flatMap(({variants}) => variants.flatMap(({instanceTypes: types}) => types.map(({source}) => source)));
	const lines = offers.flatMap(offer =>
		offer.variants.flatMap(({variant, key, instanceTypes: types, otherFamilies}) =>
			types.length === 0
				? [unknown(offer)]
				: [`${offer.title}, ${variant} (attestation.${key}):`, ...inLines(types.map(({name}) => name)), ...others(otherFamilies)],
		),
	);
	const providers = offers.map(({provider, title, variants}) => ({provider, title, variants}));
	return Promise.resolve({command: 'config instance-types', data: {providers}, lines: [...lines, ...sourceLines(sources)]});
};

export const regions: CommandModule = async (_context, input) => {
	const offers = asked(input);
	const lines = offers.flatMap(offer =>
		offer.regions.length === 0
			? [unknown(offer)]
			: [
					`${offer.title}:`,
					...offer.regions.map(
						({name, zones, variants}) =>
							`  ${name.padEnd(20)} ${variants.join(', ')}${zones.length === 0 ? '' : `; zones ${zones.join(' ')}`}`,
					),
				],
	);
	const providers = offers.map(({provider, title, regions: places}) => ({provider, title, regions: places}));
	const sources = offers.flatMap(({regions: places}) => places.map(({source}) => source));
	return Promise.resolve({command: 'config regions', data: {providers}, lines: [...lines, ...sourceLines(sources)]});
};

export const kubernetes: CommandModule = () =>
	Promise.resolve({
		command: 'config kubernetes-versions',
		data: {versions: kubernetesVersions, default: defaultKubernetesVersion},
		lines: kubernetesVersions.map(version => (version === defaultKubernetesVersion ? `${version}   default` : version)),
	});
