import {randomBytes, randomUUID} from 'node:crypto';
import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openDisk} from '../../src/services/disk.ts';

const newDisk = async (t: ExecutionContext) => {
	const folder = await mkdtemp(join(tmpdir(), 'disk-'));
	t.teardown(() => rm(folder, {recursive: true}));
	const uuid = randomUUID();
	const open = (id = uuid) => openDisk(join(folder, 'disk'), () => Promise.resolve(id));
	return {path: join(folder, 'disk', 'state'), open, key: randomBytes(32), uuid};
};

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

test('a state is read back with its key, also by a later start', async t => {
	const {open, key, path} = await newDisk(t);
	t.false(await open().isFormatted());
	await open().save(key, Buffer.from('first'));
	await open().save(key, Buffer.from('second'));
	t.true(await open().isFormatted());
	t.is(text(await open().open(key)), 'second');
	t.is((await stat(path)).mode & 0o777, 0o600);
	t.is((await stat(join(path, '..'))).mode & 0o777, 0o700);
});

test('nothing of a state is on the disk in the clear, and the same state never looks the same', async t => {
	const {open, key, path} = await newDisk(t);
	await open().save(key, Buffer.from('canary'));
	const first = await readFile(path);
	await open().save(key, Buffer.from('canary'));
	const second = await readFile(path);
	t.false(first.includes('canary'));
	t.is(first.readBigUInt64BE(8), 1n);
	t.is(second.readBigUInt64BE(8), 2n);
	t.notDeepEqual(first.subarray(16, 28), second.subarray(16, 28));
	t.notDeepEqual(first.subarray(28), second.subarray(28));
});

test('a wrong key opens nothing', async t => {
	const {open, key} = await newDisk(t);
	await open().save(key, Buffer.from('state'));
	await t.throwsAsync(open().open(randomBytes(32)), {code: 'state-key-wrong'});
	await t.throwsAsync(open().open(key.subarray(1)), {message: /32 bytes/});
});

test('a state is bound to its disk and its counter', async t => {
	const {open, key, path} = await newDisk(t);
	await open().save(key, Buffer.from('state'));
	await t.throwsAsync(open(randomUUID()).open(key), {code: 'state-key-wrong'});
	const bytes = await readFile(path);
	bytes.writeBigUInt64BE(7n, 8);
	await writeFile(path, bytes);
	await t.throwsAsync(open().open(key), {code: 'state-key-wrong'});
});

for (const [what, damage] of Object.entries({
	'one changed bit': (bytes: Buffer) => bytes.fill((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1),
	'a cut end': (bytes: Buffer) => bytes.subarray(0, bytes.length - 1),
	'an empty file': () => Buffer.alloc(0),
	'another kind of file': (bytes: Buffer) => bytes.fill('x', 0, 8),
})) {
	test(`a damaged state does not open: ${what}`, async t => {
		const {open, key, path} = await newDisk(t);
		await open().save(key, Buffer.from('state'));
		await writeFile(path, damage(await readFile(path)));
		await t.throwsAsync(open().open(key), {name: 'AppError'});
	});
}

test('what a crash left of a write that was never finished does no harm', async t => {
	const {open, key, path} = await newDisk(t);
	await open().save(key, Buffer.from('good'));
	await writeFile(`${path}.next`, 'half');
	t.is(text(await open().open(key)), 'good');
	await open().save(key, Buffer.from('better'));
	t.is(text(await open().open(key)), 'better');
	t.deepEqual(await readdir(join(path, '..')), ['state']);
});
