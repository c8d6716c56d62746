import {z} from 'zod';
import {type ProviderKey, schemas} from './schema.ts';

/** The form of configs of one provider as JSON Schema (draft 2020-12): what may be written, before defaults are filled in. */
export function providerSchema(provider: ProviderKey): z.core.JSONSchema.BaseSchema {
	return z.toJSONSchema(schemas[provider], {io: 'input', unrepresentable: 'any'});
}

/**
 * The whole format as JSON Schema, for editors. What no schema can say (instance types and variants, zones and regions, values of
 * policies) is checked by `config validate` only.
 */
export function configJsonSchema(): Record<string, unknown> {
	const kinds = Object.keys(schemas) as ProviderKey[];
	const definitions = kinds.map(kind => {
		const {$schema: _, ...schema} = providerSchema(kind);
		return [kind, {title: `Config for ${kind}`, ...schema}] as const;
	});
	return {
		$schema: 'https://json-schema.org/draft/2020-12/schema',
		title: 'Constellation config, version v3',
		description: 'One kind of config for each provider, told apart by the key under `provider`.',
		type: 'object',
		oneOf: kinds.map(kind => ({$ref: `#/$defs/${kind}`})),
		$defs: Object.fromEntries(definitions),
	};
}
