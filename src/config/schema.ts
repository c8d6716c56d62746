import type {z} from 'zod';
import {type AwsConfig, awsSchema} from './cloud/aws.ts';
import {type AzureConfig, azureSchema} from './cloud/azure.ts';
import {type GcpConfig, gcpSchema} from './cloud/gcp.ts';
import {type OpenstackConfig, openstackSchema} from './cloud/openstack.ts';
import {type QemuConfig, qemuSchema} from './cloud/qemu.ts';
import {type LocalConfig, localSchema} from './local-schema.ts';

export type {LocalConfig} from './local-schema.ts';
export {localSchema, maxNodes} from './local-schema.ts';
export type {AwsConfig, AzureConfig, GcpConfig, OpenstackConfig, QemuConfig};

/** Configs of everything but the local provider. */
export type CloudConfig = AwsConfig | AzureConfig | GcpConfig | OpenstackConfig | QemuConfig;

/** The config file, version v3: one kind for each provider, told apart by the key under `provider`. */
export type Config = LocalConfig | CloudConfig;

/** The kinds by the key under `provider`. */
export const schemas = {
	local: localSchema,
	aws: awsSchema,
	azure: azureSchema,
	gcp: gcpSchema,
	openstack: openstackSchema,
	qemu: qemuSchema,
} as const satisfies Record<string, z.ZodType<Config>>;
export type ProviderKey = keyof typeof schemas;

export const providerKeys = Object.keys(schemas) as ProviderKey[];

export const isLocal = (config: Config): config is LocalConfig => 'local' in config.provider;
