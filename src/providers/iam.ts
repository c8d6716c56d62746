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
	prefix: {pattern: RegExp; form: string};
	/** Values of `cloud` of the module: variable, the key of the config that has it, and the flag that sets it. */
	values: readonly {variable: string; key: string; flag: string; pattern: RegExp; form: string}[];
};

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

export const iamKinds: Readonly<Record<IamCloud, IamKind>> = {
	aws: {
		words: awsPlanWords,
		terraform: 'aws',
		prefix: {
			pattern: /^[A-Za-z\d][\w+=,.@-]{0,35}$/,
			form: '1 to 36 letters, digits and _+=,.@-, and start with a letter or digit',
		},
		values: [
			{variable: 'region', key: 'region', flag: 'region', pattern: /^[a-z]+(?:-[a-z]+)+-\d+$/, form: 'a region like eu-west-1'},
		],
	},
	azure: {
		words: azurePlanWords,
		terraform: 'azurerm',
		prefix: {
			pattern: /^[A-Za-z\d][\w-]{0,63}$/,
			form: '1 to 64 letters, digits, hyphens and underscores, and start with a letter or digit',
		},
		values: [
			{
				variable: 'subscription',
				key: 'subscription',
				flag: 'subscription',
				pattern: uuid,
				form: 'an id in lower-case hex digits (az account show --query id)',
			},
			{variable: 'location', key: 'location', flag: 'region', pattern: /^[a-z\d]+$/, form: 'a location like westeurope'},
		],
	},
	gcp: {
		words: gcpPlanWords,
		terraform: 'google',
		prefix: {
			pattern: /^[a-z](?:[a-z\d-]{0,22}[a-z\d])?$/,
			form: '1 to 24 lower-case letters, digits and hyphens, and start with a letter',
		},
		values: [
			{
				variable: 'project',
				key: 'project',
				flag: 'project',
				pattern: /^[a-z][a-z\d-]{4,28}[a-z\d]$/,
				form: 'the id of a project (gcloud projects list)',
			},
			{variable: 'region', key: 'region', flag: 'region', pattern: /^[a-z]+-[a-z]+\d+$/, form: 'a region like europe-west3'},
		],
	},
};
