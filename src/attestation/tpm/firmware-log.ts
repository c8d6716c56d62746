import {MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {eventTypes, type LogEvent, logMatches, parseEventLog} from './event-log.ts';

const bootAction = 'Calling EFI Application from Boot Option';

/** Judges a firmware's event log against quoted registers: form, replay, and the order of events around separators. Empty is fine. */
export function judgeFirmwareLog(log: Uint8Array, registers: readonly Uint8Array[]): Finding[] {
	if (log.length === 0) return [];
	try {
		const {locality, events} = parseEventLog(log);
		const problem = orderProblem(events);
		if (problem !== undefined) return [refusal('event-log-mismatch', problem)];
		if (logMatches(events, registers, locality)) return [];
		return [refusal('event-log-mismatch', 'The event log does not lead to the register values.')];
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return [refusal('event-log-malformed', `The event log cannot be read: ${error.message}.`)];
	}
}

/** The firmware ends its own part with a separator; what it does only before that must not come after it. */
function orderProblem(events: readonly LogEvent[]): string | undefined {
	const of = (register: number): LogEvent[] => events.filter(event => event.register === register);
	const badSeparator = of(0).find(
		({type, data}) => type === eventTypes.separator && !['00000000', 'ffffffff'].includes(Buffer.from(data).toString('hex')),
	);
	if (badSeparator) return 'The event log has a separator that reports a firmware error.';
	const boot = of(4);
	const separator = boot.findIndex(({type}) => type === eventTypes.separator);
	const actions = boot.flatMap(({type, description}, index) =>
		type === eventTypes.efiAction && description === bootAction ? [index] : [],
	);
	if (actions.length > 1 || (separator !== -1 && actions.some(index => index > separator))) {
		return 'The event log starts the boot loader twice or after the separator.';
	}
	if (of(7).filter(({type}) => type === eventTypes.separator).length > 1)
		return 'The event log has two separators in register 7.';
	return undefined;
}
