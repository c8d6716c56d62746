import {readFileSync} from 'node:fs';
import test from 'ava';
import {AppError} from '../../src/errors.ts';
import {Secret} from '../../src/secret.ts';
import {type ClusterIds, formatIds, parseIds} from '../../src/workspace/id-file.ts';

type Values = Record<'attestationURL' | 'cloudProvider' | 'clusterID' | 'initSecretHex' | 'ip' | 'ownerID' | 'uid', string>;
type Case = {id: string; kind: 'write' | 'read'; fileText: string; ok?: boolean; values?: Values};
const {cases} = JSON.parse(readFileSync('test/fixtures/wire/id-file.json', 'utf8')) as {cases: Case[]};

function idsOf({initSecretHex, cloudProvider, ...values}: Values): ClusterIds {
	const provider = cloudProvider as ClusterIds['cloudProvider'];
	const secret = initSecretHex === '' ? {} : {initSecret: new Secret(Buffer.from(initSecretHex, 'hex'))};
	return {...values, cloudProvider: provider, ...secret};
}

function valuesOf({initSecret, ...ids}: ClusterIds): Values {
	return {...ids, initSecretHex: Buffer.from(initSecret?.reveal() ?? []).toString('hex')};
}

for (const {id, kind, fileText, ok, values} of cases) {
	test(`vector of v2.9: ${id}`, t => {
		if (values === undefined || ok === false) t.throws(() => parseIds(fileText), {instanceOf: AppError});
		else {
			t.deepEqual(valuesOf(parseIds(fileText)), values);
			if (kind === 'write') t.is(formatIds(idsOf(values)), fileText);
		}
	});
}

test('errors never quote the file', t => {
	const error = t.throws(() => parseIds('{"initsecret": "c2VjcmV0"'), {instanceOf: AppError});
	t.notRegex(String(error.stack), /c2VjcmV0/);
});
