import {type Document, isMap, isScalar, parseDocument, Scalar} from 'yaml';
import type {AttestationKey} from './attestation-keys.ts';
import {parseConfig} from './load.ts';

export type RegisterValue = {expected: string; warnOnly: boolean};

export type MeasurementsEdit = {
	key: AttestationKey;
	/** Everything the section pins from now on, by register. */
	measurements: Readonly<Record<string, RegisterValue>>;
	/** For local clusters: the key that signed, base64. */
	releaseKey?: string;
	/** Short path of the image, where another one was asked for. */
	image?: string;
};

/**
 * Writes measurements into the text of a config. Comments, order and the spelling of every other value stay as they are: scalars are
 * not interpreted, so that a register value of digits only cannot lose any. Throws AppError `invalid-config` when a config of ours
 * would not be valid any more.
 */
export function editMeasurements(text: string, {key, measurements, releaseKey, image}: MeasurementsEdit): string {
	const document = parseDocument(text, {schema: 'failsafe'});
	const section = ['attestation', key];
	pinRegisters(document, section, measurements);
	if (releaseKey !== undefined) setText(document, [...section, 'releaseKey'], releaseKey);
	if (image !== undefined) setText(document, ['image'], image);
	const [indent = '  '] = /^ +(?=[^\s#])/m.exec(text) ?? [];
	const edited = document.toString({lineWidth: 0, indent: Math.min(indent.length, 8)});
	if (key === 'localVTPM') parseConfig(edited);
	return edited;
}

/** Register numbers without quotes: v2.9 reads no others. Registers that stay keep their place and comments. */
function pinRegisters(document: Document.Parsed, section: readonly string[], wanted: MeasurementsEdit['measurements']): void {
	const path = [...section, 'measurements'];
	for (const each of [section, path]) {
		if (!isMap(document.getIn(each))) document.setIn(each, document.createNode(new Map()));
		const node = document.getIn(each);
		if (isMap(node)) node.flow = false;
	}
	const registers = document.getIn(path);
	const present = isMap(registers) ? registers.items.map(({key}) => String(key)) : [];
	for (const register of present.filter(name => !Object.hasOwn(wanted, name))) document.deleteIn([...path, register]);
	const entries = Object.entries(wanted).toSorted(([left], [right]) => Number(left) - Number(right));
	for (const [register, {expected, warnOnly}] of entries) {
		const place = [...path, register];
		if (!isMap(document.getIn(place))) document.setIn(place, document.createNode(new Map()));
		setText(document, [...place, 'expected'], expected);
		document.setIn([...place, 'warnOnly'], String(warnOnly));
	}
}

/** Sets a text in quotes; a comment beside the old one stays. */
function setText(document: Document.Parsed, path: readonly string[], value: string): void {
	const found = document.getIn(path, true);
	const scalar = isScalar(found) ? found : new Scalar(value);
	scalar.value = value;
	scalar.type = Scalar.QUOTE_DOUBLE;
	document.setIn(path, scalar);
}
