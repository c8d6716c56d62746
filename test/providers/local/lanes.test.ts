import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import type {Event} from '../../../src/events.ts';
import {machineLanes} from '../../../src/providers/local/lanes.ts';

test('what a node says of itself is a line of its log, never a state of its lane', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'lanes-'));
	const socketPath = join(folder, 's.sock');
	const lines = [
		{type: 'node', line: 'booting v0.1.0 as worker'},
		{type: 'node', line: 'measured 12 command line 00'},
		{type: 'boot', line: 'measured 12 command line 11'},
	].map(line => JSON.stringify({...line, name: 'worker-0', role: 'worker', at: 1}));
	const server = createServer((_, response) => {
		response.write(`${lines.join('\n')}\n`);
	});
	await new Promise<void>(resolve => {
		server.listen(socketPath, resolve);
	});
	const abort = new AbortController();
	t.teardown(async () => {
		abort.abort();
		server.closeAllConnections();
		server.close();
		await rm(folder, {recursive: true, force: true});
	});
	const seen: Event[] = [];
	for await (const event of machineLanes(socketPath, abort.signal)) {
		seen.push(event);
		if (seen.length === 4) break;
	}
	t.deepEqual(
		seen.map(event => (event.type === 'lane' ? event.state : event.type)),
		['log', 'log', 'measured', 'log'],
	);
});
