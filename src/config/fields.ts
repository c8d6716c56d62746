import {z} from 'zod';
import {version as toolVersion} from '../version.ts';
import type {Form} from './cloud/forms.ts';
import type {VersionRule} from './versions.ts';

const ruleTexts: Record<Exclude<VersionRule, 'ok'>, string> = {
	'not-semver': 'is no version like v1.2.3',
	'major-differs': 'has another major version than this tool',
	'minor-drift': 'is more than one minor version older than this tool',
	'tool-older': 'is newer than this tool',
};

type Rule = (version: string, tool: string) => VersionRule;

/** An image holds the program of the tool that made it, whatever newer version it was stamped with. */
export const stamped =
	(rule: Rule): Rule =>
	(version, tool) => {
		const outcome = rule(version, tool);
		return outcome === 'tool-older' ? 'ok' : outcome;
	};

/** Last release of the archived original whose configs are read. */
export const lastOriginal = '2.9.1';

/** As `stamped`, and what the last release of the original takes is taken too: its node images are what clouds have. */
export const orOriginal =
	(rule: Rule): Rule =>
	(version, tool) =>
		rule(version, lastOriginal) === 'ok' ? 'ok' : stamped(rule)(version, tool);

/** A version text; `of` finds the version in it. */
export const versionText = (rule: Rule, of: (text: string) => string | undefined) =>
	z.string().superRefine((text, context) => {
		const version = of(text);
		const outcome = version === undefined ? 'not-semver' : rule(version, toolVersion);
		if (outcome === 'ok') return;
		context.addIssue({
			code: 'custom',
			message: `"${text}" ${ruleTexts[outcome]} (${toolVersion})`,
			params: {fix: `write v${toolVersion}, or use the constellation release that made this file`},
		});
	});

/** A text that has to be filled in: generated configs have it empty. `what`: an example or where it comes from. */
export const filled = (what: string) =>
	z.string().superRefine((text, context) => {
		if (text.trim() === '') context.addIssue({code: 'custom', message: 'is empty', params: {fix: what}});
	});

/** A text of one form that has to be filled in; `form` says in words what fits. */
export const filledAs = ({pattern, form}: Form, example: string) =>
	z.string().superRefine((text, context) => {
		if (text.trim() === '') context.addIssue({code: 'custom', message: 'is empty', params: {fix: example}});
		else if (!pattern.test(text)) context.addIssue({code: 'custom', message: `must be ${form}`, params: {fix: example}});
	});

/** A name of at most `limit` lower-case letters, digits and dashes; `where` names the cloud that limits it. */
export const clusterName = (limit: number, where?: string) =>
	z
		.string()
		.regex(/^[a-z](?:[a-z\d-]*[a-z\d])?$/, {error: 'must be lower-case letters, digits and dashes, and start with a letter'})
		.max(limit, {error: `must have at most ${limit} characters${where === undefined ? '' : ` on ${where}`}`})
		.describe('Name of the cluster; part of the names of its machines and of its kubeconfig context.');

export const formatVersion = z.literal('v3').describe('Version of this format.');

const placeholder = /^(?:1234)+$/;

/** Whether a register value is one of the placeholders that builds without measurements have. */
export const isPlaceholder = (text: string): boolean => placeholder.test(text);
