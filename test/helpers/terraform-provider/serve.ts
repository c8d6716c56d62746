import {type Server, ServerCredentials} from '@grpc/grpc-js';
import {fromPem} from '../../../src/keys/pem.ts';
import {createAuthority, generateKeys, issueCertificate} from '../../../src/keys/pki.ts';
import {addService, createServer} from '../../../src/rpc/server.ts';
import {GRPCController} from './gen/plugin_controller_pb.ts';
import type {
	ApplyRequest,
	ConfigRequest,
	ConfigureRequest,
	PlanRequest,
	ProviderConfigRequest,
	ReadRequest,
	UpgradeRequest,
} from './gen/plugin_pb.ts';
import {Provider as Provider5} from './gen/tfplugin5_pb.ts';
import {Provider as Provider6} from './gen/tfplugin6_pb.ts';
import {ProviderError, type SimulatedProvider} from './provider.ts';
import {type ProviderSchema, toMessage} from './schema.ts';
import {isObject, type ObjectValue, readValue, type Value, writeValue} from './values.ts';

/** A handler that has its answer at once. */
const later =
	<Request, Answer>(handler: (request: Request) => Answer) =>
	(request: Request): Promise<Answer> =>
		Promise.resolve().then(() => handler(request));

/** The calls of Terraform, answered by a simulated provider. */
const handlersOf = (schema: ProviderSchema, provider: SimulatedProvider) => {
	const legacyTypeSystem = schema.protocol === 5;
	return {
		schema: later(() => ({
			provider: toMessage(schema.provider_schema),
			resourceSchemas: messages(schema.resource_schemas),
			dataSourceSchemas: messages(schema.data_source_schemas),
		})),
		prepare: later(({config}: ProviderConfigRequest) =>
			config === undefined ? {} : {preparedConfig: {msgpack: config.msgpack}},
		),
		configure: ({config}: ConfigureRequest) =>
			answer(async () => {
				await provider.configure(known(readValue(config?.msgpack)));
				return {};
			}),
		validate: later(({typeName, config}: ConfigRequest) => {
			const values = readValue(config?.msgpack);
			const problems = isObject(values) ? provider.problems(typeName, values) : [];
			return {diagnostics: problems.map(({path, message}) => diagnostic(`Invalid ${path}`, message))};
		}),
		valid: later(() => ({})),
		upgrade: later(({rawState}: UpgradeRequest) => ({
			upgradedState: {json: rawState?.json ?? new Uint8Array(), msgpack: new Uint8Array()},
		})),
		read: ({typeName, currentState}: ReadRequest) =>
			answer(async () => {
				const state = await provider.read(typeName, object(currentState));
				return {newState: value(state ?? null)};
			}),
		plan: ({typeName, priorState, proposedNewState}: PlanRequest) =>
			answer(() => {
				const prior = readValue(priorState?.msgpack);
				const proposed = readValue(proposedNewState?.msgpack);
				if (!isObject(proposed)) return {plannedState: value(null), legacyTypeSystem};
				const {state, replaces} = provider.plan(typeName, isObject(prior) ? prior : undefined, proposed);
				return {
					plannedState: value(state),
					requiresReplace: replaces.map(path => ({
						steps: [{selector: {case: 'attributeName' as const, value: path.split('.')[0] ?? ''}}],
					})),
					legacyTypeSystem,
				};
			}),
		apply: ({typeName, priorState, plannedState}: ApplyRequest) =>
			answer(
				async () => {
					const prior = readValue(priorState?.msgpack);
					const planned = readValue(plannedState?.msgpack);
					if (!isObject(planned)) {
						if (isObject(prior)) await provider.remove(typeName, prior);
						return {newState: value(null), legacyTypeSystem};
					}
					const state = isObject(prior)
						? await provider.update(typeName, prior, planned)
						: await provider.create(typeName, planned);
					return {newState: value(state), legacyTypeSystem};
				},
				error => ({newState: value(error.state ?? readValue(priorState?.msgpack)), legacyTypeSystem}),
			),
		data: ({typeName, config}: ConfigRequest) =>
			answer(async () => ({state: value(await provider.data(typeName, object(config)))})),
	};
};

