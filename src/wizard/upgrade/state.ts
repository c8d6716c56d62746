import type {LiveState} from '../live.ts';
import type {Failure} from '../values.ts';
import type {UpgradeAsked, UpgradeConsents, UpgradeOffer, UpgradeOutcome, UpgradeProposal} from './deps.ts';

export const upgradeStepIds = ['check', 'target', 'measurements', 'plan', 'consent', 'work', 'summary'] as const;
export type UpgradeStepId = (typeof upgradeStepIds)[number];

/** What is on the form, as text, by the key of the question; '' or absent where nothing was chosen. */
export type UpgradeValues = Readonly<Record<string, string>>;

/** The newest look at the cluster. `offer` is the last one that came, also while another is under way. */
export type UpgradeFacts = {
	state: 'running' | 'done' | 'failed';
	/** What is looked for; a late answer to something else is dropped. */
	asked: UpgradeAsked;
	offer?: UpgradeOffer;
	error?: Failure;
};

export type UpgradeState = {
	step: UpgradeStepId;
	values: UpgradeValues;
	/** Which question of the step has the focus. */
	focus: number;
	/** The questions that were left without an answer, by key. */
	judged: ReadonlySet<string>;
	facts: UpgradeFacts;
	/** Enter was pressed before the cluster was looked at for this target; the step goes on by itself. */
	pending: boolean;
	overlay?: 'help' | 'explain' | 'leave';
	scroll?: number;
	live: LiveState;
	/** The cluster was asked to stop after the pair that is under way. */
	pausing: boolean;
	end?: UpgradeOutcome;
	/** Set when the person is done; the shell ends with it. */
	ended?: 'done' | 'nothing' | 'left';
};

/** The target on the form. */
export const askedOf = ({image = '', kubernetes = ''}: UpgradeValues): UpgradeAsked => ({
	...(image === '' ? {} : {image}),
	...(kubernetes === '' ? {} : {kubernetes}),
});

/** The proposal, where it is for the target on the form. */
export function proposalFor(values: UpgradeValues, {offer}: UpgradeFacts): UpgradeProposal | undefined {
	const proposal = offer?.proposal;
	const isSame = proposal?.target.image === values['image'] && proposal?.target.kubernetes === values['kubernetes'];
	return isSame ? proposal : undefined;
}

/** The key of the question about a concern, by its place among the concerns. */
export const concernKey = (index: number): string => `concern-${index}`;

/** What was agreed to, or undefined where a part was not. */
export function consentsOf(values: UpgradeValues, {target, measurements}: UpgradeProposal): UpgradeConsents | undefined {
	const {concerns} = measurements;
	const isAccepted = concerns.every((_, index) => values[concernKey(index)] === 'yes');
	if (values['measurements'] !== 'accept' || !isAccepted) return undefined;
	return {measurements: target.measurements, concerns: [...new Set(concerns.map(({code}) => code))]};
}

/** Why this upgrade must not begin, whoever agrees; undefined where nothing speaks against it. */
export function obstacle({strand, plan}: UpgradeProposal): string | undefined {
	if (strand.counterexample !== undefined)
		return `The upgrade would leave a node without a way back: ${strand.counterexample.sentence}`;
	const [blocking] = plan.blocking;
	if (blocking === undefined) return undefined;
	const others = plan.blocking.length === 1 ? '' : ` (and ${plan.blocking.length - 1} more)`;
	return `Disruption budget ${blocking.budget}${others} allows no eviction, so a node could not be emptied. Run more replicas or change the budget.`;
}

/** Whether something on the step that is on keeps it there, whatever is answered: a look that failed, an obstacle. */
export function mayGoOn({step, facts, values}: UpgradeState): boolean {
	if (step === 'check') return facts.state !== 'failed' && facts.offer?.busy !== true;
	const proposal = step === 'plan' ? proposalFor(values, facts) : undefined;
	return proposal === undefined || obstacle(proposal) === undefined;
}
