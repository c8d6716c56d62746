import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {create} from '@bufbuild/protobuf';
import {type Schema, type Schema_Attribute, type Schema_Block, SchemaSchema} from './gen/plugin_pb.ts';

/** A schema as `terraform providers schema -json` prints it. */
export type AttributeSchema = {
	type?: unknown;
	nested_type?: {attributes: Readonly<Record<string, AttributeSchema>>; nesting_mode: NestingMode};
	required?: boolean;
	optional?: boolean;
	computed?: boolean;
	sensitive?: boolean;
	deprecated?: boolean;
};
export type NestingMode = 'single' | 'list' | 'set' | 'map' | 'group';
export type BlockSchema = {
	attributes?: Readonly<Record<string, AttributeSchema>>;
	block_types?: Readonly<Record<string, {block: BlockSchema; nesting_mode: NestingMode; min_items?: number; max_items?: number}>>;
};
export type TypeSchema = {block: BlockSchema; version: number};
export type ProviderSchema = {
	provider: string;
	source: string;
	version: string;
	protocol: 5 | 6;
	provider_schema: TypeSchema;
	resource_schemas: Readonly<Record<string, TypeSchema>>;
	data_source_schemas: Readonly<Record<string, TypeSchema>>;
};

/** Providers whose schemas the tests hold, as the real binaries print them. */
export const providerNames = ['aws', 'azuread', 'azurerm', 'google', 'openstack', 'random', 'stackit', 'tls'] as const;
export type ProviderName = (typeof providerNames)[number];

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'provider-schemas');

export const loadSchema = (provider: ProviderName): ProviderSchema =>
	JSON.parse(readFileSync(join(folder, `${provider}.json`), 'utf8')) as ProviderSchema;

const nestings: Readonly<Record<NestingMode, number>> = {single: 1, list: 2, set: 3, map: 4, group: 5};

/** The form in which a provider says it to Terraform. */
export const toMessage = ({block, version}: TypeSchema): Schema =>
	create(SchemaSchema, {version: BigInt(version), block: blockMessage(block)});

type Init<T> = Partial<Omit<T, '$typeName' | '$unknown'>>;

const blockMessage = ({attributes = {}, block_types: blocks = {}}: BlockSchema): Schema_Block =>
	({
		attributes: Object.entries(attributes).map(([name, attribute]) => attributeMessage(name, attribute)),
		blockTypes: Object.entries(blocks).map(([typeName, {block, nesting_mode: mode, min_items: min = 0, max_items: max = 0}]) => ({
			typeName,
			block: blockMessage(block),
			nesting: nestings[mode],
			minItems: BigInt(min),
			maxItems: BigInt(max),
		})),
	}) as Init<Schema_Block> as Schema_Block;

const attributeMessage = (name: string, attribute: AttributeSchema): Schema_Attribute => {
	const {type, nested_type: nested, ...flags} = attribute;
	return {
		name,
		...flags,
		...(nested === undefined
			? {type: Buffer.from(JSON.stringify(type))}
			: {
					nestedType: {
						attributes: Object.entries(nested.attributes).map(([each, inner]) => attributeMessage(each, inner)),
						nesting: nestings[nested.nesting_mode],
					},
				}),
	} as Init<Schema_Attribute> as Schema_Attribute;
};
