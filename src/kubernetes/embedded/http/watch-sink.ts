import type {ServerResponse} from 'node:http';
import type {Call} from '../objects/api.ts';
import type {EventSink} from '../objects/watch.ts';
import {toTable} from '../tables/table.ts';
import {type ApiObject, isObject, type JsonObject} from '../types.ts';
import type {Representation} from './negotiate.ts';
import {objectValue} from './present.ts';

/** A client that reads so slowly that this much waits for it is let go; it lists again. */
const backlog = 16 * 1024 * 1024;

/** Writes events as one JSON object a line, flushed at once; headers go out before the first event. */
export function watchSink(call: Call, response: ServerResponse, representation: Representation): EventSink {
	const closed = new AbortController();
	let first = true;
	response.once('close', () => closed.abort());
	response.writeHead(200, {'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private'});
	response.flushHeaders();

	const shape = (type: string, object: ApiObject | JsonObject): ApiObject | JsonObject => {
		if (type === 'ERROR' || representation.as === 'object') return object;
		if (type === 'BOOKMARK') {
			if (representation.as !== 'table')
				return {...object, kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${representation.version}`};
			return {
				...toTable(call.type, [], {now: call.api.now(), version: representation.version, withoutColumns: true}),
				metadata: isObject(object['metadata']) ? object['metadata'] : {},
			};
		}
		const shown = objectValue(call, object as ApiObject, representation);
		if (representation.as === 'table' && !first) return {...shown, columnDefinitions: null};
		first = false;
		return shown;
	};

	return {
		closed: closed.signal,
		send(type, object) {
			if (closed.signal.aborted || response.writableEnded) return;
			response.write(`${JSON.stringify({type, object: shape(type, object)})}\n`);
			if (response.writableLength > backlog) response.destroy();
		},
		end() {
			response.end();
			closed.abort();
		},
	};
}
