// Bundles the three programs of the product into dist/ (docs/decisions/0003-three-bundles.md).
import {chmod, cp, readFile, rm, writeFile} from 'node:fs/promises';
import {build} from 'esbuild';

const {version} = JSON.parse(await readFile('package.json', 'utf8'));

// Packages in CommonJS call require() and may name their file (write-file-atomic 8 does, only to make names that differ by process);
// a bundle read from a pipe has no file of its own to resolve from.
const requireBanner =
	"import {createRequire as __createRequire} from 'node:module'; const require = __createRequire('file:///'), __filename = 'constellation';";

const common = {
	bundle: true,
	platform: 'node',
	format: 'esm',
	target: 'node22',
	minify: true,
	keepNames: true,
	legalComments: 'none',
	define: {'process.env.NODE_ENV': '"production"', __VERSION__: JSON.stringify(version)},
	// cbor-x prefers a native add-on when it finds one; ours must not depend on what is installed.
	alias: {'cbor-extract': './scripts/empty.cjs', 'react-devtools-core': './scripts/empty.cjs'},
	banner: {js: requireBanner},
	outExtension: {'.js': '.mjs'},
	outdir: 'dist',
	logLevel: 'warning',
};

await rm('dist', {recursive: true, force: true});
await Promise.all([
	build({...common, entryPoints: {cli: 'src/cli.ts'}, splitting: true, chunkNames: 'cli/[name]-[hash]'}),
	build({...common, entryPoints: {node: 'src/node.ts'}}),
	build({...common, entryPoints: {machine: 'src/machine.ts'}}),
]);
await cp('terraform', 'dist/terraform', {recursive: true});
await writeFile('dist/version.json', JSON.stringify({version}));
await chmod('dist/cli.mjs', 0o755);
