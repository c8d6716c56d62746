import {z} from 'zod';
import {generateConfig} from '../../src/config/generate.ts';
import {configSchema, plannedProviders} from '../../src/config/schema.ts';
import {code, page, table, texts} from './markdown.mjs';

function typeOf(schema) {
	if (schema.const !== undefined) return code(JSON.stringify(schema.const));
	if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
	if (schema.type === 'object') return 'map';
	return schema.type ?? 'text';
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
	const rows = any === undefined ? [] : [[code([...path, 'N'].join('.')), typeOf(any), 'no', texts.pages.register]];
	const nested = (any?.anyOf ?? []).flatMap(choice => keys(choice, [...path, 'N']));
	return [...named, ...rows, ...nested];
}

/** docs/config.md, from the schema and its descriptions. */
export function configPage() {
	const schema = z.toJSONSchema(configSchema, {io: 'input', unrepresentable: 'any'});
	return page(
		'Config file',
		'src/config/schema.ts',
		texts.pages.config.join('\n\n'),
		table(['Key', 'Type', 'Required', 'Meaning'], keys(schema)),
		`Planned providers, refused by this version: ${plannedProviders.map(code).join(', ')}.`,
		'## What `constellation config generate local` writes',
		`\`\`\`yaml\n${generateConfig()}\`\`\``,
	);
}
