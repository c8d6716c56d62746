import {shellWord} from '../../text.ts';
import {type PartVersions, possible} from '../../upgrade/target.ts';
import type {Option} from '../steps/step.ts';
import type {UpgradeFacts, UpgradeStepId, UpgradeValues} from './state.ts';
import {concernKey, upgradeStepIds} from './state.ts';

export type UpgradeField = {
	id: 'image' | 'kubernetes' | 'concern' | 'measurements' | 'start';
	label: string;
	/** The flag of `upgrade apply` and the variable that answer this beforehand. */
	flag?: string;
	env?: string;
	/** Choices stand beside each other, where the window is wide enough. */
	inline?: boolean;
	options: (facts: UpgradeFacts) => readonly Option[];
	/** Where one field is several questions: each with its key and label. */
	questions?: (facts: UpgradeFacts) => readonly {key: string; label: string}[];
};

export type UpgradeStep = {
	id: UpgradeStepId;
	title: string;
	question: string;
	/** Why it matters, in a line. */
	why: string;
	/** What `e` explains: whole sentences, one paragraph each. */
	explain: readonly string[];
	fields: readonly UpgradeField[];
};

/** One thing that is asked now. */
export type UpgradeQuestion = {key: string; label: string; inline: boolean; options: readonly Option[]};

const versions = (part: PartVersions | undefined): Option[] =>
	part === undefined
		? []
		: [
				...possible(part).map((version, index) => ({value: version, title: version, ...(index === 0 ? {status: 'newest'} : {})})),
				{value: part.running, title: part.running, status: 'as now'},
			];

/** The questions of an upgrade, in order. Ink, the line prompts, flags, environment and docs all read this table. */
export const upgradeSteps: readonly UpgradeStep[] = [
	{
		id: 'check',
		title: 'check',
		question: 'What can this cluster be upgraded to?',
		why: 'The cluster is only looked at; nothing is changed.',
		explain: [
			'Each version that is not possible is named with its rule. Versions go up, one minor version at a time, and never past what this tool knows.',
			'Kubernetes allows API servers to be one minor version apart, and no kubelet that is newer than the oldest of them.',
		],
		fields: [],
	},
	{
		id: 'target',
		title: 'target',
		question: 'What should run then?',
		why: 'One target, one decision: image, services and Kubernetes go together.',
		explain: [
			'What you choose here is what is looked at, consented to and done. Declining a part later ends the upgrade; it never goes on with the rest.',
			'On local, services and Kubernetes come with the image.',
		],
		fields: [
			{
				id: 'image',
				label: 'Image',
				flag: '--image',
				env: 'CONSTELLATION_IMAGE',
				options: ({offer}) => versions(offer?.parts.image),
			},
			{
				id: 'kubernetes',
				label: 'Kubernetes',
				flag: '--kubernetes',
				env: 'CONSTELLATION_KUBERNETES',
				options: ({offer}) => versions(offer?.parts.kubernetes),
			},
		],
	},
	{
		id: 'measurements',
		title: 'trust',
		question: 'Do you trust these measurements?',
		why: 'They decide which machines get into the cluster and its secrets; --yes never covers them.',
		explain: [
			'The values come from the signed file of the image. Its signature was checked, and the image on this machine was compared with it.',
			'What makes the policy weaker, or about something else, is a question of its own.',
			'The digest names exactly this file: unattended, give it with --accept-measurements.',
			'A mirror, a file or an imported bundle that the config or --measurements-from names was checked too, and says the same.',
		],
		fields: [
			{
				id: 'concern',
				label: 'Each concern by itself',
				flag: '--accept-concerns',
				env: 'CONSTELLATION_ACCEPT_CONCERNS',
				inline: true,
				questions: ({offer}) =>
					(offer?.proposal?.measurements.concerns ?? []).map(({code, message}, index) => ({
						key: concernKey(index),
						label: `${message} (${code})`,
					})),
				options: () => [
					{value: 'no', title: 'Decline, change nothing'},
					{value: 'yes', title: 'Accept this'},
				],
			},
			{
				id: 'measurements',
				label: 'The measurements',
				flag: '--accept-measurements',
				env: 'CONSTELLATION_ACCEPT_MEASUREMENTS',
				inline: true,
				options: () => [
					{value: 'decline', title: 'Decline, change nothing'},
					{value: 'accept', title: 'Trust them'},
				],
			},
		],
	},
	{
		id: 'plan',
		title: 'plan',
		question: 'What will happen',
		why: 'Made from the cluster as it is now; each step is checked again right before it.',
		explain: [
			'Both images are accepted first and the old one is retired last, so that in between every node of either finds its way back.',
			'A new node must be ready and attested before its old one is drained. Pods are evicted, so disruption budgets hold.',
			'Every moment of the plan was tried with any one node restarted, lost or created, under the assumptions that are listed.',
		],
		fields: [],
	},
	{
		id: 'consent',
		title: 'consent',
		question: 'Start the upgrade?',
		why: 'Nothing has been changed yet.',
		explain: [
			'The plan that is carried out is the plan you saw; it is stored in constellation-upgrade. If the cluster has changed, the work stops before it begins.',
			'From the first new node on the cluster does the work, whoever looks. Ctrl-C later only leaves the view. constellation upgrade pause finishes the pair and waits; constellation upgrade abort goes back.',
		],
		fields: [
			{
				id: 'start',
				label: 'What now?',
				flag: '--yes',
				env: 'CONSTELLATION_YES',
				inline: true,
				options: () => [
					{value: 'start', title: 'Start the upgrade'},
					{value: 'back', title: 'Back'},
					{value: 'leave', title: 'Leave, change nothing'},
				],
			},
		],
	},
	{
		id: 'work',
		title: 'work',
		question: 'Replacing the nodes',
		why: 'The old node goes only after its replacement is ready and attested.',
		explain: ['Left the nodes that go, right the ones that come for them. A node that is refused costs no old one.'],
		fields: [],
	},
	{
		id: 'summary',
		title: 'summary',
		question: 'The upgrade is over',
		why: 'This summary stays on your normal screen when you leave.',
		explain: ['The old image is not accepted any more.'],
		fields: [],
	},
];

