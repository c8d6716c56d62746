import {createNodeResolver, importX} from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** What everyone may import. */
const common = [
	'errors',
	'secret',
	'events',
	'fold',
	'lanes',
	'estimate',
	'roll-rows',
	'text',
	'redact',
	'summary',
	'version',
	'process',
	'proxy',
	'unix-http',
	'drain-http',
].map(name => `./${name}.ts`);

/**
 * Who may import whom inside src (docs/decisions/0002-layers.md). A folder may import itself, what is common, and what its line names.
 * Folders and files that are not named here (the entries) wire everything and may import anything.
 */
const table = {
	'src/attestation': [],
	'src/keys': ['attestation'],
	'src/atls': ['attestation', 'keys', 'rpc'],
	'src/rpc': [],
	'src/kubernetes': ['keys', 'rpc'],
	'src/releases': ['attestation', 'keys'],
	'src/trust': ['attestation', 'keys', 'releases'],
	'src/upgrade': ['attestation', 'config'],
	'src/config': ['attestation', 'providers/catalogues.ts'],
	'src/workspace': ['config', 'keys'],
	'src/wizard': ['config', 'upgrade', 'providers/catalogues.ts'],
	'src/infrastructure': [],
	'src/providers': ['infrastructure', 'releases', 'attestation', 'keys', 'config'],
	'src/flows': [
		'config',
		'workspace',
		'infrastructure',
		'providers',
		'releases',
		'trust',
		'upgrade',
		'attestation',
		'atls',
		'keys',
		'kubernetes',
		'rpc',
	],
	'src/output': ['wizard', 'config'],
	'src/commands': ['flows', 'output', 'wizard', 'config'],
	'src/services': ['attestation', 'atls', 'keys', 'rpc', 'kubernetes', 'upgrade', 'providers/node-groups.ts'],
	'src/machine': ['attestation', 'keys', 'releases', 'providers/node-groups.ts', 'services/host.ts'],
	components: ['wizard', 'config'],
};

const zones = Object.entries(table).map(([target, allowed]) => ({
	target: `./${target}`,
	from: './src',
	except: [...common, ...allowed.map(folder => `./${folder}`), ...(target.startsWith('src/') ? [`.${target.slice(3)}`] : [])],
	message: `${target} may import ${[...allowed, 'the files at the top of src'].join(', ')} only.`,
}));
const interfaceZones = [
	'src/attestation',
	'src/services',
	'src/machine',
	'src/keys',
	'src/atls',
	'src/rpc',
	'src/kubernetes',
].map(target => ({
	target: `./${target}`,
	from: './components',
	message: 'Nodes and libraries know nothing of screens.',
}));

const inputOutput = [
	'fs',
	'fs/promises',
	'net',
	'tls',
	'http',
	'https',
	'http2',
	'dgram',
	'dns',
	'child_process',
	'worker_threads',
	'sqlite',
];
const screens = ['ink', 'react', '@clack/prompts'];

const restrictImports = (files, names, message) => ({
	files,
	rules: {'no-restricted-imports': ['error', {paths: names.map(name => ({name, message}))}]},
});

export default tseslint.config(
	{
		ignores: [
			'dist',
			'coverage',
			'src/rpc/gen',
			'test/helpers/terraform-provider/gen',
			'test/fixtures',
			'scripts',
			'*.js',
			'node_modules',
		],
	},
	...tseslint.configs.strictTypeChecked,
	{
		languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
		plugins: {'import-x': importX},
		settings: {
			'import-x/resolver-next': [createNodeResolver({extensions: ['.ts', '.tsx', '.js', '.mjs']})],
			'import-x/extensions': ['.ts', '.tsx'],
			'import-x/parsers': {'@typescript-eslint/parser': ['.ts', '.tsx']},
		},
		rules: {
			'import-x/no-restricted-paths': ['error', {zones: [...zones, ...interfaceZones]}],
			'@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true, allowBoolean: true}],
			'@typescript-eslint/consistent-type-imports': 'error',
			'@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true}],
			'@typescript-eslint/only-throw-error': 'error',
			// `{secret: _, ...rest}` is how a field is left out.
			'@typescript-eslint/no-unused-vars': [
				'error',
				{argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true},
			],
			'@typescript-eslint/unified-signatures': 'off',
			'@typescript-eslint/consistent-type-definitions': 'off',
			'no-restricted-properties': [
				'error',
				{object: 'process', property: 'exit', message: 'Throw, or set process.exitCode in src/main.ts.'},
			],
		},
	},
	restrictImports(
		['src/attestation/**', 'src/wizard/**', 'src/config/**', 'src/upgrade/**', 'src/events.ts'],
		inputOutput.map(name => `node:${name}`),
		'This folder is pure: it does no I/O.',
	),
	restrictImports(
		['src/flows/**', 'src/workspace/**', 'src/infrastructure/**', 'src/providers/**'],
		screens,
		'Only screens import Ink, React or Clack.',
	),
	restrictImports(
		['src/services/**', 'src/machine/**', 'src/node.ts', 'src/machine.ts'],
		[...screens, '@kubernetes/client-node', 'execa'],
		'Node programs stay small and know nothing of screens.',
	),
	restrictImports(
		['components/**'],
		[...inputOutput.map(name => `node:${name}`), 'execa', '@grpc/grpc-js', '@kubernetes/client-node'],
		'Components get props, and nothing else.',
	),
	{
		// A second Ctrl-C and a closed pipe end the process at once, here and nowhere else.
		files: ['src/main.ts', 'bench/**'],
		rules: {'no-restricted-properties': 'off'},
	},
	{
		files: ['test/**'],
		rules: {
			// AVA registers what `test` returns; its promise is not ours to await.
			'@typescript-eslint/no-floating-promises': [
				'error',
				{
					allowForKnownSafeCalls: [
						{from: 'package', package: 'ava', name: ['test', 'serial', 'before', 'after', 'always', 'beforeEach', 'afterEach']},
					],
				},
			],
			'import-x/no-restricted-paths': 'off',
			// Fakes stand for what is asynchronous in the product.
			'@typescript-eslint/require-await': 'off',
		},
	},
);
