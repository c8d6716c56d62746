import type {PlannedChange, PlanPart} from '../events.ts';
import {count} from '../text.ts';

export const planTopics = ['Machines', 'Disks', 'Network', 'Load balancer', 'Identity', 'Logs', 'Other'] as const;
export type PlanTopic = (typeof planTopics)[number];

/** What a type of resource is to a person. */
export type ResourceWords = {
	topic: PlanTopic;
	/** Singular; `plural` where an s does not do. */
	name: string;
	plural?: string;
	/** What it costs money for. */
	costs?: string;
	/** What is lost for good when one is removed or replaced. */
	loss?: string;
};

/** Words for the resources of a cloud, by Terraform type. */
export type PlanWords = Readonly<Record<string, ResourceWords>>;

/** What is lost on every cloud. */
export const losses = {
	disks: 'State disks go with their machines, with everything that Kubernetes keeps on them.',
	address: 'The address of the load balancer is given back: kubeconfigs and DNS entries that name it end to work.',
	bootLogs: 'The boot logs are deleted.',
} as const;

type Entry = string | readonly [name: string, plural: string] | Omit<ResourceWords, 'topic'>;

/** Words by topic and type; a resource that costs and loses nothing is a name, or a name and its plural. */
export function planWords(byTopic: Partial<Record<PlanTopic, Readonly<Record<string, Entry>>>>): PlanWords {
	const full = (entry: Entry): Omit<ResourceWords, 'topic'> => {
		if (typeof entry === 'string') return {name: entry};
		return 'name' in entry ? entry : {name: entry[0], plural: entry[1]};
	};
	return Object.fromEntries(
		planTopics.flatMap(topic => Object.entries(byTopic[topic] ?? {}).map(([type, entry]) => [type, {topic, ...full(entry)}])),
	);
}

/** A node group as the preview tells it. */
export type PreviewGroup = {name: string; role: string; count: number; instanceType: string; place: string; disk: string};

export type PreviewFacts = {
	/** Groups that have an image; the others are not made yet. */
	groups: readonly PreviewGroup[];
	/** Who may reach the public ports. */
	sourceRanges: readonly string[];
	/** What the config says that no plan shows, by topic. */
	notes: readonly PlanPart[];
};

/** A planned change in the words of a cloud; what Terraform only reads is left out. */
export function describeChange(words: PlanWords, change: PlannedChange): PlannedChange | undefined {
	if (change.action === 'read') return undefined;
	return {...change, kind: words[change.kind]?.name ?? change.kind};
}

const verbs = [
	['create', 'create'],
	['update', 'change'],
	['replace', 'replace'],
	['delete', 'remove'],
] as const;

type Counted = {topic: PlanTopic; text: string};

/** Changes of described resources, by topic: `create 6 listeners, change 1 security group`. */
function countChanges(words: PlanWords, changes: readonly PlannedChange[]): Counted[] {
	const order = Object.values(words).map(({name}) => name);
	return verbs.flatMap(([action, verb]) => {
		const numbers = new Map<string, number>();
		for (const change of changes) if (change.action === action) numbers.set(change.kind, (numbers.get(change.kind) ?? 0) + 1);
		return [...numbers]
			.toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b))
			.map(([kind, number]) => {
				const known = Object.values(words).find(({name}) => name === kind);
				return {topic: known?.topic ?? 'Other', text: `${verb} ${count(number, kind, known?.plural)}`};
			});
	});
}

/** What a plan means: by topic, then what costs money, what is lost, and what of it is there already and goes or is replaced. */
export function planPreview(
	words: PlanWords,
	{groups, sourceRanges, notes}: PreviewFacts,
	changes: readonly PlannedChange[],
): PlanPart[] {
	const counted = countChanges(words, changes);
	const told = (...actions: PlannedChange['action'][]) => changes.filter(({action}) => actions.includes(action));
	const wordsOf = ({kind}: PlannedChange) => Object.values(words).find(({name}) => name === kind);
	const gone = told('delete', 'replace');
	const made = told('create', 'replace');
	const isNew = made.some(change => wordsOf(change)?.topic === 'Load balancer');
	const newGroups = groups.filter(({name}) =>
		made.some(change => change.address.endsWith(`.group["${name}"]`) || change.address.includes(`.machine["${name}-`)),
	);
	const topics = planTopics.map(title => {
		const lines = counted.filter(({topic}) => topic === title).map(({text}) => text);
		const extra = notes.filter(part => part.title === title).flatMap(part => part.lines);
		if (title === 'Machines') lines.unshift(...newGroups.map(machineLine), ...(isNew ? extra : []));
		if (title === 'Disks') lines.unshift(...newGroups.map(diskLine));
		return {title, lines};
	});
	// In the order of the words: Terraform tells changes in another order each time.
	const among = (some: readonly PlannedChange[]) => Object.values(words).filter(({name}) => some.some(({kind}) => kind === name));
	const costs = unique(among(made).flatMap(({costs: each}) => each ?? []));
	const losses = unique(among(gone).flatMap(({loss}) => loss ?? []));
	return [
		...topics,
		{title: 'Who can reach it', lines: isNew ? [reach(sourceRanges)] : []},
		{title: 'Costs money', lines: costs},
		{
			title: 'Goes or is replaced',
			lines: gone.map(({action, address}) => `${action === 'delete' ? 'removed' : 'replaced'}: ${address}`).toSorted(),
		},
		{title: 'Cannot be undone', lines: losses},
	].filter(({lines}) => lines.length > 0);
}

const machineLine = ({name, role, count: number, instanceType, place}: PreviewGroup): string =>
	`${name}: ${count(number, role === 'worker' ? 'worker' : 'control plane')}, ${instanceType}${place === '' ? '' : `, ${place}`}`;

const diskLine = ({name, count: number, disk}: PreviewGroup): string =>
	`${name}: ${count(number, 'state disk')} of ${disk}, encrypted by the node, removed with its machine`;

function reach(ranges: readonly string[]): string {
	if (ranges.length === 0) return 'nobody but the nodes: sourceRanges of the config is empty';
	return `${ranges.join(', ')} and the nodes: the ports of the load balancer`;
}

const unique = (lines: readonly string[]): string[] => [...new Set(lines)];