/** The step of this id. */
export function upgradeStep(id: UpgradeStepId): UpgradeStep {
	const step = upgradeSteps.find(other => other.id === id);
	if (step === undefined) throw new TypeError(`no step ${id}`);
	return step;
}

/** What a step asks now. */
export function questionsOf(id: UpgradeStepId, facts: UpgradeFacts): UpgradeQuestion[] {
	return upgradeStep(id).fields.flatMap(({id: key, label, inline = false, options, questions}) =>
		(questions?.(facts) ?? [{key, label}]).map(question => ({...question, inline, options: options(facts)})),
	);
}

/** Questions count up to the consent: step n of m. */
export function upgradePosition(id: UpgradeStepId): {index: number; total: number} | undefined {
	const total = upgradeStepIds.indexOf('consent') + 1;
	const index = upgradeStepIds.indexOf(id) + 1;
	return index > total ? undefined : {index, total};
}

/** The command that does the same without questions. */
export function upgradeCommand(values: UpgradeValues, facts: UpgradeFacts): string {
	const proposal = facts.offer?.proposal;
	if (proposal === undefined) return 'constellation upgrade apply';
	const {target, measurements, plan, vouched} = proposal;
	const codes = [...new Set(measurements.concerns.map(({code}) => code))];
	return [
		'constellation upgrade apply',
		`--image ${values['image'] ?? target.image}`,
		...(target.kubernetes === plan.from.kubernetes ? [] : [`--kubernetes ${target.kubernetes}`]),
		...(vouched?.flags ?? []).map(word => shellWord(word)),
		`--accept-measurements ${target.measurements}`,
		...(codes.length === 0 ? [] : [`--accept-concerns ${codes.join(',')}`]),
		'--yes',
	].join(' ');
}
