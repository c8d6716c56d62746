import {dataKey, type MasterSecret, measurementSecretId} from '../../keys/derive.ts';
import type {API} from '../../rpc/gen/kms_pb.ts';
import {RpcError, status} from '../../rpc/status.ts';
import type {Handlers} from '../../rpc/types.ts';
import {isDiskUuid} from '../disk-uuid.ts';

/** Who may ask: each caller has a socket of its own, and its own kind of key ids. */
export const callers = ['join', 'storage'] as const;
export type Caller = (typeof callers)[number];

/** The key id under which the shared store gets its key. */
export const storageKeyId = 'store';

const keyLength = 32;
const maximumLength = 8160;

const isAllowed: Readonly<Record<Caller, (id: string) => boolean>> = {
	join: id => id === measurementSecretId || isDiskUuid(id),
	storage: id => id === storageKeyId,
};

/** Derives data keys for one caller. Keys of one id have one length, so that no key is the beginning of another. */
export const keyHandlers = (master: MasterSecret, caller: Caller): Handlers<(typeof API)['method']> => ({
	getDataKey: ({dataKeyId, length}) => {
		checkLength(length);
		checkId(dataKeyId, caller);
		return Promise.resolve({dataKey: dataKey(master, dataKeyId, length)});
	},
});

const invalid = (message: string): RpcError => new RpcError(status.INVALID_ARGUMENT, message);

const checkLength = (length: number): void => {
	if (length === 0) throw invalid('a key of length zero cannot be derived');
	if (length > maximumLength) throw invalid(`a derived key has at most ${maximumLength} bytes`);
	if (length !== keyLength) throw invalid(`keys of this service have ${keyLength} bytes`);
};

const checkId = (id: string, caller: Caller): void => {
	if (id === '') throw invalid('no data key id is given');
	if (!isAllowed[caller](id)) throw new RpcError(status.PERMISSION_DENIED, 'this caller may not have that key');
};
