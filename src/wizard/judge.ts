import {z} from 'zod';
import type {AccountField, AccountKey} from '../config/account-keys.ts';
import {accountForms, type Form, iamPrefixForms, imageForms} from '../config/cloud/forms.ts';
import type {CloudId} from '../providers/catalogues.ts';
import {oneLine} from '../text.ts';
import {stoppingOnly} from './checks.ts';
import {providers} from './providers.ts';
import {cloudOf, type Facts, measurementsKey, type Values} from './values.ts';

/** What is wrong with a value, as a sentence, or what is worth a second look. An error blocks going on, a warning does not. */
export type Judgement = {error?: string; warning?: string};

export function judgeProvider(value: string, _values: Values, facts: Facts): Judgement {
	const entry = providers.find(({id}) => id === value);
	if (entry === undefined) return {error: 'Choose one of the providers.'};
	if (!entry.built) return {error: `${entry.title} is not built yet in this version.`};
	const inTheWay = stoppingOnly(facts, value).map(({title, detail}) => oneLine(detail ?? `${title} failed.`));
	return inTheWay.length === 0 ? {} : {error: `${inTheWay.join(' ')} Mend it, go back and have it checked again.`};
}

export function judgeFolder(value: string, _values: Values, facts: Facts): Judgement {
	if (value.trim() === '') return {error: 'Name a folder; "." is the one you are in.'};
	if (facts.folder?.asked !== value) return {};
	const {problem} = facts.folder.report;
	return problem === undefined ? {} : {error: oneLine(problem)};
}

/** What the names of load balancers and machines leave; every other cloud has machines with 58 characters. */
const nameLimits: Readonly<Record<string, number>> = {local: 37, qemu: 37, aws: 9};

export function judgeName(value: string, values: Values): Judgement {
	const limit = nameLimits[values.provider] ?? 26;
	if (value === '') return {error: 'Give the cluster a name.'};
	if (!/^[a-z]/u.test(value)) return {error: 'Start with a lower-case letter.'};
	if (!/^[a-z0-9-]+$/u.test(value)) return {error: 'Use lower-case letters, digits and dashes only.'};
	if (value.endsWith('-')) return {error: 'End with a letter or a digit.'};
	if (value.length > limit) return {error: `Use at most ${limit} characters; these are ${value.length}.`};
	return {};
}

export function judgeControlPlanes(value: string): Judgement {
	if (!/^[0-9]+$/u.test(value)) return {error: 'Type a number.'};
	const number = Number(value);
	if (number < 1) return {error: 'A cluster needs at least 1 control plane.'};
	if (number > 9) return {error: 'At most 9 control planes; 3 or 5 are usual.'};
	if (number === 1)
		return {warning: 'One control plane: if it dies, the cluster stops until it is recovered with the master secret.'};
	if (number === 2) return {warning: 'Two control planes stop when either dies: riskier than one. Take 1 or 3.'};
	return number % 2 === 0 ? {warning: `${number} control planes survive no more than ${number - 1}. Take an odd number.`} : {};
}

export function judgeWorkers(value: string, values: Values): Judgement {
	if (!/^[0-9]+$/u.test(value)) return {error: 'Type a number.'};
	const number = Number(value);
	const limit = values.provider === 'local' ? 100 : 1000;
	if (number > limit) return {error: `At most ${limit} workers${limit === 100 ? ' on this machine' : ''}.`};
	return number === 0 ? {warning: 'Without workers, only the control planes can run programs.'} : {};
}

/** Address ranges as they are typed: separated by commas or blanks. */
export const rangesIn = (text: string): string[] => text.split(/[\s,]+/u).filter(range => range !== '');

export function judgeSourceRanges(value: string): Judgement {
	const ranges = rangesIn(value);
	if (ranges.length === 0) return {error: 'Name at least your own address, like 198.51.100.7/32.'};
	const wrong = ranges.find(range => !z.cidrv4().safeParse(range).success);
	if (wrong !== undefined) return {error: `${oneLine(wrong)} is no IPv4 range; one address is 198.51.100.7/32.`};
	if (ranges.includes('0.0.0.0/0')) return {warning: 'Everyone can reach the public ports.'};
	return {};
}

/** A key of the account or of an identity, in the form that the config takes. */
export function judgeAccount({key, label, optional, hint}: AccountField, text: string, values: Values): Judgement {
	const value = text.trim();
	if (value === '') return optional === true ? {} : {error: `${label} is missing (${hint}).`};
	const forms: Partial<Record<AccountKey, Form>> = accountForms;
	const form = forms[key];
	if (form !== undefined && !form.pattern.test(value)) return {error: `Must be ${form.form}.`};
	if (key === 'cloud' && value === 'stackit' && values.provider === 'openstack')
		return {error: 'That would be STACKIT: go back and choose it.'};
	return {};
}

export function judgeIamPrefix(value: string, values: Values): Judgement {
	const cloud = cloudOf(values);
	const forms: Partial<Record<CloudId, Form>> = iamPrefixForms;
	const form = cloud === undefined ? undefined : forms[cloud];
	if (value === '') return {error: 'Say what their names start with.'};
	return form === undefined || form.pattern.test(value) ? {} : {error: `Use ${form.form}.`};
}

/** The cloud's own name of an image, or nothing. */
export function judgeNodeImage(text: string, values: Values): Judgement {
	const cloud = cloudOf(values);
	if (text.trim() === '')
		return cloud === 'stackit'
			? {error: 'STACKIT makes no load balancer without machines: name an image by its id.'}
			: {warning: 'No machines are made yet: the work stops after the infrastructure.'};
	if (cloud === undefined) return {};
	const {pattern, form} = imageForms[cloud];
	return pattern.test(text.trim()) ? {} : {error: `Must be ${form}, or empty.`};
}

export function oneOf(value: string, known: readonly string[] | undefined, loading: string): Judgement {
	if (known === undefined) return {error: loading};
	return known.includes(value) ? {} : {error: `${value === '' ? 'Nothing' : value} is not among the choices.`};
}

/** Where signed measurements come from: an address that is encrypted on the way, a path, or a word. */
export function judgeSource(value: string): Judgement {
	const isOther = /^[a-z][a-z\d+.-]*:\/\//iu.test(value.trim()) && !/^https:\/\//iu.test(value.trim());
	return isOther ? {error: 'Use an address that starts with https://.'} : {};
}

/** Nothing is chosen for a person here, and only what was checked can be agreed to. */
export function judgeConsent(value: string, values: Values, {measurements}: Facts): Judgement {
	if (measurements?.asked !== measurementsKey(values) || measurements.state !== 'done')
		return {error: 'These measurements were not checked.'};
	return value === 'accept' ? {} : {error: 'Choose; nothing is chosen for you here.'};
}
