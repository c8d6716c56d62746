import {chmod, lstat, mkdir, rm} from 'node:fs/promises';
import {dirname} from 'node:path';
import type {Server} from '@grpc/grpc-js';
import * as z from 'zod/mini';
import type {MasterSecret} from '../../keys/derive.ts';
import {API} from '../../rpc/gen/kms_pb.ts';
import {addService, createServer, listenPlain} from '../../rpc/server.ts';
import {missing} from '../missing.ts';
import {secretSetting} from '../settings.ts';
import type {Stop} from '../supervisor/protocol.ts';
import {callers, keyHandlers} from './handlers.ts';

const settingsShape = z.object({
	masterSecret: z.object({key: secretSetting, salt: secretSetting}),
	/** Path of the socket of each caller. */
	sockets: z.object({join: z.string(), storage: z.string()}),
});

const minimumKey = 16;
const minimumSalt = 16;
const maximumRequest = 4096;

/**
 * The KeyService: derives data keys from the master secret. It listens on Unix sockets that only this user can open, one a
 * caller. Throws when the settings are wrong or a socket cannot be made.
 */
export const main = async (settings: unknown): Promise<Stop> => {
	const {masterSecret, sockets} = settingsShape.parse(settings);
	checkMaster(masterSecret);
	const servers: Server[] = [];
	for (const caller of callers) {
		const server = createServer({maxMessageBytes: maximumRequest});
		addService(server, API, keyHandlers(masterSecret, caller), logFailure);
		servers.push(server);
		await listenPrivately(server, sockets[caller]);
	}
	console.log('key service started');
	return () => {
		for (const server of servers) server.forceShutdown();
		return Promise.resolve();
	};
};

const logFailure = (method: string, error: unknown): void => {
	console.error(`${method}: ${error instanceof Error ? error.message : 'failed'}`);
};

const checkMaster = ({key, salt}: MasterSecret): void => {
	if (key.reveal().length < minimumKey) throw new Error('the master key is too short');
	if (salt.reveal().length < minimumSalt) throw new Error('the master salt is too short');
};

/** The mask makes the socket private from the moment it is there; the folder is, too. */
const listenPrivately = async (server: Server, path: string): Promise<void> => {
	await mkdir(dirname(path), {recursive: true, mode: 0o700});
	await removeStale(path);
	const mask = process.umask(0o177);
	try {
		await listenPlain(server, `unix:${path}`);
	} finally {
		process.umask(mask);
	}
	await chmod(path, 0o600);
};

/** A process that was killed leaves its socket behind. Anything but a socket is not ours to remove. */
const removeStale = async (path: string): Promise<void> => {
	const found = await lstat(path).catch(missing);
	if (found?.isSocket()) await rm(path);
};
