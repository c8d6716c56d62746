// Linter and type checker over one program: what types mean is most of the work of both. Prints what was found; exit code 1 if anything.
import process from 'node:process';
import {ESLint} from 'eslint';
import ts from 'typescript';

const text = diagnostic => ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
const {errors, fileNames, options} = ts.getParsedCommandLineOfConfigFile(
	'tsconfig.json',
	{},
	{
		...ts.sys,
		onUnRecoverableConfigFileDiagnostic(diagnostic) {
			throw new Error(text(diagnostic));
		},
	},
);
const program = ts.createProgram(fileNames, options);

const eslint = new ESLint({overrideConfig: {languageOptions: {parserOptions: {projectService: false, programs: [program]}}}});
const results = await eslint.lintFiles('.');
const formatter = await eslint.loadFormatter('stylish');
const linted = (await formatter.format(results)).trim();
const typed = ts
	.formatDiagnostics([...errors, ...ts.getPreEmitDiagnostics(program)], {
		getCanonicalFileName: name => name,
		getCurrentDirectory: () => process.cwd(),
		getNewLine: () => '\n',
	})
	.trim();
if (linted !== '' || typed !== '') {
	console.log([linted, typed].join('\n').trim());
	process.exitCode = 1;
}
