import {toHex} from '../attestation/bytes.ts';
import type {Measurement} from '../attestation/measurements.ts';
import type {RegisterChange} from '../trust/measurements/changes.ts';
import {fingerprintOf} from '../trust/measurements/signer.ts';
import {logWords} from '../trust/transparency/verdict.ts';
import type {FetchedMeasurements} from './fetch-measurements.ts';

export type ShownChange = {
	register: number;
	old: string | null;
	new: string | null;
	/** Before and after. */
	enforced: [boolean | null, boolean | null];
	source: string;
	signer: string;
};

/** A fetched set for machines: who says it, and every register that changes. */
export function fetchedJson({verified, changes, concerns, image, needsConsent, formerSigner}: FetchedMeasurements) {
	const {digest, signer, log, source, statement} = verified;
	return {
		...image,
		variant: statement.variant,
		provider: statement.csp,
		source,
		digest,
		signer: {name: signer.name, fingerprint: fingerprintOf(signer.key), pinned: signer.pinned},
		log,
		changes: changes.map(change => shown(change, source, signer.name)),
		concerns,
		needsConsent,
		...(formerSigner === undefined ? {} : {formerSigner}),
	};
}

function shown({register, before, after}: RegisterChange, source: string, signer: string): ShownChange {
	const value = (measurement: Measurement | undefined) => (measurement ? toHex(measurement.expected) : null);
	const enforced = (measurement: Measurement | undefined) => (measurement ? !measurement.warnOnly : null);
	return {register, old: value(before), new: value(after), enforced: [enforced(before), enforced(after)], source, signer};
}

/** The same for people: each register with its old and new value and what a difference does. */
export function changeLines({verified, changes, concerns, formerSigner}: FetchedMeasurements): string[] {
	const {digest, signer, log, source} = verified;
	return [
		...changes.flatMap(change => registerLines(change)),
		...concerns.map(({code, message}) => `to be accepted by itself: ${message} (${code})`),
		...(formerSigner === undefined
			? []
			: [`signer       old  ${formerSigner}`, `             new  ${fingerprintOf(signer.key)}`]),
		...(changes.length > 0 || formerSigner !== undefined ? [''] : []),
		`from         ${source}`,
		`signed by    ${signer.name} (${fingerprintOf(signer.key).slice(0, 23)}…)`,
		`log          ${logWords(log).replace(/^log /, '')}`,
		`file         ${digest}`,
	];
}

function registerLines({register, before, after}: RegisterChange): string[] {
	const line = (word: string, measurement: Measurement) =>
		`${word}  ${toHex(measurement.expected)}  ${measurement.warnOnly ? 'only warns' : 'enforced'}`;
	const name = `register ${register}`.padEnd(13);
	const weaker = before?.warnOnly === false && after?.warnOnly !== false;
	return [
		`${name}${before ? line('old', before) : 'old  not looked at'}`,
		`${' '.repeat(13)}${after ? line('new', after) : 'new  not looked at any more'}`,
		...(weaker ? [`${' '.repeat(13)}weaker: a difference here no longer refuses a node`] : []),
	];
}
