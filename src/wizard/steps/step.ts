import type {Judgement} from '../judge.ts';
import type {Facts, FieldId, StepId, Values} from '../values.ts';

export type Option = {value: string; title: string; detail?: string; status?: string; disabled?: boolean};

export type Field = {
	id: FieldId;
	kind: 'text' | 'number' | 'select' | 'confirm';
	label: string;
	/** What a text looks like or where it is found; shown while it is empty. */
	hint?: string;
	/** Variable of other tools that suggests a value. */
	known?: string;
	/** Choices stand beside each other, where the window is wide enough. */
	inline?: boolean;
	/** The first choice counts until another one is chosen. */
	preselect?: boolean;
	/** The flag of `apply` and the environment variable that answer this beforehand; absent for what only a person can do. */
	flag?: string;
	env?: string;
	when?: (values: Values, facts: Facts) => boolean;
	options?: (values: Values, facts: Facts) => readonly Option[];
	validate?: (value: string, values: Values, facts: Facts) => Judgement;
};

export type Step = {
	id: StepId;
	title: string;
	question: string;
	/** Why it matters, in a line. */
	why: string;
	/** What `e` explains: whole sentences, one paragraph each. */
	explain: readonly string[];
	fields: readonly Field[];
	when?: (values: Values, facts: Facts) => boolean;
};
