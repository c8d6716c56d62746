import {isMap, isScalar, parseDocument, Scalar} from 'yaml';
import {keepDigits} from './yaml-words.ts';

/** The values of one provider section that are texts, whatever else is wrong with the config; undefined where there is no such section. */
export function providerSection(text: string, provider: string): Record<string, string> | undefined {
	const document = parseDocument(text);
	const section = document.getIn(['provider', provider]);
	if (document.errors.length > 0 || !isMap(section)) return undefined;
	const values: unknown = section.toJS(document, {maxAliasCount: 10});
	return Object.fromEntries(
		Object.entries(values as Record<string, unknown>).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
	);
}

/**
 * Writes texts into a provider section; comments, order and everything else stay. The result may still be no valid config: a generated
 * one has values that only its owner knows.
 */
export function editProvider(text: string, provider: string, values: Readonly<Record<string, string>>): string {
	const document = parseDocument(text);
	keepDigits(document);
	for (const [key, value] of Object.entries(values)) {
		const path = ['provider', provider, key];
		const found = document.getIn(path, true);
		const scalar = isScalar(found) ? found : new Scalar(value);
		scalar.value = value;
		scalar.type = Scalar.QUOTE_DOUBLE;
		document.setIn(path, scalar);
	}
	const [indent = '  '] = /^ +(?=[^\s#])/m.exec(text) ?? [];
	return document.toString({lineWidth: 0, indent: Math.min(indent.length, 8)});
}
