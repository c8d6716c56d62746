import {type AccountKey, accountFields, identityFields} from '../config/account-keys.ts';
import type {ClusterSummary} from '../events.ts';
import type {CloudId} from '../providers/catalogues.ts';
import type {Answers, CloudChoice, MasterSecretView, ProviderId} from './deps.ts';
import {rangesIn} from './judge.ts';
import type {LiveState} from './live.ts';
import {acts, cloudOf, type Facts, type Failure, type FieldId, namesSource, type StepId, type Values} from './values.ts';

export type Overlay = 'help' | 'explain' | 'plan' | 'commands' | 'leave';

export type SecretsState = {
	secret?: MasterSecretView;
	error?: string;
	/** Until when the secret is on screen, in milliseconds since the epoch. */
	shownUntil?: number;
	card: boolean;
	/** The answer field has the focus; letters are text then, not keys. */
	typing: boolean;
	copy: 'open' | 'confirmed' | 'later';
};

export type WizardState = {
	step: StepId;
	values: Values;
	/** What was typed to filter the focused list, where it is a long one. */
	filter: string;
	/** Text cursor of the focused text field or filter, in grapheme clusters. */
	cursor: number;
	/** Which field of the step has the focus. */
	focus: number;
	/** Fields whose problems are shown as errors: left with Enter, or judged before. */
	judged: ReadonlySet<FieldId>;
	/** Steps that were completed once; their later problems are worth a mark. */
	passed: ReadonlySet<StepId>;
	facts: Facts;
	/** Enter was pressed before the world had answered; the step goes on by itself when it does. */
	pending: boolean;
	overlay?: Overlay;
	/** First body line on screen, where a person scrolled a body that is higher than the window. */
	scroll?: number;
	live: LiveState;
	secrets: SecretsState;
	summary?: ClusterSummary;
	/** The infrastructure is there, and that is as far as it goes. */
	reached?: Failure;
	/** The work is not to create but to remove what was made; then what that was, in words. */
	removing?: {done?: readonly string[]};
	/** What was just done, such as a copy; shown until the time. */
	flash?: {text: string; until: number};
	/** Set when the person is done; the shell ends with it. */
	ended?: 'created' | 'saved' | 'left' | 'reached' | 'removed';
};

/** The answers of a form whose values are valid. */
export function answersOf(values: Values, facts: Facts): Answers {
	const cloud = cloudOf(values);
	return {
		folder: facts.folder?.asked === values.folder ? facts.folder.report.path : values.folder,
		ignoreRules: values.ignoreRules === 'yes',
		provider: values.provider as ProviderId,
		name: values.name,
		controlPlanes: Number(values.controlPlanes),
		workers: Number(values.workers),
		kubernetes: values.kubernetes,
		image: values.image,
		...(cloud === undefined && namesSource(values) ? {measurements: sourceOf(values)} : {}),
		...(cloud === undefined ? {} : {cloud: cloudAnswers(cloud, values)}),
	};
}

function sourceOf({measurementsFrom, signerKey}: Values): NonNullable<Answers['measurements']> {
	const keyFile = signerKey.trim();
	return {from: measurementsFrom.trim(), ...(keyFile === '' ? {} : {keyFile})};
}

function cloudAnswers(cloud: CloudId, values: Values): CloudChoice {
	const {variant, region, zone, instanceType, sourceRanges, nodeImage, iam, iamPrefix} = values;
	const keys = [...accountFields[cloud], ...identityFields[cloud]].map(({key}): [AccountKey, string] => [
		key,
		values[key].trim(),
	]);
	return {
		variant,
		region,
		zone,
		instanceType,
		sourceRanges: rangesIn(sourceRanges),
		image: nodeImage.trim(),
		account: Object.fromEntries(keys),
		...(iam === 'make' && identityFields[cloud].length > 0 ? {iamPrefix} : {}),
	};
}

/** What the plan and its consent depend on; a change of it makes an older plan worthless. */
export function answersKey(values: Values): string {
	return JSON.stringify(Object.entries(values).filter(([id]) => !acts.has(id as FieldId)));
}

/** What the identities depend on. */
export const identitiesKey = ({folder, provider, region, project, subscription, iamPrefix}: Values): string =>
	JSON.stringify([folder, provider, region, project, subscription, iamPrefix]);
