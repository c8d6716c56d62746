import {readFileSync} from 'node:fs';
import {join} from 'node:path';

/**
 * What the schemas do not say about a resource type, from the public documentation of the real provider. Paths are dotted; `*` stands
 * for every element of a list.
 */
export type TypeFacts = {
	/** A change of these replaces the object. */
	forceNew?: readonly string[];
	/** What validate refuses: the value at the path must match the pattern, or be one of the list. */
	rules?: readonly {path: string; pattern?: string; oneOf?: readonly string[]; message: string}[];
	/** Values that the cloud makes up; `{n}` is the number of the object, `{path}` another value of it. */
	computed?: Readonly<Record<string, unknown>>;
};

export type ProviderFacts = Readonly<Record<string, TypeFacts>>;

/** Facts of all types of a provider, by type; data sources as `data.TYPE`. */
export const loadFacts = (provider: string): ProviderFacts =>
	JSON.parse(
		readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'provider-facts', `${provider}.json`), 'utf8'),
	) as ProviderFacts;
