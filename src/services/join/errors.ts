import {RpcError, status} from '../../rpc/status.ts';

/** The request cannot be right, whoever sent it. */
export const malformed = (message: string): RpcError => new RpcError(status.INVALID_ARGUMENT, message);

/** The caller may not have what it asks for. */
export const denied = (message: string): RpcError => new RpcError(status.PERMISSION_DENIED, message);

/** It may work later. */
export const notNow = (message: string): RpcError => new RpcError(status.FAILED_PRECONDITION, message);
