import {readFileSync} from 'node:fs';

/** Reads a file of test/fixtures/wire: answers of Constellation v2.9.1 to inputs of our own. */
export function wireCases<Case>(path: string): Case[] {
	const text = readFileSync(new URL(`../fixtures/wire/${path}`, import.meta.url), 'utf8');
	return (JSON.parse(text) as {cases: Case[]}).cases;
}

export const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
