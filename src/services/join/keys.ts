import {ChannelCredentials} from '@grpc/grpc-js';
import {measurementSecretId} from '../../keys/derive.ts';
import {createClient} from '../../rpc/client.ts';
import {API} from '../../rpc/gen/kms_pb.ts';
import {Secret} from '../../secret.ts';

/** What the JoinService asks of the KeyService. Throws RpcError. */
export type Keys = {
	measurementSecret: () => Promise<Secret>;
	/** The key of a disk by its UUID. */
	diskKey: (diskUuid: string) => Promise<Secret>;
	close: () => void;
};

const keyLength = 32;
const timeout = 10_000;

/** The KeyService behind a Unix socket that only this user can open. */
export const keysAt = (socket: string): Keys => {
	const client = createClient(API, `unix:${socket}`, ChannelCredentials.createInsecure());
	const get = async (dataKeyId: string): Promise<Secret> => {
		const {dataKey} = await client.getDataKey({dataKeyId, length: keyLength}, {timeout});
		if (dataKey.length !== keyLength) throw new Error('the key service gave a key of another length');
		return new Secret(dataKey);
	};
	return {
		measurementSecret: () => get(measurementSecretId),
		diskKey: get,
		close: client.channel.close,
	};
};
