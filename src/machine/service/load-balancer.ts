import {connect, createServer, type Server, type Socket} from 'node:net';
import type {ServiceName} from '../../services/host.ts';
import {type Health, watchHealth} from './health.ts';

/** A machine behind the load balancer; the host:port is that of the service asked for. */
export type Backend = {name: string; endpoint: string};

export type LoadBalancer = {
	/** Sends no new connection to the machine while it drains. Open ones go on: the machine itself ends them in order when it is switched off. */
	setDraining(name: string, draining: boolean): void;
	isDraining(name: string): boolean;
	close(): void;
};

/** These are held by one node at a time: always the same one, as long as it answers. */
const sticky: ReadonlySet<ServiceName> = new Set<ServiceName>(['bootstrapper', 'recovery']);

const connectTimeoutMs = 2000;
const rank: Readonly<Record<Health, number>> = {ready: 0, unknown: 1, 'not-ready': 2};

/**
 * The stable endpoint of a cluster: TCP passthrough to the control planes, one listener a service. Machines whose API server is ready
 * come first, those of which it is not known yet next, those that are not ready only when nobody else accepts: an API server that is
 * just starting again beats none. A machine that does not accept is passed over. Rejects with EADDRINUSE and the like.
 */
export const startLoadBalancer = async (
	endpoints: Partial<Record<ServiceName, string>>,
	backends: (service: ServiceName) => Backend[],
	healthIntervalMs?: number,
): Promise<LoadBalancer> => {
	const open = new Map<string, Set<Socket>>();
	const draining = new Set<string>();
	const servers: Server[] = [];
	let turn = 0;
	const health = watchHealth(() => (endpoints.kubernetes === undefined ? [] : backends('kubernetes')), healthIntervalMs);

	const candidates = (service: ServiceName): Backend[] => {
		const usable = backends(service).filter(backend => !draining.has(backend.name));
		if (sticky.has(service) || usable.length === 0) return usable;
		const start = turn++ % usable.length;
		const inTurn = [...usable.slice(start), ...usable.slice(0, start)];
		return inTurn.toSorted((a, b) => rank[health.of(a.name)] - rank[health.of(b.name)]);
	};

	const serve = async (service: ServiceName, client: Socket) => {
		client.on('error', () => client.destroy());
		for (const backend of candidates(service)) {
			const upstream = await tryConnect(backend.endpoint);
			if (upstream === undefined) continue;
			if (client.destroyed) {
				upstream.destroy();
				return;
			}
			join(client, upstream, connectionsOf(open, backend.name));
			return;
		}
		client.resetAndDestroy();
	};

	const close = () => {
		health.close();
		for (const server of servers) server.close();
		for (const sockets of open.values()) for (const socket of sockets) socket.destroy();
	};

	try {
		for (const [service, endpoint] of Object.entries(endpoints) as [ServiceName, string][]) {
			const server = createServer(
				{pauseOnConnect: true, noDelay: true, allowHalfOpen: true},
				client => void serve(service, client),
			);
			await listen(server, endpoint);
			servers.push(server);
		}
	} catch (error) {
		close();
		throw error;
	}

	return {
		setDraining(name, value) {
			if (value) draining.add(name);
			else draining.delete(name);
		},
		isDraining: name => draining.has(name),
		close,
	};
};

const connectionsOf = (open: Map<string, Set<Socket>>, name: string): Set<Socket> => {
	const known = open.get(name);
	if (known !== undefined) return known;
	const made = new Set<Socket>();
	open.set(name, made);
	return made;
};

const join = (client: Socket, upstream: Socket, connections: Set<Socket>): void => {
	connections.add(upstream);
	const end = () => {
		connections.delete(upstream);
		client.destroy();
		upstream.destroy();
	};
	for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
	client.pipe(upstream);
	upstream.pipe(client);
};

const tryConnect = (endpoint: string): Promise<Socket | undefined> =>
	new Promise(resolve => {
		const [host, port] = split(endpoint);
		const socket = connect({host, port, noDelay: true, allowHalfOpen: true});
		const give = (result: Socket | undefined) => {
			clearTimeout(timer);
			socket.off('connect', onConnect);
			socket.off('error', onError);
			if (result === undefined) socket.on('error', () => undefined).destroy();
			resolve(result);
		};
		const onConnect = () => give(socket);
		const onError = () => give(undefined);
		const timer = setTimeout(onError, connectTimeoutMs);
		socket.on('connect', onConnect).on('error', onError);
	});

const listen = (server: Server, endpoint: string): Promise<void> =>
	new Promise((resolve, reject) => {
		const [host, port] = split(endpoint);
		server.once('error', reject);
		server.listen({host, port, backlog: 511}, () => {
			server.off('error', reject);
			// A listener error after this point ends one connection attempt, not the service.
			server.on('error', () => undefined);
			resolve();
		});
	});

const split = (endpoint: string): [string, number] => {
	const colon = endpoint.lastIndexOf(':');
	return [endpoint.slice(0, colon), Number(endpoint.slice(colon + 1))];
};
