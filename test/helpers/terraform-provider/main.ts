// A provider plugin that Terraform starts: main.ts PROVIDER FOLDER. Its cloud is FOLDER/PROVIDER.json.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {openCloud} from './cloud.ts';
import {loadFacts} from './facts.ts';
import {simulatedProvider} from './provider.ts';
import {loadSchema, type ProviderName} from './schema.ts';
import {servePlugin} from './serve.ts';

const [, , name, folder = ''] = process.argv;
const schema = loadSchema(name as ProviderName);
const cloud = openCloud(join(folder, `${name ?? ''}.json`));
const room = mkdtempSync(join(tmpdir(), 'provider-'));
// Nothing that this process holds needs an orderly end; Terraform waits for it to be gone.
const stop = () => {
	rmSync(room, {recursive: true, force: true});
	process.kill(process.pid, 'SIGKILL');
};
// Ctrl-C goes to Terraform, which then tells its plugins.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', stop);
// A Terraform that was killed tells its plugins nothing.
const parent = process.ppid;
setInterval(() => {
	if (process.ppid !== parent) stop();
}, 200);
const provider = simulatedProvider(schema, loadFacts(name ?? ''), cloud);
process.stdout.write(await servePlugin(schema, provider, join(room, 'socket'), process.env['PLUGIN_CLIENT_CERT'], stop));
