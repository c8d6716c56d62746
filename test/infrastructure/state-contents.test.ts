import test from 'ava';
import {keysInState} from '../../src/infrastructure/state-contents.ts';

test('keys of what is there: not of other types, of what is only read, or of what was made in part', t => {
	const instances = [{index_key: 'workers'}, {index_key: 'half', status: 'tainted'}, {index_key: 0}, 'odd'];
	const resources = [
		{mode: 'managed', type: 'group', instances},
		{mode: 'managed', type: 'group', instances: [{index_key: 'workers'}, {index_key: 'others'}]},
		{mode: 'data', type: 'group', instances: [{index_key: 'read'}]},
		{mode: 'managed', type: 'network', instances: [{index_key: 'net'}]},
		{mode: 'managed', type: 'group'},
		null,
	];
	t.deepEqual(keysInState(JSON.stringify({version: 4, resources}), ['group']), ['workers', 'others']);
	for (const text of ['', '{"half', '[]', '{"resources": 1}']) t.deepEqual(keysInState(text, ['group']), []);
});
