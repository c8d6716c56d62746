// Writes the reference in docs/ from the code: commands, config, events and errors. What a page says beyond the code stands in
// scripts/docs/texts.json; a code, event or finding that is missing there, or is no longer in the code, is an error.
// `--check` writes nothing and fails if a page is stale.
import {readFileSync, writeFileSync} from 'node:fs';
import process from 'node:process';
import {commandsPage} from './docs/commands.mjs';
import {configPage, configSchemaFile} from './docs/config.mjs';
import {errorsPage} from './docs/errors.mjs';
import {eventsPage} from './docs/events.mjs';
import {problems} from './docs/markdown.mjs';
import {wizardPage} from './docs/wizard.mjs';

const pages = {commands: commandsPage, config: configPage, events: eventsPage, errors: errorsPage, wizard: wizardPage};
const made = Object.entries(pages).map(([name, make]) => [`docs/${name}.md`, make()]);
made.push(['docs/config.schema.json', configSchemaFile()]);
if (process.argv.includes('--check')) {
	const current = file => {
		try {
			return readFileSync(file, 'utf8');
		} catch {
			return undefined; // Missing is stale.
		}
	};
	problems.push(
		...made.filter(([file, text]) => current(file) !== text).map(([file]) => `${file} is stale: run \`npm run generate\``),
	);
} else for (const [file, text] of made) writeFileSync(file, text);
if (problems.length > 0) {
	console.error(problems.join('\n'));
	process.exitCode = 1;
}
