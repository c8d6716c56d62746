import {generateConfig} from '../../src/config/generate.ts';
import {generateCloudConfig} from '../../src/config/generate-cloud.ts';
import {configJsonSchema, providerSchema} from '../../src/config/json-schema.ts';
import {providerKeys} from '../../src/config/schema.ts';
import {code, page, table, texts} from './markdown.mjs';

function typeOf(schema) {
	if (schema.const !== undefined) return code(JSON.stringify(schema.const));
	if (schema.enum) return schema.enum.map(word => code(word)).join(' or ');
	if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
	if (schema.type === 'object') return 'map';
	if (schema.type === 'array') return schema.items?.type === undefined ? 'list' : `list of ${typeOf(schema.items)}`;
	return Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'text');
}

function bounds({minimum, maximum, maxLength}) {
	return [
		...(minimum === undefined ? [] : [`at least ${minimum}`]),
		...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? [] : [`at most ${maximum}`]),
		...(maxLength === undefined ? [] : [`at most ${maxLength} characters`]),
	].join(', ');
}

function keys(schema, path = []) {
	const required = schema.required ?? [];
	const named = Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
		const row = [code([...path, name].join('.')), [typeOf(value), bounds(value)].filter(Boolean).join(', ')];
		return [[...row, required.includes(name) ? 'yes' : 'no', value.description ?? ''], ...keys(value, [...path, name])];
	});
	const any = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
	if (any === undefined || any.type === 'string') return named;
	if (path.at(-1) === 'nodeGroups') return [...named, ...keys(any, [...path, 'NAME'])];
	const rows = [[code([...path, 'N'].join('.')), typeOf(any), 'no', texts.pages.register]];
	const nested = (any.anyOf ?? []).flatMap(choice => keys(choice, [...path, 'N']));
	return [...named, ...rows, ...nested];
}

const head = ['Key', 'Type', 'Required', 'Meaning'];
const isPart = (row, name) => row[0].startsWith(`\`${name}\``) || row[0].startsWith(`\`${name}.`);

/** Keys of one provider: its own section and its attestation. */
function providerPart(kind) {
	const rows = keys(providerSchema(kind)).filter(row => isPart(row, `provider.${kind}`) || isPart(row, 'attestation'));
	return [`## Keys of ${code(kind)}`, ...(texts.pages.providers[kind] ?? []), table(head, rows)];
}

const commonRows = kind => keys(providerSchema(kind)).filter(row => !isPart(row, 'provider') && !isPart(row, 'attestation'));

/** docs/config.md, from the schema and its descriptions. */
export function configPage() {
	return page(
		'Config file',
		'src/config/schema.ts',
		texts.pages.config.join('\n\n'),
		'## Keys of every cloud',
		table(head, commonRows('gcp')),
		'## Keys of local clusters',
		table(head, keys(providerSchema('local'))),
		...providerKeys.filter(kind => kind !== 'local').flatMap(providerPart),
		'## What `constellation config generate` writes',
		`\`\`\`yaml\n${generateConfig()}\`\`\``,
		`\`\`\`yaml\n${generateCloudConfig('aws')}\`\`\``,
	);
}

/** docs/config.schema.json, for editors. */
export const configSchemaFile = () => `${JSON.stringify(configJsonSchema(), undefined, '\t')}\n`;