const messages = (schemas: ProviderSchema['resource_schemas']) =>
	Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, toMessage(schema)]));
const value = (content: Value) => ({msgpack: writeValue(content)});
const diagnostic = (summary: string, detail: string) => ({severity: 1, summary, detail});
const object = (sent: {msgpack: Uint8Array} | undefined): ObjectValue => {
	const content = readValue(sent?.msgpack);
	return isObject(content) ? content : {};
};
const known = (content: Value): ObjectValue => (isObject(content) ? (JSON.parse(JSON.stringify(content)) as ObjectValue) : {});

/** A refusal of the provider becomes a diagnostic, as Terraform expects it. */
const answer = async <T extends object>(work: () => T | Promise<T>, rest: (error: ProviderError) => object = () => ({})) => {
	try {
		return await work();
	} catch (error) {
		if (!(error instanceof ProviderError)) throw error;
		return {...rest(error), diagnostics: [diagnostic(error.message, '')]};
	}
};

/** Registers both protocols; the host asks for the one that the handshake line named. */
export const addProvider = (server: Server, schema: ProviderSchema, provider: SimulatedProvider, stop: () => void): void => {
	const on = handlersOf(schema, provider);
	const fail = (method: string, error: unknown) => console.error(method, error);
	const lifecycle = {
		upgradeResourceState: on.upgrade,
		readResource: on.read,
		planResourceChange: on.plan,
		applyResourceChange: on.apply,
		readDataSource: on.data,
	};
	addService(
		server,
		Provider5,
		{
			...lifecycle,
			getSchema: on.schema,
			prepareProviderConfig: on.prepare,
			validateResourceTypeConfig: on.validate,
			validateDataSourceConfig: on.valid,
			configure: on.configure,
			stop: on.valid,
		},
		fail,
	);
	addService(
		server,
		Provider6,
		{
			...lifecycle,
			getProviderSchema: on.schema,
			validateProviderConfig: on.prepare,
			validateResourceConfig: on.validate,
			validateDataResourceConfig: on.valid,
			configureProvider: on.configure,
			stopProvider: on.valid,
		},
		fail,
	);
	addService(server, GRPCController, {
		shutdown: later(() => {
			setImmediate(stop);
			return {};
		}),
	});
};

/** Serves on a Unix socket with the host's one-time certificate; gives the line that tells the host where. */
export const servePlugin = async (
	schema: ProviderSchema,
	provider: SimulatedProvider,
	socket: string,
	hostCertificate: string | undefined,
	stop: () => void,
): Promise<string> => {
	const server = createServer({maxMessageBytes: 64 * 1024 * 1024, maxCalls: 1024});
	addProvider(server, schema, provider, stop);
	const authority = createAuthority({commonName: 'simulated provider'}, 1);
	const keys = generateKeys();
	const certificate = issueCertificate(authority, {
		subject: {commonName: 'localhost'},
		publicKey: keys.publicKey,
		names: ['localhost'],
		usages: ['serverAuth'],
		days: 1,
	});
	const credentials =
		hostCertificate === undefined
			? ServerCredentials.createInsecure()
			: ServerCredentials.createSsl(
					Buffer.from(hostCertificate),
					[{private_key: Buffer.from(keys.privateKey.reveal()), cert_chain: Buffer.from(certificate)}],
					true,
				);
	await new Promise<void>((resolve, reject) => {
		server.bindAsync(`unix:${socket}`, credentials, error => (error === null ? resolve() : reject(error)));
	});
	const root = Buffer.from(fromPem('CERTIFICATE', authority.certificate) ?? new Uint8Array())
		.toString('base64')
		.replace(/=+$/u, '');
	return `1|${schema.protocol}|unix|${socket}|grpc${hostCertificate === undefined ? '' : `|${root}`}\n`;
};
