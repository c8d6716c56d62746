import {cp, readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {build} from 'esbuild';
import {version} from '../../src/version.ts';

const root = join(import.meta.dirname, '..', '..');

/** What makes a machine leave in order, and what is put in its place: the load balancer goes on as before, the power is cut. */
const changes: Readonly<Record<string, readonly [string, string]>> = {
	'machine.ts': ['const gracefulMs = 12_000;', 'const gracefulMs = 0;'],
	'load-balancer.ts': [
		'backends(service).filter(backend => !draining.has(backend.name));',
		'backends(service).filter(backend => draining.has(backend.name) || true);',
	],
};

/**
 * The built tool with a machine program that does not drain, in a folder; gives the path of its command. For one test only: there is no
 * such setting. Throws when the sources are not any more what is replaced here.
 */
export async function undrainedTool(folder: string): Promise<string> {
	await cp(join(root, 'dist'), folder, {recursive: true});
	const changed = new Set<string>();
	const [banner = ''] = (await readFile(join(root, 'dist', 'machine.mjs'), 'utf8')).split('\n', 1);
	await build({
		entryPoints: [join(root, 'src', 'machine.ts')],
		outfile: join(folder, 'machine.mjs'),
		bundle: true,
		platform: 'node',
		format: 'esm',
		define: {__VERSION__: JSON.stringify(version)},
		banner: {js: banner},
		logLevel: 'error',
		plugins: [
			{
				name: 'undrained',
				setup(own) {
					own.onLoad({filter: /machine\/service\/(?:machine|load-balancer)\.ts$/}, async ({path}) => {
						const name = path.slice(dirname(path).length + 1);
						const [from, to] = changes[name] ?? ['', ''];
						const text = await readFile(path, 'utf8');
						if (from === '' || !text.includes(from)) throw new Error(`${name} does not hold: ${from}`);
						changed.add(name);
						return {contents: text.replace(from, to), loader: 'ts'};
					});
				},
			},
		],
	});
	if (changed.size !== Object.keys(changes).length) throw new Error('not everything was replaced');
	return join(folder, 'cli.mjs');
}
