// Regenerates what is generated and committed: src/rpc/gen from proto/, the reference in docs/ from the code.
// `--check` changes nothing and fails if anything is stale.
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** Folders of generated code, and the template that makes each. */
const templates = [
	{generated: 'src/rpc/gen', template: 'buf.gen.yaml'},
	{generated: 'test/helpers/terraform-provider/gen', template: 'buf.gen.providers.yaml'},
];
const check = process.argv.includes('--check');

const contents = folder => new Map(readdirSync(folder).map(name => [name, readFileSync(path.join(folder, name), 'utf8')]));

/** Names of the generated files that are not what they would be now. */
function staleProtocols({generated, template}) {
	const room = mkdtempSync(path.join(tmpdir(), 'constellation-generate-'));
	try {
		execFileSync('buf', ['generate', '--template', template, '--output', room], {stdio: 'inherit'});
		const [now, then] = [contents(path.join(room, generated)), contents(generated)];
		return [...new Set([...now.keys(), ...then.keys()])].filter(name => now.get(name) !== then.get(name));
	} finally {
		rmSync(room, {recursive: true, force: true});
	}
}

for (const each of templates) {
	if (!check) execFileSync('buf', ['generate', '--template', each.template], {stdio: 'inherit'});
	else
		for (const name of staleProtocols(each)) {
			console.error(`${each.generated}/${name} is stale: run \`npm run generate\``);
			process.exitCode = 1;
		}
}

const docs = spawnSync(process.execPath, ['scripts/generate-docs.mjs', ...(check ? ['--check'] : [])], {stdio: 'inherit'});
if (docs.status !== 0) process.exitCode = 1;
