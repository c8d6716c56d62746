import {createHash} from 'node:crypto';
import {MalformedError, sameBytes} from '../../bytes.ts';
import {type Finding, refusal} from '../../findings.ts';
import {eventTypes, type LogEvent, parseEventLog} from '../../tpm/event-log.ts';

/** Technologies that Google's firmware reports in register 0 (GCE non-host information event). */
export const technologies = {none: 0, sev: 1, 'sev-es': 2, 'sev-snp': 4} as const;
export type Technology = keyof typeof technologies;

export type FirmwareFacts = {version?: number; technology?: number};

const versionPrefix = 'GCE Virtual Firmware v';
const informationHead = Buffer.from('GCE NonHostInfo\0', 'latin1');
const informationSize = informationHead.length + 16;

/**
 * What the firmware measured about itself before it handed over: events of register 0 up to the first separator, whose data have the
 * measured digest. The register itself is checked against the log elsewhere. Throws MalformedError.
 */
export function firmwareFacts(log: Uint8Array): FirmwareFacts {
	if (log.length === 0) return {};
	const events = parseEventLog(log).events.filter(({register}) => register === 0);
	const separator = events.findIndex(({type}) => type === eventTypes.separator);
	const own = events.slice(0, separator === -1 ? events.length : separator);
	const version = only(own, eventTypes.crtmVersion);
	const information = only(own, eventTypes.nonHostInfo);
	return {
		...(version ? {version: readVersion(version.data)} : {}),
		...(information ? {technology: readTechnology(information.data)} : {}),
	};
}

function only(events: readonly LogEvent[], type: number): LogEvent | undefined {
	const [event, ...others] = events.filter(candidate => candidate.type === type);
	if (others.length > 0) throw new MalformedError('event log: the firmware describes itself twice');
	if (event && !sameBytes(createHash('sha256').update(event.data).digest(), event.digest))
		throw new MalformedError('event log: the firmware describes itself in other words than it measured');
	return event;
}

/** UTF-16LE text with digits and a final zero. */
function readVersion(data: Uint8Array): number {
	const text = Buffer.from(data).toString('utf16le');
	const digits = text.startsWith(versionPrefix) && text.endsWith('\0') ? text.slice(versionPrefix.length, -1) : '';
	if (data.length > 128 || !/^\d{1,9}$/.test(digits)) throw new MalformedError('event log: firmware version');
	return Number(digits);
}

function readTechnology(data: Uint8Array): number {
	if (data.length !== informationSize || !sameBytes(data.subarray(0, informationHead.length), informationHead))
		throw new MalformedError('event log: non-host information');
	return data[informationHead.length] ?? 0;
}

/** Judges what the firmware says of itself. A technology that is not known here is called unknown, and is not the wanted one. */
export function judgeFirmware(log: Uint8Array, wanted: {technology: Technology; minimumVersion: number}): Finding[] {
	let facts: FirmwareFacts;
	try {
		facts = firmwareFacts(log);
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		const code = isLog(log) ? 'firmware-facts-malformed' : 'event-log-malformed';
		return [refusal(code, `What the firmware says of itself cannot be read: ${error.message}.`)];
	}
	return [...judgeVersion(facts, wanted.minimumVersion), ...judgeTechnology(facts, wanted.technology)];
}

/** Whether the log itself can be read: then it is the firmware's own words that cannot. */
function isLog(log: Uint8Array): boolean {
	try {
		parseEventLog(log);
		return true;
	} catch (error) {
		if (error instanceof MalformedError) return false;
		throw error;
	}
}

function judgeVersion({version}: FirmwareFacts, minimum: number): Finding[] {
	const expected = `at least ${minimum}`;
	if (version === undefined)
		return [refusal('firmware-facts-missing', 'The event log does not say which firmware started the machine.', {expected})];
	if (version >= minimum) return [];
	return [refusal('firmware-version', 'The firmware is older than the policy allows.', {expected, actual: String(version)})];
}

function judgeTechnology({technology}: FirmwareFacts, wanted: Technology): Finding[] {
	if (technology === undefined)
		return [refusal('firmware-facts-missing', 'The event log does not say whether memory is encrypted.', {expected: wanted})];
	if (technology === technologies[wanted]) return [];
	const known = Object.entries(technologies).find(([, value]) => value === technology)?.[0];
	const values = {expected: wanted, actual: known ?? `unknown (${technology})`};
	return known === undefined
		? [refusal('confidential-technology-unknown', 'The firmware names a technology that this version does not know.', values)]
		: [refusal('confidential-technology', 'The machine runs with another technology than the policy asks for.', values)];
}
