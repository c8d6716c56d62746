import {parse, stringify} from 'yaml';
import {acts, type FieldId, fieldIds, type Values} from './values.ts';

// Consent and the copy of the secret are acts, not answers; they are never kept.
const kept = fieldIds.filter(id => !acts.has(id));

/** The answers so far as YAML, for the draft file. No secret is ever an answer. */
export function formatDraft(values: Values): string {
	const answers = Object.fromEntries(kept.flatMap(id => (values[id] === '' ? [] : [[id, values[id]]])));
	return `# Answers of an unfinished setup; constellation removes this file when the cluster exists.\n${stringify({draft: 1, answers})}`;
}

/** The answers of a draft. Anything that is not an answer of this version is left out; a broken file is an empty draft. */
export function parseDraft(text: string): Partial<Values> {
	if (text.length > 10_000) return {};
	let document: unknown;
	try {
		document = parse(text, {maxAliasCount: 0});
	} catch {
		// A half-written draft costs the person a few answers, not the start of the wizard.
		return {};
	}
	if (!isRecord(document) || document['draft'] !== 1 || !isRecord(document['answers'])) return {};
	const values: Partial<Record<FieldId, string>> = {};
	for (const id of kept) {
		const value = document['answers'][id];
		if (typeof value === 'string' && value.length <= 500) values[id] = value;
	}
	return values;
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
