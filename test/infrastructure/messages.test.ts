import test from 'ava';
import {readMessage} from '../../src/infrastructure/messages.ts';

const at = 1;
const say = (value: unknown) => readMessage(JSON.stringify(value), at);
const resource = {addr: 'terraform_data.node_group["worker_default"]', resource_type: 'terraform_data'};

test('lines of Terraform become events', t => {
	const address = resource.addr;
	t.deepEqual(say({type: 'apply_start', hook: {resource, action: 'create'}}), {
		kind: 'event',
		event: {type: 'resource', address, state: 'started', action: 'create', at},
	});
	t.deepEqual(say({type: 'apply_progress', hook: {resource, action: 'create', elapsed_seconds: 10}}), {
		kind: 'event',
		event: {type: 'resource', address, state: 'progress', action: 'create', elapsedSeconds: 10, at},
	});
	t.deepEqual(say({type: 'apply_complete', hook: {resource, action: 'delete', elapsed_seconds: 1}}), {
		kind: 'event',
		event: {type: 'resource', address, state: 'done', action: 'delete', elapsedSeconds: 1, at},
	});
	t.deepEqual(say({type: 'apply_errored', hook: {resource, action: 'create'}}), {
		kind: 'event',
		event: {type: 'resource', address, state: 'failed', action: 'create', elapsedSeconds: 0, at},
	});
	t.deepEqual(say({type: 'provision_progress', hook: {resource, output: 'worker-0 running'}}), {
		kind: 'event',
		event: {type: 'log', source: address, line: 'worker-0 running', at},
	});
	t.deepEqual(say({type: 'planned_change', change: {resource, action: 'replace'}}), {
		kind: 'change',
		change: {address, action: 'replace', kind: 'terraform_data'},
	});
	t.deepEqual(say({type: 'diagnostic', diagnostic: {severity: 'warning', summary: 'Old', detail: 'very'}}), {
		kind: 'event',
		event: {type: 'warning', code: 'terraform', message: 'Old: very', at},
	});
	t.deepEqual(say({type: 'diagnostic', diagnostic: {severity: 'error', summary: 'Bad', detail: '', address}}), {
		kind: 'error',
		summary: 'Bad',
		detail: '',
		address,
	});
});

test('commands, foreign lines and unknown messages are no events; control characters do not get through', t => {
	for (const line of ['', 'plain text', '[]', 'null', '"x"', '{"type":"later_invention"}', '{"type":5}'])
		t.is(readMessage(line, at).kind, 'other', line);
	t.is(say({type: 'provision_progress', hook: {resource, output: '(local-exec): Executing: ["node" "x"]'}}).kind, 'other');
	t.like(say({type: 'provision_progress', hook: {resource, output: 'a\u001b]0;title\u0007b\u202ec'}}), {
		event: {line: 'a]0;titlebc'},
	});
});
