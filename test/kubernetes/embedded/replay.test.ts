import {readFile} from 'node:fs/promises';
import test from 'ava';
import {startTestServer} from '../../helpers/api-server.ts';
import {type Exchange, replay, type Scenario} from '../../helpers/replay.ts';

const folder = new URL('../../fixtures/kube-api/replay/', import.meta.url);

/** Values that a server may choose itself, besides identifiers, revisions and times. */
const chosen = /\.managedFields|\.cells\[|credential-id|\.creationTimestamp$/;

type Case = {
	name: string;
	/** What differs on purpose, and why. */
	ignore?: (path: string, exchange: Exchange) => boolean;
};

const cases: Case[] = [
	{name: 'errors', ignore: (path, {body}) => path === '.metadata.name' && hasGenerateName(body)},
	// Revisions of the Pods that were there before count differently when they are made with two writes.
	{name: 'delete', ignore: path => path.endsWith('.resourceVersion')},
	{name: 'namespace'},
	{name: 'patch'},
	// A definition is established at once instead of a moment later.
	{name: 'apply', ignore: (path, {path: url}) => path.startsWith('.status') && url.includes('customresourcedefinitions')},
	{
		name: 'apply-server-side',
		ignore: (path, {path: url}) => path.startsWith('.status') && url.includes('customresourcedefinitions'),
	},
	{name: 'label-annotate'},
	{name: 'chunking'},
	{name: 'nodes-get'},
	// Services get addresses of a range that nobody routes.
	{name: 'scale-rollout', ignore: path => path.startsWith('.spec.clusterIP')},
	{name: 'edit-diff'},
	{name: 'client-go'},
	{name: 'client-node'},
	// Users come with certificates here, which have no uid; the recording had nodes that its requests do not show.
	{name: 'auth', ignore: (path, {path: url}) => path.endsWith('.uid') || (path === '.rows' && url.startsWith('/api/v1/nodes'))},
	{name: 'create-token-secret', ignore: path => path === '.status.token'},
];

for (const {name, ignore} of cases) {
	test(`answers as recorded from a real server: ${name}`, async t => {
		const scenario = JSON.parse(await readFile(new URL(`${name}.json`, folder), 'utf8')) as Scenario;
		const server = await startTestServer();
		t.teardown(() => server.close());
		const differences = await replay(server, scenario, {
			ignore: (path, _expected, exchange) =>
				chosen.test(path) || (path === '.metadata.resourceVersion' && isList(exchange)) || ignore?.(path, exchange) === true,
			identityOf: ({user}) => (user === undefined ? undefined : server.identity(user, user === 'viewer' ? 'viewers' : '')),
		});
		t.deepEqual(differences, []);
	});
}

function hasGenerateName(body: unknown): boolean {
	return body !== undefined && JSON.stringify(body).includes('generateName');
}

/** Other objects' writes count into the revision of a list. */
function isList({answer}: Exchange): boolean {
	const kind = typeof answer === 'object' && answer !== null && 'kind' in answer ? String(answer.kind) : '';
	return kind === 'Table' || kind.endsWith('List');
}
