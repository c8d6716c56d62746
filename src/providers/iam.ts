import {accountForms, type Form, iamPrefixForms} from '../config/cloud/forms.ts';
import {awsPlanWords} from './aws/describe.ts';
import {azurePlanWords} from './azure/describe.ts';
import {gcpPlanWords} from './gcp/describe.ts';
import type {PlanWords} from './plan-words.ts';

export const iamClouds = ['aws', 'azure', 'gcp'] as const;
export type IamCloud = (typeof iamClouds)[number];

/** What making identities in a cloud needs, and how that is called. */
export type IamKind = {
	words: PlanWords;
	/** Name of its provider in Terraform files. */
	terraform: string;
	/** What the name of every identity may start with. */
	prefix: Form;
	/** Values of `cloud` of the module: variable, the key of the config that has it, and the flag that sets it. */
	values: readonly ({variable: string; key: string; flag: string} & Form)[];
};

export const iamKinds: Readonly<Record<IamCloud, IamKind>> = {
	aws: {
		words: awsPlanWords,
		terraform: 'aws',
		prefix: iamPrefixForms.aws,
		values: [
			{variable: 'region', key: 'region', flag: 'region', pattern: /^[a-z]+(?:-[a-z]+)+-\d+$/, form: 'a region like eu-west-1'},
		],
	},
	azure: {
		words: azurePlanWords,
		terraform: 'azurerm',
		prefix: iamPrefixForms.azure,
		values: [
			{
				variable: 'subscription',
				key: 'subscription',
				flag: 'subscription',
				pattern: accountForms.subscription.pattern,
				form: `${accountForms.subscription.form} (az account show --query id)`,
			},
			{variable: 'location', key: 'location', flag: 'region', pattern: /^[a-z\d]+$/, form: 'a location like westeurope'},
		],
	},
	gcp: {
		words: gcpPlanWords,
		terraform: 'google',
		prefix: iamPrefixForms.gcp,
		values: [
			{
				variable: 'project',
				key: 'project',
				flag: 'project',
				pattern: accountForms.project.pattern,
				form: 'the id of a project (gcloud projects list)',
			},
			{variable: 'region', key: 'region', flag: 'region', pattern: /^[a-z]+-[a-z]+\d+$/, form: 'a region like europe-west3'},
		],
	},
};
