import {readdir, readFile, readlink} from 'node:fs/promises';
import {createServer} from 'node:net';

/** Why an address cannot be listened on: the system's code, such as EADDRINUSE or EADDRNOTAVAIL. */
export const listenProblem = (host: string, port: number): Promise<string | undefined> =>
	new Promise(resolve => {
		const server = createServer();
		server.once('error', error => resolve('code' in error && typeof error.code === 'string' ? error.code : 'unknown'));
		server.listen({host, port, exclusive: true}, () => {
			server.close(() => resolve(undefined));
		});
	});

export const canListen = async (host: string, port: number): Promise<boolean> => (await listenProblem(host, port)) === undefined;

export type PortHolder = {pid: number; name: string};

/** The process that listens on host:port or on that port of every address (Linux; another user's process is not seen). */
export const portHolder = async (host: string, port: number): Promise<PortHolder | undefined> => {
	const inodes = new Set([...(await listeners('/proc/net/tcp', host, port)), ...(await listeners('/proc/net/tcp6', host, port))]);
	if (inodes.size === 0) return undefined;
	for (const pid of await readdir('/proc')) {
		if (!/^\d+$/.test(pid)) continue;
		for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
			const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
			const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? [];
			if (inode !== undefined && inodes.has(inode)) return {pid: Number(pid), name: (await readText(`/proc/${pid}/comm`)).trim()};
		}
	}
	return undefined;
};

/** Inodes of the sockets in state LISTEN on the port, from the kernel's table of sockets. */
const listeners = async (table: string, host: string, port: number): Promise<string[]> => {
	const wanted = [host, '0.0.0.0'].map(hexAddress);
	const rows = (await readText(table)).split('\n').slice(1);
	return rows.flatMap(row => {
		const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
		const [address = '', hexPort = ''] = local.split(':');
		const matches = wanted.includes(address) || /^0+$/.test(address) || address.endsWith(wanted[0] ?? '-');
		return state === '0A' && Number.parseInt(hexPort, 16) === port && matches ? [inode] : [];
	});
};

/** As the kernel prints an IPv4 address: four bytes, the last one first. */
const hexAddress = (host: string): string =>
	host
		.split('.')
		.toReversed()
		.map(part => Number(part).toString(16).padStart(2, '0').toUpperCase())
		.join('');

/** The tables exist on Linux only; elsewhere the holder stays unknown. */
const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
