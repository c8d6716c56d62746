import type {Instance} from '../host.ts';
import {splitEndpoint} from '../metadata.ts';

/** Sockets of the KeyService, relative to the machine's folder because socket paths must be short. */
export const keySockets = () => ({join: './disk/run/key-join.sock', storage: './disk/run/key-storage.sock'});

/** What the VerificationService of any node is told. */
export const verificationSettings = (instance: Instance, variant: string) => ({
	grpc: splitEndpoint(instance.endpoints.verify),
	http: splitEndpoint(instance.endpoints['verify-http']),
	variant,
	tpm: './tpm.sock',
});
