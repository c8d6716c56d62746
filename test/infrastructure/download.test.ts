import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdtemp, readdir, readFile, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import {AppError} from '../../src/errors.ts';
import {type Download, downloadOpenTofu, pinnedDownload} from '../../src/infrastructure/download.ts';
import {fileInTar} from '../../src/infrastructure/tar.ts';

const tarEntry = (name: string, content: string, type = '0') => {
	const header = Buffer.alloc(512);
	header.write(name, 0);
	header.write(content.length.toString(8).padStart(11, '0'), 124);
	header.write(type, 156);
	header.write('ustar', 257);
	const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
	body.write(content);
	return Buffer.concat([header, body]);
};

const end = Buffer.alloc(1024);
const archive = gzipSync(Buffer.concat([tarEntry('LICENSE', 'text'), tarEntry('tofu', '#!/bin/sh\n'.repeat(99)), end]));

const setUp = async (t: ExecutionContext, body: Uint8Array, status = 200) => {
	const dataHome = await mkdtemp(join(tmpdir(), 'constellation-'));
	t.teardown(() => rm(dataHome, {recursive: true}));
	const run = async (offer: Download) => {
		const events = downloadOpenTofu(offer, {dataHome, fetch: () => Promise.resolve(new Response(Buffer.from(body), {status}))});
		for (;;) {
			const {value, done} = await events.next();
			if (done === true) return value;
			t.is(value.type, 'check');
		}
	};
	return {dataHome, run};
};

const offered = (body: Uint8Array): Download => ({
	version: '1.13.1',
	url: 'https://example.invalid/tofu.tar.gz',
	sha256: createHash('sha256').update(body).digest('hex'),
});

test('the program is put in place when its archive is the pinned one', async t => {
	const {run} = await setUp(t, archive);
	const path = await run(offered(archive));
	t.is(await readFile(path, 'utf8'), '#!/bin/sh\n'.repeat(99));
	t.is((await stat(path)).mode & 0o777, 0o700);
	t.is(await run(offered(archive)), path);
});

test('one changed byte, an error of the server, an archive without the program: exit 3, nothing in place', async t => {
	const changed = Buffer.from(archive);
	changed.writeUInt8(changed.readUInt8(40) ^ 1, 40);
	const empty = gzipSync(end);
	const cases: [Uint8Array, Download, number, string][] = [
		[changed, offered(archive), 200, 'download-checksum'],
		[archive, offered(archive), 404, 'download-failed'],
		[empty, offered(empty), 200, 'download-failed'],
	];
	for (const [body, offer, status, code] of cases) {
		const {run, dataHome} = await setUp(t, body, status);
		const error = await t.throwsAsync(run(offer), {instanceOf: AppError});
		t.like(error, {code, exitCode: 3});
		t.deepEqual(existsSync(join(dataHome, 'tools')) ? await readdir(join(dataHome, 'tools')) : [], []);
	}
});

test('every platform we run on has a pinned archive', t => {
	for (const platform of ['linux', 'darwin']) {
		for (const arch of ['x64', 'arm64']) {
			const offer = pinnedDownload(platform, arch);
			t.regex(offer?.url ?? '', /^https:\/\/github\.com\/opentofu\/opentofu\/releases\/download\/v1\.13\.1\//);
			t.regex(offer?.sha256 ?? '', /^[0-9a-f]{64}$/);
		}
	}
	t.is(pinnedDownload('win32', 'x64'), undefined);
});

test('a tar reader gives regular files only and does not run past the end', t => {
	t.is(fileInTar(tarEntry('tofu', '', '2'), 'tofu'), undefined);
	t.is(fileInTar(tarEntry('tofu', 'x'.repeat(600)).subarray(0, 1024), 'tofu'), undefined);
	t.is(fileInTar(Buffer.alloc(300), 'tofu'), undefined);
	t.is(Buffer.from(fileInTar(tarEntry('./tofu', 'abc'), 'tofu') ?? []).toString(), 'abc');
});
