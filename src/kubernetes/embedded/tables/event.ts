import type {ApiObject} from '../types.ts';
import {type Column, column, nameColumn, part, text, wide} from './column.ts';
import {since} from './duration.ts';

const first = (event: ApiObject, now: number): string =>
	since(text(event, 'firstTimestamp') || text(event, 'deprecatedFirstTimestamp') || text(event, 'eventTime'), now);

function last(event: ApiObject, now: number): string {
	const observed = text(part(event, 'series'), 'lastObservedTime');
	const time = observed || text(event, 'lastTimestamp') || text(event, 'deprecatedLastTimestamp');
	return time === '' ? first(event, now) : since(time, now);
}

function subject(event: ApiObject, field: string): string {
	return text(part(event, 'involvedObject'), field) || text(part(event, 'regarding'), field);
}

function object(event: ApiObject): string {
	const kind = subject(event, 'kind').toLowerCase();
	const name = subject(event, 'name');
	return name === '' ? kind : `${kind}/${name}`;
}

function source(event: ApiObject): string {
	const from = {...part(event, 'deprecatedSource'), ...part(event, 'source')};
	const names = [
		text(from, 'component') || text(event, 'reportingComponent') || text(event, 'reportingController'),
		text(from, 'host') || text(event, 'reportingInstance'),
	];
	return names.filter(name => name !== '').join(', ');
}

function count(event: ApiObject): number {
	return Number(part(event, 'series').count ?? event.count ?? event.deprecatedCount ?? 1) || 1;
}

export const eventColumns: readonly Column[] = [
	column('Last Seen', 'Time since the event was last seen.', last),
	column('Type', 'Normal or Warning.', event => text(event, 'type')),
	column('Reason', 'Why the event happened, for programs.', event => text(event, 'reason')),
	column('Object', 'What the event is about.', object),
	wide('Subobject', 'Which part of it.', event => subject(event, 'fieldPath')),
	wide('Source', 'Who reported the event.', source),
	column('Message', 'What happened.', event => (text(event, 'message') || text(event, 'note')).trim()),
	wide('First Seen', 'Time since the event was first seen.', first),
	wide('Count', 'How often it was seen.', count),
	{...nameColumn, priority: 1},
];
