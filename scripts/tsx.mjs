// Node runs .ts files as they are; this hook does the same for .tsx (tests only, the product is bundled).
// Where TEST_FILES names a folder, a file in it stands for a file of tests that has begun, until its process ended as it should.
import {readFileSync, rmSync, writeFileSync} from 'node:fs';
import {registerHooks} from 'node:module';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {transformSync} from 'esbuild';

function note(file) {
	const mark = path.join(process.env.TEST_FILES, encodeURIComponent(path.relative(process.cwd(), file)));
	writeFileSync(mark, '');
	process.once('exit', code => {
		// Without its channel nobody heard the last results.
		if (code === 0 && process.connected) rmSync(mark, {force: true});
	});
}

registerHooks({
	load(url, context, nextLoad) {
		if (process.env.TEST_FILES !== undefined && process.connected && /\.test\.tsx?$/.test(url)) note(fileURLToPath(url));
		if (!url.endsWith('.tsx')) return nextLoad(url, context);
		const {code} = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
			loader: 'tsx',
			jsx: 'automatic',
			format: 'esm',
			sourcemap: 'inline',
			sourcefile: fileURLToPath(url),
		});
		return {format: 'module', source: code, shortCircuit: true};
	},
});
